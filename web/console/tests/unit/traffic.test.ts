import type { Traffic } from '@fanfare/client'
import { expect, test } from 'vitest'
import { closesOf, closesOverTime, intervalOf, quantile, together } from '../../src/pages/fleet/traffic'

const bounds = [0.001, 0.01, 0.1]

const traffic = (messages: number, counts: number[], closes: Record<string, number> = {}): Traffic => ({
  draining: false,
  messages_total: messages,
  frames_total: 3 * messages,
  closes_total: closes,
  delivery: { bounds_seconds: bounds, counts_total: counts },
})

test('between two totals lies what has happened', () => {
  const interval = intervalOf(
    traffic(10, [5, 5, 0, 0], { peer: 4, 4001: 1 }),
    traffic(30, [5, 15, 9, 1], { peer: 4, 4001: 2, 1012: 7 }),
    2,
  )
  expect(interval).toEqual({
    messagesPerSecond: 10,
    framesPerSecond: 30,
    deliveries: { bounds, counts: [0, 10, 9, 1] },
    closes: { 4001: 1, 1012: 7 },
  })
})

test('a node that was started again begins at none', () => {
  const interval = intervalOf(
    traffic(1_000, [500, 500, 0, 0], { peer: 9 }),
    traffic(4, [4, 0, 0, 0], { peer: 1 }),
    2,
  )
  expect(interval).toEqual({
    messagesPerSecond: 2,
    framesPerSecond: 6,
    deliveries: { bounds, counts: [4, 0, 0, 0] },
    closes: { peer: 1 },
  })
})

test('a quantile lies in the bucket that holds its rank', () => {
  expect(quantile(0.5, { bounds, counts: [10, 0, 0, 0] })).toBeCloseTo(0.0005)
  expect(quantile(0.99, { bounds, counts: [0, 100, 0, 0] })).toBeCloseTo(0.001 + 0.009 * 0.99)
  expect(quantile(0.99, { bounds, counts: [98, 0, 2, 0] })).toBeCloseTo(0.01 + 0.09 * 0.5)
  expect(quantile(0.99, { bounds, counts: [1, 0, 0, 99] })).toBe(0.1)
  expect(quantile(0.5, { bounds, counts: [0, 0, 0, 0] })).toBeUndefined()
  expect(quantile(0.5, together([]))).toBeUndefined()
})

test('nodes are added up before quantiles are taken', () => {
  const both = together([
    { bounds, counts: [1, 2, 3, 4] },
    { bounds, counts: [10, 20, 30, 40] },
    { bounds: [1], counts: [7, 7] },
  ])
  expect(both).toEqual({ bounds, counts: [11, 22, 33, 44] })
})

test('closes are counted over all nodes, the most frequent first', () => {
  const nodes = [traffic(0, [], { peer: 2, 4001: 1 }), undefined, traffic(0, [], { 4001: 2, 1012: 1 })]
  expect(closesOf(nodes)).toEqual([
    ['4001', 3],
    ['peer', 2],
    ['1012', 1],
  ])
})

test('closes of all nodes are counted by stretches of time, of the codes that there were most of', () => {
  const samples = [
    { at: 1_000, closes: { 4001: 1, peer: 5 } },
    { at: 3_000, closes: { 4001: 1 } },
    { at: 11_000, closes: {} },
    { at: 25_000, closes: { 4001: 2, 1012: 1 } },
  ]
  expect(closesOverTime(samples, 10_000, 2)).toEqual(
    new Map([
      [
        'peer',
        [
          [0, 5],
          [10_000, 0],
          [20_000, 0],
        ].map(([at, value]) => ({ at, value })),
      ],
      [
        '4001',
        [
          [0, 2],
          [10_000, 0],
          [20_000, 2],
        ].map(([at, value]) => ({ at, value })),
      ],
    ]),
  )
  expect(closesOverTime([], 10_000, 2)).toEqual(new Map())
})
