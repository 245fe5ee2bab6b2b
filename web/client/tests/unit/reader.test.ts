import { expect, test } from 'vitest'
import { channel } from '../../src/channels.js'
import { harness } from '../support/harness.js'

const NAME = 'topic:a'

async function reading(buffer: number) {
  const { client, open } = harness()
  const topic = channel(client, NAME)
  const socket = await open()
  socket.answer('subscribe', {
    type: 'subscribed',
    channel: NAME,
    cursor: '1.0.0',
    data: { recovered: false },
  })
  const publish = (n: number) =>
    socket.receive({ type: 'publication', channel: NAME, n, cursor: `1.${n}.${n}`, data: n })
  return { topic, publish, reader: topic.read(buffer) }
}

test('for await takes what was held and then what comes', async () => {
  const { topic, publish } = await reading(9)
  const seen: unknown[] = []
  const loop = (async () => {
    for await (const { data } of topic) {
      seen.push(data)
      if (data === 3) break
      if (data === 1) publish(3)
    }
  })()
  publish(1)
  publish(2)
  await loop
  publish(4)
  expect(seen).toEqual([1, 2, 3])
})

test('a reader that falls behind is told so, and begins anew from its cursor', async () => {
  const { publish, reader } = await reading(2)
  publish(1)
  expect((await reader.next()).value?.cursor).toBe('1.1.1')
  for (const n of [2, 3, 4]) publish(n)
  await expect(reader.next()).rejects.toMatchObject({ code: 'overflow' })
  publish(5)
  await expect(reader.next()).rejects.toMatchObject({ code: 'overflow' })
})

test('ending a reader ends those who wait for it', async () => {
  const { publish, reader } = await reading(2)
  const waiting = [reader.next(), reader.next()]
  publish(1)
  await reader.return?.()
  publish(2)
  expect((await waiting[0])?.value?.data).toBe(1)
  expect((await waiting[1])?.done).toBe(true)
  expect((await reader.next()).done).toBe(true)
})
