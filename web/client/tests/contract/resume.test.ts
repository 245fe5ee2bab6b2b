import { expect, test } from 'vitest'
import { channel } from '../../src/channels.js'
import { connect, entering, subscribed, until } from '../support/connect.js'
import { Server } from '../support/server.js'

test('after kill -9 of the server nothing is missing, nothing comes twice, and what was queued is there', async () => {
  const server = await Server.own()
  const rights = { channels: { 'topic:a': 'rw' } }
  await using client = await connect(server, 'ann', { path: '/ws/notifications/', rights })
  const titles: string[] = []
  client.on('notification', ({ data }) => titles.push(data.title))
  await subscribed(client, 'user:ann')
  const topic = channel<{ publication: number }>(client, 'topic:a')
  const numbers: number[] = []
  topic.on('publication', number => numbers.push(number))
  await topic.ready()
  await topic.publish(1)
  await server.notify('ann', 'before')

  const lost = entering(client, 'waiting')
  await server.kill()
  expect((await lost).close).toMatchObject({ code: 1006, next: 'reconnect' })
  const queued = topic.publish(2, { queue: { ttl: 20_000 } })
  const back = entering(client, 'open')
  await server.startAgain()
  await server.notify('ann', 'while away')
  await back
  expect((await queued).n).toBe(2)
  const last = until<{ data: { title: string } }>(
    listener => client.on('notification', listener),
    ({ data }) => data.title === 'after',
  )
  await server.notify('ann', 'after')
  await last
  const third = until<number>(
    listener => topic.on('publication', listener),
    number => number === 3,
  )
  await topic.publish(3)
  await third
  expect(titles).toEqual(['before', 'while away', 'after'])
  expect(numbers).toEqual([1, 2, 3])
})

test('a drain sends the client away with a time to return, and it comes back to the next server', async () => {
  const server = await Server.own()
  await using client = await connect(server, 'ann', { path: '/ws/notifications/' })
  const waiting = entering(client, 'waiting')
  const back = entering(client, 'open')
  await server.terminate()
  const { close, retryInMs } = await waiting
  expect(close).toMatchObject({ code: 1012, reason: 'service restart', next: 'reconnect' })
  expect(close?.retryAfterMs).toBeGreaterThanOrEqual(500)
  expect(retryInMs).toBeGreaterThanOrEqual(close?.retryAfterMs ?? 0)
  await server.startAgain()
  await back
  expect(client.welcome?.user).toBe('ann')
})

test('a cursor of another log is told as a reset', async () => {
  const server = await Server.own()
  await using client = await connect(server, 'ann')
  const own = channel(client, 'user:ann', { since: '0000beef.1.1' })
  const reset = until<{ reason: string }>(listener => own.on('reset', listener))
  expect((await reset).reason).toBe('epoch_changed')
  await own.ready()
  expect(own.cursor).not.toBe('0000beef.1.1')
})

test('more channels than a burst are all subscribed, and again after a reconnect', async () => {
  const server = await Server.own()
  await using client = await connect(server, 'ann', { rights: { channels: { 'topic:*': 'r' } } })
  const refused: unknown[] = []
  client.on('error', ({ code }) => refused.push(code))
  const topics = Array.from({ length: 120 }, (_, at) => channel(client, `topic:${at}`))
  await Promise.all(topics.map(topic => topic.ready()))
  const back = entering(client, 'open')
  await server.kill()
  await server.startAgain()
  await back
  expect(topics.some(({ status }) => status === 'subscribing')).toBe(true)
  await Promise.all(topics.map(topic => topic.ready()))
  // Never asked faster than the server takes it.
  expect(refused).toEqual([])
})
