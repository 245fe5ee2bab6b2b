// The seven faults of the classic client, each a test that goes red when what prevents it is taken out.

import { readdirSync, readFileSync } from 'node:fs'
import { inspect } from 'node:util'
import { afterEach, expect, test, vi } from 'vitest'
import { channel } from '../../src/channels.js'
import { createTestWebSocket, type WebSocketCallbacks } from '../../src/compat.js'
import { createInbox } from '../../src/inbox.js'
import type { ClientOptions } from '../../src/index.js'
import { settle } from '../support/clock.js'
import { harness } from '../support/harness.js'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.restoreAllMocks()
})

function classic(callbacks: WebSocketCallbacks) {
  const { clock, page, sockets } = harness()
  const config = {
    baseUrl: 'ws://fanfare.test',
    getToken: () => 'token',
    WebSocket: sockets.WebSocket,
    clock,
    page,
  }
  return { clock, sockets, socket: createTestWebSocket(callbacks, { ...config, random: () => 0 }) }
}

test('fault 1, swallowed: a pong reaches who listens', async () => {
  const heard: string[] = []
  const { clock, sockets, socket } = classic({ onMessage: ({ type }) => heard.push(type) })
  void socket.connect()
  await settle()
  sockets.latest.welcome()
  await clock.advance(30_000)
  sockets.latest.answer('ping', { type: 'pong', data: {} })
  expect(heard).toEqual(['welcome', 'pong'])
})

test('fault 1, half-open: a link that answers no ping is given up within its deadline', async () => {
  const { client, clock, sockets, open } = harness()
  const socket = await open()
  await clock.advance(25_000)
  expect(socket.last('ping')).toBeDefined()
  await clock.advance(7_999)
  expect(client.state).toBe('open')
  await clock.advance(1)
  expect(client.state).toBe('waiting')
  expect(client.lastClose).toMatchObject({ code: 1006, reason: 'no pong in time' })
  await clock.advance(1_000)
  expect(sockets).toHaveLength(2)
})

test('fault 2: a token that was refused is never offered again', async () => {
  const { client, clock, sockets, dialled } = harness({ getToken: () => 'the same' })
  const refused = expect(client.connect()).rejects.toMatchObject({ code: 'unauthorized' })
  ;(await dialled()).end(4001)
  await clock.advance(600_000)
  await refused
  expect(client.state).toBe('closed')
  expect(sockets).toHaveLength(1)
})

test('fault 3: what an old socket still tells starts no second connection', async () => {
  const { client, clock, sockets, dialled, open } = harness()
  const first = await open()
  void client.close()
  const connected = client.connect()
  const second = await dialled()
  expect(sockets).toHaveLength(2)
  const heard: unknown[] = []
  client.on('frame', ({ type }) => heard.push(type))
  first.receive({ type: 'publication', data: 'late' })
  first.end(1006)
  second.welcome()
  await connected
  await clock.advance(20_000)
  expect([client.state, sockets.length]).toEqual(['open', 2])
  expect(heard).toEqual(['welcome'])
})

test('fault 4: a token that cannot be had during a retry does not end the retries in silence', async () => {
  let tokens = 0
  const { client, clock, sockets, changes, open } = harness({
    getToken: () => {
      tokens += 1
      if (tokens === 2 || tokens === 3) throw new Error('the login service is away')
      return 'token'
    },
  })
  await open()
  sockets.latest.end()
  await clock.advance(1_000)
  expect(changes.at(-1)).toMatchObject({ to: 'waiting', attempt: 2, close: { error: expect.any(Error) } })
  await clock.advance(10_000)
  expect(tokens).toBe(4)
  sockets.latest.welcome()
  expect(client.state).toBe('open')
})

test('fault 4, nobody logged in: the end of the retries is told', async () => {
  const tokens = ['token', null]
  const { clock, sockets, changes, open } = harness({ getToken: () => tokens.shift() })
  await open()
  sockets.latest.end()
  await clock.advance(1_000)
  expect(changes.at(-1)).toMatchObject({ to: 'closed', close: { code: 4001, reason: 'there is no token' } })
})

