import type { Traffic } from '@fanfare/client'
import { expect, test } from 'vitest'
import { closesOf, intervalOf, quantile, together } from '../../src/pages/fleet/traffic'

const bounds = [0.001, 0.01, 0.1]

const traffic = (messages: number, counts: number[], closes: Record<string, number> = {}): Traffic => ({
  draining: false,
  messages_total: messages,
  frames_total: messages,
  closes_total: closes,
  delivery: { bounds_seconds: bounds, counts_total: counts },
})

test('between two totals lies what has happened', () => {
  const interval = intervalOf(traffic(10, [5, 5, 0, 0]), traffic(30, [5, 15, 9, 1]), 2)
  expect(interval).toEqual({ messagesPerSecond: 10, deliveries: { bounds, counts: [0, 10, 9, 1] } })
})

test('a node that was started again begins at none', () => {
  const interval = intervalOf(traffic(1_000, [500, 500, 0, 0]), traffic(4, [4, 0, 0, 0]), 2)
  expect(interval).toEqual({ messagesPerSecond: 2, deliveries: { bounds, counts: [4, 0, 0, 0] } })
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
