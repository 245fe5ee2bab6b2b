import { expect, test } from 'vitest'
import { pathOf, spanOf } from '../../src/pages/fleet/plot'

const frame = { width: 100, height: 50, from: 0, to: 10_000, max: 10, gapMs: 3_000 }

test('a point lies where its time is, not where its number in the row is', () => {
  const points = [0, 1_000, 2_000, 5_000].map(at => ({ at, value: 5 }))
  expect(pathOf(points, { ...frame, gapMs: 9_000 })).toBe('M0.0 25.0L10.0 25.0L20.0 25.0L50.0 25.0')
})

test('nothing is drawn over a time of which nothing was told', () => {
  const points = [
    { at: 0, value: 0 },
    { at: 2_000, value: 10 },
    { at: 9_000, value: 10 },
    { at: 10_000, value: 0 },
  ]
  expect(pathOf(points, frame)).toBe('M0.0 50.0L20.0 0.0M90.0 0.0L100.0 50.0')
})

test('what could not be measured is passed over', () => {
  const points = [
    { at: 0, value: undefined },
    { at: 1_000, value: 10 },
    { at: 2_000, value: undefined },
    { at: 3_000, value: 10 },
  ]
  expect(pathOf(points, frame)).toBe('M10.0 0.0L30.0 0.0')
})

test('lines of several nodes share their time', () => {
  const at = (...times: number[]) => times.map(time => ({ at: time, value: 1 }))
  expect(spanOf([at(5, 9), at(2, 3), []])).toEqual({ from: 2, to: 9 })
})
