import { expect, expectTypeOf, test } from 'vitest'
import { type Channel, channel } from '../../src/channels.js'
import type { ErrorCode, Frame, Notification, StateChange, SystemInfo } from '../../src/index.js'
import { harness } from '../support/harness.js'

test('events and answers carry the types of their data', () => {
  const { client } = harness()
  client.on('state', change => expectTypeOf(change).toEqualTypeOf<StateChange>())
  client.on('notification', ({ data }) => expectTypeOf(data).toEqualTypeOf<Notification>())
  client.on('disconnect', ({ data }) => expectTypeOf(data.retry_after_ms).toEqualTypeOf<number | undefined>())
  client.on('a_type_of_a_newer_server', frame => {
    expectTypeOf(frame).toEqualTypeOf<Frame<'a_type_of_a_newer_server', unknown>>()
  })
  const ask = () => client.request('system_info')
  expectTypeOf(ask).returns.resolves.toHaveProperty('data').toEqualTypeOf<SystemInfo>()
  const other = () => client.request('another')
  expectTypeOf(other).returns.resolves.toHaveProperty('data').toEqualTypeOf<unknown>()
  expectTypeOf<'rate_limited'>().toExtend<ErrorCode>()
  expect(client.state).toBe('idle')
})

test('a channel is told what its entries hold', () => {
  const { client } = harness()
  const prices = channel<{ publication: { EUR: number } }>(client, 'topic:prices')
  prices.on('publication', (data, { n, replayed }) => {
    expectTypeOf(data).toEqualTypeOf<{ EUR: number }>()
    expectTypeOf(n).toEqualTypeOf<number | undefined>()
    expectTypeOf(replayed).toEqualTypeOf<boolean>()
  })
  prices.on('gap', ({ to }) => expectTypeOf(to).toEqualTypeOf<number | undefined>())
  expectTypeOf(prices).not.toEqualTypeOf<Channel>()
  // @ts-expect-error there is no such type in this channel
  prices.on('publications', () => {})
  expect(prices.name).toBe('topic:prices')
})
