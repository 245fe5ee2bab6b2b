import { expect, test } from 'vitest'
import { createClient, FanfareError } from '../../src/index.js'
import { settle } from '../support/clock.js'
import { harness } from '../support/harness.js'

test('answers find their requests by id, in any order', async () => {
  const { client, open } = harness()
  const socket = await open()
  const first = client.request('echo', { content: 'a' })
  const second = client.request('echo', { content: 'b' })
  const [a, b] = socket.sent.slice(-2)
  socket.receive({ type: 'echo_response', id: b?.id, message: 'b' })
  socket.receive({ type: 'echo_response', id: a?.id, message: 'a' })
  expect([(await first).message, (await second).message]).toEqual(['a', 'b'])
})

test('an error rejects with its code, its words and when to try again', async () => {
  const { client, open } = harness()
  const socket = await open()
  const asked = client.request('echo')
  socket.answer('echo', {
    type: 'error',
    code: 'rate_limited',
    message: 'slow down',
    data: { retry_after_ms: 50 },
  })
  const error = await asked.catch(error => error)
  expect(error).toBeInstanceOf(FanfareError)
  expect(error).toMatchObject({
    code: 'rate_limited',
    message: 'slow down',
    retryAfterMs: 50,
    retryable: true,
  })
})

test('no answer in time is told', async () => {
  const { client, clock, open } = harness()
  await open()
  const refused = expect(client.request('echo')).rejects.toMatchObject({ code: 'timeout', retryable: true })
  await clock.advance(5_000)
  await refused
})

test('a lost connection rejects what it cannot answer any more', async () => {
  const { client, open } = harness()
  const socket = await open()
  const refused = expect(client.request('echo')).rejects.toMatchObject({ code: 'disconnected' })
  socket.end()
  await refused
  await expect(client.request('echo')).rejects.toMatchObject({ code: 'not_open' })
})

test('a request can be given up', async () => {
  const { client, open } = harness()
  await open()
  const stopping = new AbortController()
  const asked = client.request('echo', {}, { signal: stopping.signal })
  stopping.abort(new Error('enough'))
  await expect(asked).rejects.toThrow('enough')
})

test('nothing is sent before the session is open', async () => {
  const { client, dialled } = harness()
  void client.connect()
  const socket = await dialled()
  socket.open()
  expect(client.send({ type: 'echo' })).toBe(false)
  await expect(client.request('echo')).rejects.toMatchObject({ code: 'not_open' })
  expect(socket.sent.map(({ type }) => type)).toEqual(['auth'])
})

test('send says whether it was sent, and never throws', async () => {
  const { client, open } = harness()
  expect(client.send({ type: 'echo' })).toBe(false)
  const socket = await open()
  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  expect(client.send({ type: 'echo', content: cycle })).toBe(false)
  expect(client.send({ type: 'echo', content: 'é'.repeat(40_000) })).toBe(false)
  expect(client.send({ type: 'echo', content: 'x' })).toBe(true)
  expect(socket.last('echo').content).toBe('x')
})

test('what waits for answers is bounded', async () => {
  const { client, open } = harness()
  await open()
  const all = Array.from({ length: 129 }, () => client.request('echo'))
  const outcomes = Promise.allSettled(all)
  await expect(all[128]).rejects.toMatchObject({ code: 'full' })
  const closed = client.close()
  await settle()
  void closed
  void outcomes
})

test('frames that are none are passed over', async () => {
  const { client, open } = harness()
  const socket = await open()
  const heard: unknown[] = []
  client.on('frame', frame => heard.push(frame))
  for (const text of ['', 'x', '[]', 'null', '7', '{"type":7}', new ArrayBuffer(2)]) socket.receiveText(text)
  expect(heard).toEqual([])
  expect(client.state).toBe('open')
})

test('where there is no WebSocket that is said at once', () => {
  expect(() => createClient({ url: 'ws://x/', getToken: () => 't' })).toThrow('hand in a WebSocket')
})
