import { expect, test } from 'vitest'
import { settle } from '../support/clock.js'
import { harness } from '../support/harness.js'

test('connect resolves when the session is open, and the states say how it got there', async () => {
  const { client, changes, asked, dialled } = harness()
  expect(client.state).toBe('idle')
  const connected = client.connect()
  const socket = await dialled()
  expect(socket.protocols).toEqual(['fanfare.v1'])
  socket.open()
  expect(socket.sent).toEqual([{ type: 'auth', token: 'token-1' }])
  socket.welcome()
  await connected
  expect(changes.map(({ to }) => to)).toEqual(['connecting', 'authenticating', 'open'])
  expect(client.welcome?.node).toBe('n1')
  expect(asked).toEqual(['connect'])
})

test('two who connect at once share one socket', async () => {
  const { client, sockets, dialled } = harness()
  const both = Promise.all([client.connect(), client.connect()])
  const socket = await dialled()
  socket.welcome()
  await both
  await client.connect()
  expect(sockets).toHaveLength(1)
})

test('an aborted connect rejects with the reason and leaves nothing behind', async () => {
  const { client, clock, page, dialled } = harness()
  const stopping = new AbortController()
  const connected = client.connect({ signal: stopping.signal })
  await dialled()
  stopping.abort(new Error('changed my mind'))
  await expect(connected).rejects.toThrow('changed my mind')
  expect(client.state).toBe('closed')
  await clock.advance(60_000)
  expect(clock.timers).toBe(0)
  expect(page.listeners.size).toBe(0)
})

test('an aborted connect does not disturb another one', async () => {
  const { client, dialled } = harness()
  const stopping = new AbortController()
  const impatient = client.connect({ signal: stopping.signal })
  const patient = client.connect()
  const socket = await dialled()
  stopping.abort()
  await expect(impatient).rejects.toThrow()
  socket.welcome()
  await patient
  expect(client.state).toBe('open')
})

test('close waits for the answers under way, then for the goodbye, and stops every timer', async () => {
  const { client, clock, page, open } = harness()
  const socket = await open()
  const published = client.request('publish', { channel: 'topic:a', data: 1 })
  let isClosed = false
  const closed = client.close().then(() => {
    isClosed = true
  })
  expect(client.state).toBe('closed')
  expect(client.send({ type: 'echo' })).toBe(false)
  expect(socket.closing).toBeUndefined()
  socket.answer('publish', { type: 'published', data: { n: 1, cursor: 'c' } })
  expect((await published).data.n).toBe(1)
  await settle()
  expect(socket.closing).toEqual({ code: 1000, reason: '' })
  expect(isClosed).toBe(false)
  socket.end(1000)
  await closed
  expect(clock.timers).toBe(0)
  expect(page.listeners.size).toBe(0)
})

test('close does not wait for ever', async () => {
  const { client, clock, open } = harness()
  await open()
  const asked = client.request('ping', {}, { timeout: 60_000 })
  const refused = expect(asked).rejects.toMatchObject({ code: 'disconnected' })
  const closed = client.close()
  await clock.advance(2_000)
  await Promise.all([closed, refused])
  expect(clock.timers).toBe(0)
})

test('close rejects those who wait for a connection', async () => {
  const { client } = harness()
  const connected = client.connect()
  await client.close()
  await expect(connected).rejects.toMatchObject({ code: 'closed' })
})

test('a listener that throws is reported and keeps nobody from hearing', async () => {
  const { client, open } = harness()
  const uncaught: unknown[] = []
  const report = (error: unknown) => uncaught.push(error)
  process.on('uncaughtException', report)
  const others = process.listeners('uncaughtException').filter(listener => listener !== report)
  for (const listener of others) process.off('uncaughtException', listener)
  const heard: unknown[] = []
  client.on('publication', () => {
    throw new Error('mine')
  })
  client.on('publication', ({ data }) => heard.push(data))
  const socket = await open()
  socket.receive({ type: 'publication', data: 1 })
  await settle()
  for (const listener of others) process.on('uncaughtException', listener)
  process.off('uncaughtException', report)
  expect(heard).toEqual([1])
  expect(uncaught).toEqual([new Error('mine')])
})

test('off ends one listener, and only that one', async () => {
  const { client, open } = harness()
  const heard: string[] = []
  const listen = (frame: { type: string }) => heard.push(frame.type)
  const off = client.on('counts', listen)
  client.on('counts', listen)
  const socket = await open()
  off()
  off()
  socket.receive({ type: 'counts' })
  expect(heard).toEqual(['counts'])
})
