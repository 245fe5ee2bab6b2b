import { expect, test } from 'vitest'
import { backoffMs } from '../../src/backoff.js'
import { settle } from '../support/clock.js'
import { harness } from '../support/harness.js'

const policy = { min: 500, max: 20_000, maxAttempts: 5, minUptime: 5_000 }

test('waits lie anywhere between the shortest and a bound that doubles up to the longest', () => {
  const bounds = (attempt: number) => [0, 1].map(chance => backoffMs(attempt, policy, () => chance))
  expect([1, 2, 3, 6, 60].map(bounds)).toEqual([
    [500, 1_000],
    [500, 2_000],
    [500, 4_000],
    [500, 20_000],
    [500, 20_000],
  ])
})

test('a lost connection comes back after the wait that the state tells', async () => {
  const { client, clock, sockets, changes, open } = harness()
  await open()
  sockets.latest.end()
  expect(changes.at(-1)).toMatchObject({ to: 'waiting', from: 'open', attempt: 1, retryInMs: 750 })
  expect(client.lastClose).toMatchObject({ code: 1006, next: 'reconnect' })
  await clock.advance(749)
  expect(sockets).toHaveLength(1)
  await clock.advance(1)
  expect(sockets).toHaveLength(2)
  sockets.latest.welcome()
  expect(client.state).toBe('open')
  expect(client.lastClose).toBeUndefined()
})

test('failures count on until a connection has lasted five seconds', async () => {
  const { client, clock, sockets, open, comeBack } = harness()
  await open()
  await comeBack()
  await comeBack()
  await clock.advance(4_999)
  await comeBack()
  expect(client.attempt).toBe(3)
  await clock.advance(5_000)
  sockets.latest.end()
  expect(client.attempt).toBe(1)
})

test('the last attempt that is allowed is told as the end', async () => {
  const { client, clock, sockets, changes, nextSocket } = harness({ reconnect: { maxAttempts: 2 } })
  const connected = client.connect()
  const refused = expect(connected).rejects.toMatchObject({ code: 'closed' })
  await clock.advance(0)
  sockets.latest.end()
  ;(await nextSocket()).end()
  ;(await nextSocket()).end()
  await refused
  expect(sockets).toHaveLength(3)
  expect(changes.at(-1)).toMatchObject({ to: 'closed', attempt: 2, close: { code: 1006 } })
  expect(clock.timers).toBe(0)
})

test('connect after the end begins anew', async () => {
  const { client, sockets, open } = harness({ reconnect: { maxAttempts: 0 } })
  await open()
  sockets.latest.end()
  expect(client.state).toBe('closed')
  await open()
  expect([client.state, client.attempt]).toEqual(['open', 0])
})

test('connect while waiting tries at once', async () => {
  const { client, clock, sockets, open } = harness()
  await open()
  sockets.latest.end()
  void client.connect()
  await clock.advance(0)
  expect(sockets).toHaveLength(2)
})

test('a server that says when to return is not met earlier, whatever happens', async () => {
  const { client, clock, page, sockets, changes, open } = harness()
  const socket = await open()
  const data = { code: 1012, reason: 'service restart', reconnect: true, retry_after_ms: 8_000 }
  socket.receive({ type: 'disconnect', data })
  socket.end(1012, 'service restart')
  expect(changes.at(-1)).toMatchObject({ retryInMs: 8_250, close: { code: 1012, retryAfterMs: 8_000 } })
  page.tell('online')
  page.tell('visible')
  page.tell('pageshow')
  void client.connect()
  await clock.advance(7_999)
  expect(sockets).toHaveLength(1)
  await clock.advance(1)
  expect(sockets).toHaveLength(2)
})

test('a goodbye counts when the connection breaks before the close comes', async () => {
  const { client, open } = harness()
  const socket = await open()
  socket.receive({
    type: 'disconnect',
    data: { code: 4040, reason: 'removed by an operator', reconnect: false },
  })
  socket.end(1006)
  expect(client.state).toBe('closed')
  expect(client.lastClose).toMatchObject({ code: 4040, next: 'stop' })
})

test.each([1000, 1003, 1008, 4003, 4040])('%i is the end', async code => {
  const { client, clock, sockets, open } = harness()
  const socket = await open()
  socket.end(code)
  expect(client.state).toBe('closed')
  await clock.advance(60_000)
  expect(sockets).toHaveLength(1)
})

