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

test('a reader that falls behind gets what was held, and is told that there was more', async () => {
  const { publish, reader } = await reading(2)
  for (const n of [1, 2, 3, 4]) publish(n)
  expect((await reader.next()).value?.data).toBe(1)
  expect((await reader.next()).value?.data).toBe(2)
  await expect(reader.next()).rejects.toMatchObject({ code: 'overflow' })
  expect((await reader.next()).done).toBe(true)
})

test('ending a reader ends those who wait for it', async () => {
  const { publish, reader } = await reading(2)
  const waiting = [reader.next(), reader.next()]
  await reader.return()
  publish(2)
  expect((await Promise.all(waiting)).map(({ done }) => done)).toEqual([true, true])
  expect((await reader.next()).done).toBe(true)
})
