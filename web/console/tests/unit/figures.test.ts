import type { SystemInfo } from '@fanfare/client'
import { expect, test } from 'vitest'
import { next, stateOf } from '../../src/pages/fleet/figures'

const info = (messages: number, closes: Record<string, number> = {}): SystemInfo => ({
  node: 'a',
  hostname: 'host',
  os: 'os',
  kernel: 'kernel',
  cpu_cores: 2,
  cpu_percent: 7,
  memory_total_bytes: 2,
  memory_used_bytes: 1,
  load_1m: 0,
  uptime_seconds: 1,
  process_rss_bytes: 3,
  connections: messages,
  traffic: {
    draining: false,
    messages_total: messages,
    frames_total: messages,
    closes_total: closes,
    delivery: { bounds_seconds: [1], counts_total: [messages, 0] },
  },
})

test('a sample has the time at which its node told it, and what was since the one before', () => {
  const one = next(undefined, info(10), 1_000, 500)
  const two = next(one, info(30, { peer: 1 }), 3_000, 2_500)
  expect(two.samples.map(({ at }) => at)).toEqual([1_000, 3_000])
  expect(two.samples.map(({ messages }) => messages)).toEqual([undefined, 10])
  expect(two.samples.map(({ closes }) => closes)).toEqual([{}, { peer: 1 }])
  expect(two).toMatchObject({ toldAt: 3_000, seenAt: 2_500 })
})

test('some minutes of samples are kept', () => {
  let node = next(undefined, info(0), 0, 0)
  for (let at = 1; at <= 500; at += 1) node = next(node, info(at), at * 2_000, at)
  expect(node.samples).toHaveLength(120)
  expect(node.samples.at(-1)?.at).toBe(1_000_000)
})

test('a node that is silent is gone after ten seconds, and forgotten after some minutes', () => {
  const node = { seenAt: 1_000 }
  expect(stateOf(node, 11_000)).toBe('live')
  expect(stateOf(node, 11_001)).toBe('gone')
  expect(stateOf(node, 301_000)).toBe('gone')
  expect(stateOf(node, 301_001)).toBe('forgotten')
})