test.each([1001, 1002, 1007, 1009, 1011, 1012, 1013, 4008, 4009, 4010, 4029, 4030, 4999])(
  'after %i it comes back',
  async code => {
    const { client, open } = harness()
    const socket = await open()
    socket.end(code)
    expect(client.state).toBe('waiting')
  },
)

test('a server that takes the socket and says nothing is given up', async () => {
  const { client, clock, sockets, dialled } = harness()
  void client.connect()
  const socket = await dialled()
  socket.open()
  await clock.advance(10_000)
  expect(client.state).toBe('waiting')
  expect(client.lastClose?.reason).toBe('no connection in time')
  expect(socket.closing).toBeDefined()
  await clock.advance(1_000)
  expect(sockets).toHaveLength(2)
})

test('a token that could not be checked here is tried again elsewhere', async () => {
  const { client, clock, sockets, asked, dialled } = harness()
  void client.connect()
  const socket = await dialled()
  socket.open()
  socket.receive({ type: 'error', code: 'unavailable', message: 'keys are away' })
  expect(client.lastClose).toMatchObject({ code: 1006, reason: 'keys are away' })
  await clock.advance(1_000)
  expect(sockets).toHaveLength(2)
  expect(asked).toEqual(['connect', 'connect'])
})

test('the address is asked for anew, and http becomes ws', async () => {
  let asked = 0
  const { client, clock, sockets, open } = harness({
    url: async () => `https://fanfare.test/ws/?attempt=${++asked}`,
  })
  await open()
  sockets.latest.end()
  await clock.advance(1_000)
  expect(sockets.map(({ url }) => url.href)).toEqual([
    'wss://fanfare.test/ws/?attempt=1',
    'wss://fanfare.test/ws/?attempt=2',
  ])
  expect((await client.address()).href).toBe('wss://fanfare.test/ws/?attempt=3')
})

test('an address that cannot be had is a failed attempt, not the end', async () => {
  let isDown = true
  const { client, clock, changes, sockets } = harness({
    url: () => {
      if (isDown) throw new Error('no configuration yet')
      return 'ws://fanfare.test/ws/'
    },
  })
  void client.connect()
  await settle()
  expect(changes.at(-1)).toMatchObject({ to: 'waiting', close: { error: new Error('no configuration yet') } })
  isDown = false
  await clock.advance(1_000)
  expect(sockets).toHaveLength(1)
})

test('what the path subscribes by itself is resumed with the first frame', async () => {
  const { client, open, comeBack } = harness({ since: { all: '1.1.1' } })
  const first = await open()
  expect(first.last('auth').since).toEqual({ all: '1.1.1' })
  first.receive({ type: 'subscribed', channel: 'user:7', cursor: '1.4.2', data: { recovered: false } })
  first.receive({ type: 'notification', channel: 'user:7', n: 3, cursor: '1.5.3', data: {} })
  // Asked for by somebody, who also resumes it.
  first.receive({ type: 'subscribed', id: 'r1', channel: 'topic:a', cursor: '1.6.1' })
  first.receive({ type: 'publication', channel: 'topic:a', n: 2, cursor: '1.7.2' })
  expect(client.cursors).toEqual({ all: '1.1.1', 'user:7': '1.5.3' })
  const second = await comeBack()
  expect(second.last('auth').since).toEqual({ all: '1.1.1', 'user:7': '1.5.3' })
  second.receive({ type: 'unsubscribed', channel: 'all' })
  expect(client.cursors).toEqual({ 'user:7': '1.5.3' })
})

test('cursors travel in the address when the token does', async () => {
  const { open } = harness({ auth: 'query', since: { all: '1.1.1', 'user:7': '1.5.3' } })
  const socket = await open()
  expect(socket.url.searchParams.get('since')).toBe('all~1.1.1,user:7~1.5.3')
  expect(socket.url.searchParams.get('token')).toBe('token-1')
  expect(socket.sent).toEqual([])
})

test('the token travels as a subprotocol when asked to', async () => {
  const { open } = harness({ auth: 'subprotocol' })
  const socket = await open()
  expect(socket.protocols).toEqual(['fanfare.v1', 'bearer.token-1'])
  expect(socket.sent).toEqual([])
})