test('fault 5: what was missed comes after a reconnect, once, and what was queued goes out, once', async () => {
  const { client, open, comeBack } = harness()
  const topic = channel(client, 'topic:a')
  const seen: unknown[] = []
  topic.on('publication', data => seen.push(data))
  const publication = (n: number) =>
    ({ type: 'publication', channel: 'topic:a', n, cursor: `1.${n}.${n}`, data: n }) as const
  const first = await open()
  first.answer('subscribe', {
    type: 'subscribed',
    channel: 'topic:a',
    cursor: '1.0.0',
    data: { recovered: false },
  })
  first.receive(publication(1))
  const sent = topic.publish('mine', { queue: { ttl: 60_000 } })
  const second = await comeBack()
  expect(second.last('subscribe').since).toBe('1.1.1')
  expect(second.last('publish').client_id).toBe(first.last('publish').client_id)
  second.answer('subscribe', {
    type: 'subscribed',
    channel: 'topic:a',
    cursor: '1.1.1',
    data: { recovered: true },
  })
  for (const n of [1, 2, 3]) second.receive(publication(n))
  second.answer('publish', { type: 'published', data: { n: 4, cursor: '1.4.4' } })
  expect((await sent).n).toBe(4)
  expect(seen).toEqual([1, 2, 3])
})

test('fault 5, the inbox: cursors of channels that nobody here subscribed go with the first frame', async () => {
  const { open, comeBack } = harness()
  const first = await open()
  first.receive({ type: 'subscribed', channel: 'user:7', cursor: '1.0.0', data: { recovered: false } })
  first.receive({ type: 'notification', channel: 'user:7', n: 1, cursor: '1.1.1', data: { id: 'a' } })
  expect((await comeBack()).last('auth').since).toEqual({ 'user:7': '1.1.1' })
})

test('fault 6: after close nothing comes back, whatever happens', async () => {
  const { client, clock, page, sockets, open } = harness()
  createInbox(client)
  const socket = await open()
  const closed = client.close()
  socket.end(1006)
  await closed
  page.tell('online')
  page.tell('visible')
  await clock.advance(600_000)
  expect(sockets).toHaveLength(1)
})

test('fault 6: unread counts are the absolute numbers of the server, and more than ten items are kept', async () => {
  vi.stubGlobal('fetch', async () => Response.json({ items: [] }))
  const { client, open } = harness()
  const inbox = createInbox(client)
  const socket = await open()
  await inbox.load()
  const counts = (unread: number, version: number) =>
    socket.receive({ type: 'counts', data: { unread, by_channel: {}, by_type: {}, basis: 'b', version } })
  counts(40, 10)
  for (let n = 1; n <= 30; n += 1) {
    socket.receive({
      type: 'notification',
      channel: 'user:7',
      n,
      cursor: `1.${n}.${n}`,
      data: { id: `${n}`, n },
    })
  }
  expect(inbox.counts?.unread).toBe(40)
  counts(70, 40)
  counts(41, 11)
  expect(inbox.counts?.unread).toBe(70)
  expect(inbox.items).toHaveLength(30)
})

test('fault 7: a payload is text from end to end', async () => {
  const script = '<img src=x onerror="alert(1)">'
  const { client, open } = harness()
  const inbox = createInbox(client)
  const socket = await open()
  socket.receive({
    type: 'notification',
    channel: 'user:7',
    n: 1,
    cursor: '1.1.1',
    message: script,
    data: { id: '1', n: 1, title: script },
  })
  expect(inbox.items[0]?.title).toBe(script)
  const directory = new URL('../../src/', import.meta.url)
  const sources = readdirSync(directory).map(name => readFileSync(new URL(name, directory), 'utf8'))
  expect(sources.length).toBeGreaterThan(10)
  const sinks = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|createElement/
  expect(sources.filter(source => sinks.test(source))).toEqual([])
})

test.each<NonNullable<ClientOptions['auth']>>(['frame', 'query', 'subprotocol'])(
  'fault 7: a token that travels in the %s shows up nowhere else',
  async auth => {
    const secret = 'sec ret' // No subprotocol, so that a WebSocket refuses it and would quote it.
    const told: unknown[] = []
    const log = (...values: unknown[]) => told.push(values)
    for (const method of ['log', 'info', 'warn', 'error', 'debug'] as const) {
      vi.spyOn(console, method).mockImplementation(log)
    }
    const { client, clock, sockets, open } = harness({ auth, getToken: () => secret })
    for (const event of ['state', 'frame', 'sent', 'fault'] as const) client.on(event, log)
    const socket = await open()
    socket.receive({ type: 'token_expiring', data: {} })
    await clock.advance(1)
    socket.end(1006)
    await clock.advance(1_000)
    sockets.latest.end(4001)
    await clock.advance(10_000)
    const strict = harness({
      auth,
      getToken: () => secret,
      WebSocket: class {
        constructor(url: string, protocols: string[]) {
          throw new SyntaxError(`${url} ${protocols} is invalid`)
        }
      } as never,
    })
    strict.client.on('state', log)
    void strict.client.connect().catch(log)
    await settle()
    expect(told.length).toBeGreaterThan(5)
    const text = inspect(told, { depth: 20 })
    for (const form of [secret, encodeURIComponent(secret), 'sec+ret']) expect(text).not.toContain(form)
  },
)
