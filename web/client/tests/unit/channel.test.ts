import { expect, test } from 'vitest'
import { channel } from '../../src/channels.js'
import { harness } from '../support/harness.js'
import type { FakeSocket } from '../support/socket.js'

const NAME = 'topic:a'

/** Answers the last subscription. */
function subscribed(socket: FakeSocket, cursor: string, recovered = false): void {
  socket.answer('subscribe', { type: 'subscribed', channel: NAME, cursor, data: { recovered } })
}

function publication(socket: FakeSocket, n: number, more: Record<string, unknown> = {}): void {
  socket.receive({ type: 'publication', channel: NAME, n, cursor: `1.${n}.${n}`, data: n, ...more })
}

/** A channel that is read, and what it has delivered and told. */
async function reading(options = {}) {
  const own = harness()
  const topic = channel(own.client, NAME, options)
  const seen: unknown[] = []
  topic.on('publication', data => seen.push(data))
  topic.on('gap', gap => seen.push({ gap }))
  topic.on('reset', ({ reason }) => seen.push(reason))
  const socket = await own.open()
  subscribed(socket, '1.0.0')
  return { ...own, topic, seen, socket }
}

test('subscribes when there is a connection and delivers what comes', async () => {
  const { client, open } = harness()
  const topic = channel<{ publication: number }>(client, NAME)
  const seen: unknown[] = []
  topic.on('publication', (data, { n, replayed }) => seen.push([data + 1, n, replayed]))
  expect(topic.status).toBe('subscribing')
  const ready = topic.ready()
  const socket = await open()
  expect(socket.last('subscribe')).toEqual({ type: 'subscribe', id: 'r1', channel: NAME })
  subscribed(socket, '1.4.4')
  await ready
  publication(socket, 5)
  socket.receive({ type: 'publication', channel: 'topic:other', n: 1, cursor: '1.1.1', data: 9 })
  expect(seen).toEqual([[6, 5, false]])
  expect(topic.cursor).toBe('1.5.5')
})

test('comes back with its cursor and delivers what was missed, once and in order', async () => {
  const { comeBack, seen, socket } = await reading()
  publication(socket, 1)
  publication(socket, 2)
  const back = await comeBack()
  expect(back.last('subscribe').since).toBe('1.2.2')
  const timestamp = '2026-11-23T00:00:00.000Z'
  back.answer('subscribe', { type: 'subscribed', channel: NAME, cursor: '1.2.2', data: { recovered: true } })
  for (const n of [2, 3, 4]) publication(back, n, { timestamp })
  publication(back, 5)
  expect(seen).toEqual([1, 2, 3, 4, 5])
})

test('what was missed is told from what comes live', async () => {
  const { topic, comeBack } = await reading()
  const seen: unknown[] = []
  topic.on('publication', (data, { replayed }) => seen.push([data, replayed]))
  const back = await comeBack()
  subscribed(back, '1.0.0', true)
  publication(back, 1, { timestamp: '2026-11-22T23:59:59.000Z' })
  publication(back, 2, { timestamp: '2026-11-23T00:00:01.000Z' })
  expect(seen).toEqual([
    [1, true],
    [2, false],
  ])
})

test('entries that are not there any more are told as a gap', async () => {
  const { seen, socket } = await reading()
  publication(socket, 1)
  publication(socket, 5)
  expect(seen).toEqual([1, { gap: { from: 2, to: 4 } }, 5])
})

test('what cannot be had is told as a reset, and the ordinals begin anew', async () => {
  const { topic, seen, socket, comeBack } = await reading()
  publication(socket, 7)
  const back = await comeBack()
  back.receive({ type: 'reset', channel: NAME, data: { reason: 'epoch_changed' } })
  subscribed(back, '2.1.1')
  publication(back, 2)
  expect(seen).toEqual([7, 'epoch_changed', 2])
  expect(topic.cursor).toBe('1.2.2')
})

test('who does not resume is told that there is a hole', async () => {
  const { seen, socket, comeBack } = await reading({ resume: false })
  publication(socket, 1)
  const back = await comeBack()
  expect(back.last('subscribe')).not.toHaveProperty('since')
  subscribed(back, '1.9.9')
  expect(seen).toEqual([1, { gap: { from: 2, to: undefined } }])
})

test('begins where an earlier visit ended', async () => {
  const { client, open } = harness()
  channel(client, NAME, { since: '1.3.3' })
  expect((await open()).last('subscribe').since).toBe('1.3.3')
})

test('a refusal is told, and asked about again with the next connection only', async () => {
  const { topic, comeBack, socket, clock } = await reading()
  const errors: unknown[] = []
  topic.on('refused', ({ code }) => errors.push(code))
  socket.receive({ type: 'unsubscribed', channel: NAME })
  expect(topic.status).toBe('refused')
  await expect(topic.ready()).rejects.toMatchObject({ code: 'forbidden' })
  const back = await comeBack()
  back.answer('subscribe', { type: 'error', code: 'not_found', message: 'no such room' })
  await clock.advance(0)
  expect(errors).toEqual(['forbidden', 'not_found'])
  await clock.advance(20_000)
  expect(back.sent.filter(({ type }) => type === 'subscribe')).toHaveLength(1)
})

