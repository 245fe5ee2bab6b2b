import { afterAll, beforeAll, expect, test } from 'vitest'
import WebSocket from 'ws'
import { createClient, type TokenReason } from '../../src/index.js'
import { connect, entering, until } from '../support/connect.js'
import { Server } from '../support/server.js'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.end())

test('a refused token is refreshed once, and the next refusal is the end', async () => {
  const asked: TokenReason[] = []
  await using client = createClient({
    url: `${server.url}/ws/`,
    getToken: ({ reason }) => {
      asked.push(reason)
      return `nonsense-${asked.length}`
    },
    reconnect: { min: 10, max: 20 },
    WebSocket,
  })
  await expect(client.connect()).rejects.toMatchObject({ code: 'unauthorized', message: 'unauthorized' })
  expect(asked).toEqual(['connect', 'rejected'])
  expect(client.lastClose).toMatchObject({ code: 4001, next: 'stop' })
})

test('a revoked token closes the session, and a fresh one opens the next', async () => {
  const asked: TokenReason[] = []
  await using client = await connect(server, 'ann', {
    getToken: ({ reason }) => {
      asked.push(reason)
      return server.token('ann')
    },
  })
  const waiting = entering(client, 'waiting')
  const back = entering(client, 'open')
  await server.revoke('ann')
  expect((await waiting).close).toMatchObject({ code: 4001, next: 'refresh_then_reconnect' })
  await back
  expect(asked).toEqual(['connect', 'rejected'])
})

test('a revoked user who cannot get another token is told that it is over', async () => {
  let token: string | null = await server.token('bob')
  await using client = await connect(server, 'bob', { getToken: () => token })
  const closed = entering(client, 'closed')
  token = null
  await server.revoke('bob')
  expect((await closed).close).toMatchObject({ code: 4001, next: 'stop' })
})

test('a token that ends soon is refreshed in place', async () => {
  const asked: TokenReason[] = []
  await using client = await connect(server, 'cy', {
    getToken: ({ reason }) => {
      asked.push(reason)
      return server.token('cy', { ttl_seconds: reason === 'connect' ? 30 : 3_600 })
    },
  })
  const session = client.welcome?.session
  const answer = await until<{ data: { expires_at: string } }>(
    listener => client.on('auth_response', listener),
    at => Date.parse(at.data.expires_at) > Date.now() + 600_000,
  )
  expect(answer.data.expires_at).toMatch(/Z$/)
  expect(asked).toEqual(['connect', 'refresh'])
  expect([client.state, client.welcome?.session]).toEqual(['open', session])
})
