import { afterEach, expect, test } from 'vitest'
import { configureWebSocket, createNotificationWebSocket, createTestWebSocket } from '../../src/compat.js'
import { FakeClock, settle } from '../support/clock.js'
import { FakePage } from '../support/page.js'
import { Sockets } from '../support/socket.js'

afterEach(() => configureWebSocket({}))

function manager(create = createTestWebSocket) {
  const clock = new FakeClock()
  const sockets = new Sockets()
  const told: unknown[] = []
  configureWebSocket({
    baseUrl: 'http://fanfare.test:8000',
    getToken: () => 'token',
    WebSocket: sockets.WebSocket,
  })
  const socket = create(
    {
      onOpen: () => told.push('open'),
      onMessage: ({ type }) => told.push(type),
      onClose: event => told.push(event),
      onError: error => told.push(String(error)),
      onReconnect: attempt => told.push(attempt),
      onPong: (_frame, rtt) => told.push(`${rtt} ms`),
    },
    { clock, page: new FakePage(), random: () => 0 },
  )
  return { clock, sockets, told, socket }
}

test('the classic surface: connect, send, close, and who is told what', async () => {
  const { sockets, told, socket } = manager()
  expect([socket.status, socket.isConnected]).toEqual(['CLOSED', false])
  const connected = socket.connect()
  await settle()
  expect(socket.status).toBe('CONNECTING')
  expect(sockets.latest.url.href).toBe('ws://fanfare.test:8000/ws/test/')
  sockets.latest.welcome()
  await connected
  expect([socket.status, socket.isConnected]).toEqual(['OPEN', true])
  expect(socket.send({ type: 'echo', content: 'hi' })).toBe(true)
  sockets.latest.receive({ type: 'echo_response', message: 'hi' })
  expect(socket.stats).toMatchObject({ sent: 2, received: 2, reconnects: 0, connectedAt: 0 })
  const closed = socket.close(3000, 'done')
  expect(socket.status).toBe('CLOSING')
  expect(sockets.latest.closing).toEqual({ code: 3000, reason: 'done' })
  sockets.latest.end(3000, 'done')
  await closed
  expect(socket.status).toBe('CLOSED')
  expect(socket.send({ type: 'echo' })).toBe(false)
  expect(told).toEqual(['open', 'welcome', 'echo_response', { code: 3000, reason: 'done' }])
})

test('pongs reach the page, with their round trip', async () => {
  const { clock, sockets, told, socket } = manager(createNotificationWebSocket)
  void socket.connect()
  await settle()
  expect(sockets.latest.url.pathname).toBe('/ws/notifications/')
  sockets.latest.welcome()
  await clock.advance(30_000)
  await clock.advance(12)
  sockets.latest.answer('ping', { type: 'pong', data: {} })
  expect(told.slice(-2)).toEqual(['pong', '12 ms'])
  expect(socket.stats.rtt).toBe(12)
})

test('five attempts at most, three seconds apart at least, each of them told', async () => {
  const { clock, sockets, told, socket } = manager()
  void socket.connect()
  await settle()
  sockets.latest.welcome()
  told.length = 0
  sockets.latest.end(1006)
  for (let attempt = 1; attempt <= 5; attempt += 1) {
    await clock.advance(2_999)
    expect(sockets).toHaveLength(attempt)
    await clock.advance(1)
    expect(told.at(-1)).toBe(attempt)
    sockets.latest.end(1006)
  }
  await clock.advance(600_000)
  expect(sockets).toHaveLength(6)
  expect(socket.status).toBe('CLOSED')
  expect(told.filter(one => typeof one === 'number')).toEqual([1, 2, 3, 4, 5])
  expect(told.filter(one => one === 'Error: connection lost')).toHaveLength(6)
})

test('without a token connect rejects at once', async () => {
  configureWebSocket({ baseUrl: 'ws://fanfare.test', WebSocket: new Sockets().WebSocket })
  await expect(createTestWebSocket().connect()).rejects.toThrow('there is no token')
})

test.each([
  [1001, ''],
  [3000, 'x'.repeat(200)],
])('what a browser refuses to close with, %i, is closed all the same', async (code, reason) => {
  const { sockets, socket } = manager()
  const connected = socket.connect()
  await settle()
  sockets.latest.welcome()
  await connected
  const closed = socket.close(code, reason)
  expect(sockets.latest.closing).toEqual({ code: undefined, reason: '' })
  sockets.latest.end(1005)
  await closed
  expect(socket.status).toBe('CLOSED')
})
