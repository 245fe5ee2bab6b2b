import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import { createClient } from '../../src/index.js'
import { Server } from '../support/server.js'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.end())

test.each(['frame', 'subprotocol', 'query'] as const)('connects with its token in the %s', async auth => {
  const token = await server.token('7', { name: 'Ann' })
  await using client = createClient({ url: `${server.url}/ws/test/`, getToken: () => token, auth, WebSocket })
  await client.connect()
  expect(client.state).toBe('open')
  expect(client.welcome?.user).toBe('7')
})

test('all five types of the test page are answered', async () => {
  const token = await server.token('7', { name: 'Ann' })
  await using client = createClient({ url: `${server.url}/ws/test/`, getToken: () => token, WebSocket })
  await client.connect()
  const echo = await client.request('echo', { content: { deep: [1, null, 'é'] } })
  expect(echo.message).toEqual({ deep: [1, null, 'é'] })
  const chat = await client.request('chat', { content: '你好' })
  expect(chat.data.original_message).toBe('你好')
  const pong = await client.request('ping')
  expect(pong.data.server_time).toMatch(/Z$/)
  const info = await client.request('system_info')
  expect(info.data.connections).toBe(1)
  const custom = await client.request('custom', { data: { a: [1, 2] } })
  expect(custom.data.data).toEqual({ a: [1, 2] })
})
