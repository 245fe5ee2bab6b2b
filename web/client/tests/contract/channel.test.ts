import { afterAll, beforeAll, expect, test } from 'vitest'
import { channel } from '../../src/channels.js'
import { connect, until } from '../support/connect.js'
import { Server } from '../support/server.js'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.end())

const rights = { channels: { 'topic:lab': 'rw' } }

test('a topic: published, delivered, paged, and idempotent by client_id', async () => {
  await using client = await connect(server, 'ann', { rights })
  await using topic = channel<{ publication: { x: number } }>(client, 'topic:lab')
  await topic.ready()
  const read = topic.read()
  const first = await topic.publish({ x: 1 }, { clientId: 'one' })
  expect(await topic.publish({ x: 1 }, { clientId: 'one' })).toEqual(first)
  await topic.publish({ x: 2 })
  const seen = [(await read.next()).value, (await read.next()).value]
  expect(seen.map(delivery => delivery?.data)).toEqual([{ x: 1 }, { x: 2 }])
  expect(seen.map(delivery => delivery?.replayed)).toEqual([false, false])
  const page = await topic.history({ after: 1, limit: 10 })
  expect(page.items.map(({ data }) => data)).toEqual([{ x: 2 }])
  expect(page.more).toBe(false)
})

test('presence: who is there, who comes, who goes', async () => {
  await using ann = await connect(server, 'ann', { rights })
  const lab = channel(ann, 'topic:lab', { presence: true })
  const people = (...users: string[]) =>
    until<unknown>(
      listener => lab.on('presence', listener),
      () => [...lab.presence.people.keys()].sort().join() === users.join(),
    )
  await people('ann')
  const two = people('ann', 'bob')
  const bob = await connect(server, 'bob', { rights })
  const his = channel(bob, 'topic:lab', { presence: true })
  await until<unknown>(listener => his.on('presence', listener))
  await two
  const one = people('ann')
  await bob.close()
  await one
})

test('a channel that the token does not name is refused', async () => {
  await using client = await connect(server, 'ann')
  await expect(channel(client, 'topic:secret').ready()).rejects.toMatchObject({ code: 'forbidden' })
})

test('a fresh token that allows less ends what it does not allow', async () => {
  let isFirst = true
  await using client = await connect(server, 'cy', {
    getToken: () => {
      const more = isFirst ? { ...rights, ttl_seconds: 30 } : {}
      isFirst = false
      return server.token('cy', more)
    },
  })
  const topic = channel(client, 'topic:lab')
  const refused = await until<{ code: string }>(listener => topic.on('refused', listener))
  expect(refused.code).toBe('forbidden')
  expect(topic.status).toBe('refused')
})
