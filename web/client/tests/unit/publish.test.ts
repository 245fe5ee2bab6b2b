import { expect, test } from 'vitest'
import { channel } from '../../src/channels.js'
import { harness } from '../support/harness.js'
import type { FakeSocket } from '../support/socket.js'

const NAME = 'topic:a'

const published = (socket: FakeSocket, n: number) =>
  socket.answer('publish', { type: 'published', n, data: { n, cursor: `1.${n}.${n}` } })

test('a publication resolves with its place', async () => {
  const { client, open } = harness()
  const socket = await open()
  const sent = channel(client, NAME).publish({ x: 1 }, { clientId: 'mine' })
  expect(socket.last('publish')).toMatchObject({ channel: NAME, data: { x: 1 }, client_id: 'mine' })
  published(socket, 4)
  expect(await sent).toEqual({ n: 4, cursor: '1.4.4' })
})

test('without a queue there is no waiting for a connection', async () => {
  const { client } = harness()
  await expect(channel(client, NAME).publish(1)).rejects.toMatchObject({ code: 'not_open', retryable: true })
})

test('with a queue it waits, and goes out one by one, in order', async () => {
  const { client, clock, open } = harness()
  const topic = channel(client, NAME)
  const sent = [1, 2, 3].map(number => topic.publish(number, { queue: { ttl: 60_000 } }))
  const socket = await open()
  const data = () => socket.sent.filter(({ type }) => type === 'publish').map(({ data }) => data)
  for (const n of [1, 2, 3]) {
    expect(data()).toEqual([1, 2, 3].slice(0, n))
    published(socket, n)
    await clock.advance(60)
  }
  expect((await Promise.all(sent)).map(({ n }) => n)).toEqual([1, 2, 3])
  const ids = socket.sent.filter(({ type }) => type === 'publish').map(({ client_id }) => client_id)
  expect(new Set(ids).size).toBe(3)
})

test('what breaks off under way is sent again under the same id', async () => {
  const { client, open, comeBack } = harness()
  const first = await open()
  const sent = channel(client, NAME).publish('once', { queue: { ttl: 60_000 } })
  const id = first.last('publish').client_id
  expect(id).toBeTruthy()
  const second = await comeBack()
  expect(second.last('publish')).toMatchObject({ data: 'once', client_id: id })
  published(second, 1)
  expect((await sent).n).toBe(1)
})

test('what waits too long is given up', async () => {
  const { client, clock, open } = harness()
  const sent = channel(client, NAME).publish(1, { queue: { ttl: 1_000 } })
  const refused = expect(sent).rejects.toMatchObject({ code: 'expired' })
  await clock.advance(1_000)
  await refused
  const socket = await open()
  expect(socket.sent.some(({ type }) => type === 'publish')).toBe(false)
})

test('a limit of the server is waited for, and other errors are told', async () => {
  const { client, clock, open } = harness()
  const socket = await open()
  const topic = channel(client, NAME)
  const first = topic.publish(1, { queue: { ttl: 60_000 } })
  const second = topic.publish(2, { queue: { ttl: 60_000 } })
  const refused = expect(second).rejects.toMatchObject({ code: 'forbidden' })
  socket.answer('publish', { type: 'error', code: 'rate_limited', data: { retry_after_ms: 70 } })
  await clock.advance(70)
  published(socket, 1)
  await first
  await clock.advance(60)
  socket.answer('publish', { type: 'error', code: 'forbidden', message: 'no' })
  await refused
})

test('the queue is bounded, and empty after close', async () => {
  const { client, clock } = harness()
  const topic = channel(client, NAME)
  const all = Array.from({ length: 101 }, () => topic.publish(1, { queue: { ttl: 60_000 } }))
  const outcomes = Promise.allSettled(all)
  await expect(all[100]).rejects.toMatchObject({ code: 'full' })
  await client.close()
  const codes = (await outcomes).map(outcome => outcome.status === 'rejected' && outcome.reason.code)
  expect(codes.slice(0, 100)).toEqual(Array(100).fill('closed'))
  expect(clock.timers).toBe(0)
})