test('a server that cannot answer now is asked again', async () => {
  const { comeBack, clock } = await reading()
  const back = await comeBack()
  back.answer('subscribe', { type: 'error', code: 'unavailable', message: 'away' })
  await clock.advance(1_000)
  expect(back.sent.filter(({ type }) => type === 'subscribe')).toHaveLength(2)
})

test('many channels are asked for no faster than a server takes it', async () => {
  const { client, clock, open, comeBack } = harness()
  for (let at = 0; at < 100; at += 1) channel(client, `topic:${at}`)
  const asked = (socket: FakeSocket) => socket.sent.filter(({ type }) => type === 'subscribe').length
  const socket = await open()
  expect(asked(socket)).toBe(30)
  await clock.advance(59)
  expect(asked(socket)).toBe(30)
  await clock.advance(1)
  expect(asked(socket)).toBe(31)
  const back = await comeBack()
  expect(asked(back)).toBe(30)
  await clock.advance(1_000)
  expect(asked(back)).toBe(46)
  await clock.advance(54 * 60)
  expect(asked(back)).toBe(100)
})

test('a server that has too many answers under way is asked again when it says', async () => {
  const { comeBack, clock } = await reading()
  const back = await comeBack()
  back.answer('subscribe', { type: 'error', code: 'rate_limited', data: { retry_after_ms: 100 } })
  await clock.advance(99)
  expect(back.sent.filter(({ type }) => type === 'subscribe')).toHaveLength(1)
  await clock.advance(1)
  expect(back.sent.filter(({ type }) => type === 'subscribe')).toHaveLength(2)
})

test('the same channel is opened twice and closed twice', async () => {
  const { client, topic, socket } = await reading()
  expect(channel(client, NAME)).toBe(topic)
  topic.close()
  expect(topic.status).toBe('subscribed')
  topic.close()
  topic.close()
  expect(topic.status).toBe('closed')
  expect(socket.sent.filter(({ type }) => type === 'unsubscribe')).toHaveLength(1)
  await expect(topic.ready()).rejects.toMatchObject({ code: 'closed' })
  expect(channel(client, NAME)).not.toBe(topic)
})

test('a channel that is closed before it is subscribed says so', async () => {
  const { client } = harness()
  const topic = channel(client, NAME)
  const refused = expect(topic.ready()).rejects.toMatchObject({ code: 'closed' })
  topic.close()
  await refused
})

test('what a channel says of itself follows the connection', async () => {
  const { client, topic, socket, comeBack } = await reading()
  expect(topic.status).toBe('subscribed')
  socket.end()
  expect(topic.status).toBe('subscribing')
  const ready = topic.ready()
  subscribed(await comeBack(), '1.0.0', true)
  await ready
  void client.close()
  expect(topic.status).toBe('refused')
  await expect(topic.ready()).rejects.toMatchObject({ code: 'closed' })
  void client.connect()
  expect(topic.status).toBe('subscribing')
})

test('history is asked for by ordinals', async () => {
  const { topic, socket } = await reading()
  const page = topic.history({ before: 9, limit: 2 })
  expect(socket.last('history')).toMatchObject({ channel: NAME, before: 9, limit: 2 })
  socket.answer('history', { type: 'history_response', channel: NAME, data: { items: [], more: false } })
  expect(await page).toEqual({ items: [], more: false })
})

test('who is there is known from the answer and what follows it', async () => {
  const { topic, socket, client } = await reading({ presence: true })
  expect(socket.last('subscribe').presence).toBe(true)
  let told = 0
  topic.on('presence', () => {
    told += 1
  })
  const users = () => [...topic.presence.people.keys()]
  socket.receive({ type: 'joined', channel: NAME, data: { user: 'gone' } })
  socket.answer('presence', {
    type: 'presence_response',
    channel: NAME,
    data: { count: 2, users: [{ user: '7' }, { user: '8', name: 'Bob' }], at_least: true },
  })
  expect([users(), topic.presence.count, topic.presence.atLeast]).toEqual([['7', '8'], 2, true])
  socket.receive({ type: 'joined', channel: NAME, data: { user: '9' } })
  socket.receive({ type: 'joined', channel: NAME, data: { user: '9' } })
  socket.receive({ type: 'left', channel: NAME, data: { user: '8' } })
  expect([users(), topic.presence.count]).toEqual([['7', '9'], 2])
  socket.receive({ type: 'presence', channel: NAME, data: { count: 900 } })
  expect([users(), topic.presence.count]).toEqual([[], 900])
  expect(told).toBe(6)
  expect(client.state).toBe('open')
})

test('who asks for presence later is subscribed again, with the cursor', async () => {
  const { client, socket } = await reading()
  publication(socket, 1)
  channel(client, NAME, { presence: true })
  expect(socket.last('subscribe')).toMatchObject({ since: '1.1.1', presence: true })
})
