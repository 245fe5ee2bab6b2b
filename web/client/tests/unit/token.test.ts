import { expect, test } from 'vitest'
import { FanfareError } from '../../src/index.js'
import { settle } from '../support/clock.js'
import { harness } from '../support/harness.js'

test('a refused token is refreshed exactly once, and the second refusal is the end', async () => {
  const { client, clock, sockets, asked, dialled } = harness()
  const connected = client.connect()
  const refused = expect(connected).rejects.toMatchObject({ code: 'unauthorized' })
  const first = await dialled()
  first.end(4001, 'unauthorized')
  expect(client.lastClose).toMatchObject({ code: 4001, next: 'refresh_then_reconnect' })
  await clock.advance(1_000)
  expect(asked).toEqual(['connect', 'rejected'])
  sockets.latest.end(4001, 'unauthorized')
  await refused
  expect(client.lastClose).toMatchObject({ code: 4001, next: 'stop' })
  await clock.advance(60_000)
  expect([asked.length, sockets.length]).toEqual([2, 2])
})

test('a fresh token that meets a dead network has not been refused yet', async () => {
  const { client, clock, sockets, asked, dialled } = harness()
  void client.connect().catch(() => {})
  ;(await dialled()).end(4001)
  await clock.advance(1_000)
  sockets.latest.end(1006)
  await clock.advance(2_000)
  expect(asked).toEqual(['connect', 'rejected', 'connect'])
  sockets.latest.welcome()
  expect(client.state).toBe('open')
  sockets.latest.end(4001)
  expect(client.state).toBe('waiting')
})

test('a refresh that fails is tried again, and asks for the same thing', async () => {
  const reasons: string[] = []
  const { client, clock, sockets, changes, dialled } = harness({
    getToken: ({ reason }) => {
      reasons.push(reason)
      if (reasons.length === 2) throw new Error('the login service is away')
      return `token-${reasons.length}`
    },
  })
  void client.connect()
  ;(await dialled()).end(4001)
  await clock.advance(1_000)
  expect(changes.at(-1)).toMatchObject({ to: 'waiting', close: { code: 1006 } })
  await clock.advance(2_000)
  expect(reasons).toEqual(['connect', 'rejected', 'rejected'])
  sockets.latest.welcome()
  expect(client.state).toBe('open')
})

test('somebody who is logged out is told so, and not asked again', async () => {
  const { client, clock, sockets } = harness({ getToken: () => null })
  await expect(client.connect()).rejects.toMatchObject({ code: 'unauthorized', message: 'there is no token' })
  expect(client.lastClose).toMatchObject({ code: 4001, next: 'stop' })
  await clock.advance(60_000)
  expect(sockets).toHaveLength(0)
})

test('unauthorized from the callback is the end too', async () => {
  const { client } = harness({
    getToken: () => {
      throw new FanfareError('unauthorized', 'the refresh token has expired')
    },
  })
  await expect(client.connect()).rejects.toThrow('the refresh token has expired')
  expect(client.state).toBe('closed')
})

test('a callback that hangs is told to stop, and asked again', async () => {
  const signals: AbortSignal[] = []
  const { client, clock, sockets } = harness({
    getToken: ({ signal }) => {
      signals.push(signal)
      return signals.length === 1 ? new Promise(() => {}) : 'token'
    },
  })
  void client.connect()
  await clock.advance(10_000)
  expect(signals[0]?.aborted).toBe(true)
  await clock.advance(1_000)
  expect(sockets).toHaveLength(1)
})

test('a token that comes after close opens nothing', async () => {
  let answer = (_token: string) => {}
  const { client, sockets } = harness({
    getToken: () =>
      new Promise(resolve => {
        answer = resolve
      }),
  })
  const refused = expect(client.connect()).rejects.toMatchObject({ code: 'closed' })
  await settle()
  await client.close()
  answer('late')
  await settle()
  await refused
  expect(sockets).toHaveLength(0)
  expect(client.state).toBe('closed')
})

test('an expiring token is refreshed in place', async () => {
  const { client, clock, sockets, asked, open } = harness()
  const socket = await open()
  socket.receive({ type: 'token_expiring', data: { expires_at: '2026-11-23T00:01:00.000Z' } })
  await clock.advance(1)
  expect(asked).toEqual(['connect', 'refresh'])
  expect(socket.last('auth')).toMatchObject({ token: 'token-2' })
  socket.answer('auth', { type: 'auth_response', data: { expires_at: '2026-11-23T01:00:00.000Z' } })
  await settle()
  expect(await client.token()).toBe('token-2')
  expect([client.state, sockets.length]).toEqual(['open', 1])
})

test('a refresh in place that fails is told, and tried again', async () => {
  let down = true
  const { client, clock, open } = harness({
    getToken: ({ reason }) => {
      if (reason === 'refresh' && down) throw new Error('away')
      return reason
    },
  })
  const faults: unknown[] = []
  client.on('fault', error => faults.push(error))
  const socket = await open()
  socket.receive({ type: 'token_expiring', data: {} })
  await clock.advance(1)
  expect(faults).toEqual([new Error('away')])
  down = false
  await clock.advance(5_000)
  expect(socket.last('auth')).toMatchObject({ token: 'refresh' })
})

test('tokens that live too short are not renewed in a loop', async () => {
  const { clock, asked, open } = harness()
  const socket = await open()
  for (let turn = 0; turn < 20; turn += 1) {
    socket.receive({ type: 'token_expiring', data: {} })
    await clock.advance(100)
    if (socket.sent.at(-1)?.type === 'auth') socket.answer('auth', { type: 'auth_response', data: {} })
  }
  expect(asked).toEqual(['connect', 'refresh'])
})

test('a token that the server will not have in place is not sent again', async () => {
  const { client, clock, asked, open } = harness()
  const faults: unknown[] = []
  client.on('fault', error => faults.push(error))
  const socket = await open()
  socket.receive({ type: 'token_expiring', data: {} })
  await clock.advance(1)
  socket.answer('auth', { type: 'error', code: 'forbidden', message: "the token is another user's" })
  await clock.advance(20_000)
  expect(asked).toEqual(['connect', 'refresh'])
  expect(faults).toMatchObject([{ code: 'forbidden' }])
})
