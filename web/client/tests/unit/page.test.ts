import { expect, test, vi } from 'vitest'
import { browserPage } from '../../src/page.js'
import { harness } from '../support/harness.js'

test('the network comes back: one attempt, within a second', async () => {
  const { client, clock, page, sockets, changes, open } = harness()
  await open()
  page.isOnline = false
  sockets.latest.end()
  expect(changes.at(-1)).toMatchObject({ to: 'offline', retryInMs: 20_000 })
  page.tell('online')
  expect(changes.at(-1)).toMatchObject({ to: 'waiting', retryInMs: 500 })
  await clock.advance(500)
  expect(sockets).toHaveLength(2)
  expect(client.state).toBe('connecting')
})

test('the system may be wrong about the network, so it is tried now and then', async () => {
  const { clock, page, sockets, open } = harness()
  await open()
  page.isOnline = false
  sockets.latest.end()
  await clock.advance(20_000)
  expect(sockets).toHaveLength(2)
})

test.each(['visible', 'online', 'offline'] as const)(
  '%s asks an open connection, with two seconds to answer',
  async event => {
    const { client, clock, page, open } = harness()
    const socket = await open()
    page.tell(event)
    expect(socket.last('ping')).toBeDefined()
    await clock.advance(2_000)
    expect(client.state).toBe(event === 'offline' ? 'offline' : 'waiting')
  },
)

test('a connection that answers survives a change of network', async () => {
  const { client, clock, page, sockets, open } = harness()
  const socket = await open()
  page.tell('online')
  socket.answer('ping', { type: 'pong', data: {} })
  await clock.advance(2_000)
  expect([client.state, sockets.length]).toEqual(['open', 1])
})

test('a page that is shown again does not wait', async () => {
  const { clock, page, sockets, open } = harness()
  await open()
  sockets.latest.end()
  page.tell('visible')
  await clock.advance(0)
  expect(sockets).toHaveLength(2)
})

test('a page in the back/forward cache has no connection, and gets one when it is back', async () => {
  const { client, clock, page, sockets, changes, open } = harness()
  const socket = await open()
  page.tell('pagehide')
  expect(socket.closing).toBeDefined()
  expect(changes.at(-1)).toMatchObject({ to: 'waiting', from: 'open' })
  expect(changes.at(-1)?.retryInMs).toBeUndefined()
  socket.end(1006)
  await clock.advance(600_000)
  expect(sockets).toHaveLength(1)
  page.tell('pageshow')
  await clock.advance(0)
  sockets.latest.welcome()
  expect([client.state, sockets.length]).toEqual(['open', 2])
})

test('a hidden page keeps its connection, unless it was told to let go', async () => {
  const keeping = harness()
  await keeping.open()
  keeping.page.tell('hidden')
  const pausing = harness({ background: 'pause', heartbeat: { interval: 3_600_000 } })
  await pausing.open()
  pausing.page.tell('hidden')
  await pausing.clock.advance(299_999)
  expect(pausing.client.state).toBe('open')
  await pausing.clock.advance(1)
  expect(pausing.client.state).toBe('waiting')
  pausing.page.tell('visible')
  await pausing.clock.advance(0)
  pausing.sockets.latest.welcome()
  expect(pausing.client.state).toBe('open')
  pausing.page.tell('hidden')
  pausing.page.tell('visible')
  pausing.sockets.latest.answer('ping', { type: 'pong', data: {} })
  await pausing.clock.advance(400_000)
  expect(pausing.client.state).toBe('open')
  expect(keeping.client.state).toBe('open')
})

test('after close the page is left alone', async () => {
  const { client, page, sockets, open } = harness()
  const socket = await open()
  const closed = client.close()
  socket.end(1000)
  await closed
  for (const event of ['online', 'visible', 'pageshow'] as const) page.tell(event)
  expect(page.listeners.size).toBe(0)
  expect(sockets).toHaveLength(1)
})

test('the page around the code is heard where there is one, and not touched before', () => {
  const off = browserPage.listen(() => {})
  expect(browserPage.online()).toBe(true)
  off()
  const windowLike = new EventTarget()
  const documentLike = Object.assign(new EventTarget(), { hidden: true })
  vi.stubGlobal('addEventListener', windowLike.addEventListener.bind(windowLike))
  vi.stubGlobal('document', documentLike)
  vi.stubGlobal('navigator', { onLine: false })
  const heard: string[] = []
  const end = browserPage.listen(event => heard.push(event))
  for (const type of ['online', 'offline', 'pagehide', 'pageshow']) windowLike.dispatchEvent(new Event(type))
  documentLike.dispatchEvent(new Event('visibilitychange'))
  documentLike.hidden = false
  documentLike.dispatchEvent(new Event('visibilitychange'))
  expect(browserPage.online()).toBe(false)
  end()
  windowLike.dispatchEvent(new Event('online'))
  vi.unstubAllGlobals()
  expect(heard).toEqual(['online', 'offline', 'pagehide', 'pageshow', 'hidden', 'visible'])
})
