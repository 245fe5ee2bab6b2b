import { expect, test } from 'vitest'
import { harness } from '../support/harness.js'

test('pings at intervals and knows the round trip', async () => {
  const { client, clock, open } = harness()
  const socket = await open()
  await clock.advance(24_999)
  expect(socket.sent.some(({ type }) => type === 'ping')).toBe(false)
  await clock.advance(1)
  await clock.advance(40)
  socket.answer('ping', { type: 'pong', data: { server_time: 'x' } })
  expect(client.rtt).toBe(40)
  await clock.advance(25_000)
  expect(socket.sent.filter(({ type }) => type === 'ping')).toHaveLength(2)
})

test('whatever is heard after a ping proves that the server is there', async () => {
  const { client, clock, open } = harness()
  const socket = await open()
  await clock.advance(25_000)
  await clock.advance(7_999)
  socket.receive({ type: 'publication', data: 1 })
  await clock.advance(2_000)
  expect(client.state).toBe('open')
  socket.answer('ping', { type: 'pong', data: {} })
  expect(client.rtt).toBe(9_999)
})

test('a deadline that runs late says that the page slept, so the server is asked again', async () => {
  const { client, clock, open } = harness()
  const socket = await open()
  await clock.advance(25_000)
  await clock.sleep(60_000)
  expect(client.state).toBe('open')
  expect(socket.sent.filter(({ type }) => type === 'ping')).toHaveLength(2)
  await clock.advance(8_000)
  expect(client.state).toBe('waiting')
})

test('what cannot be written is found out by the deadline', async () => {
  const { client, clock, open } = harness()
  const socket = await open()
  socket.bufferedAmount = 2_000_000
  await clock.advance(25_000)
  expect(client.send({ type: 'echo' })).toBe(false)
  await clock.advance(8_000)
  expect(client.lastClose?.reason).toBe('no pong in time')
})
