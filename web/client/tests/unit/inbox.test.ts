import { afterEach, expect, test, vi } from 'vitest'
import { createInbox, type InboxItem } from '../../src/inbox.js'
import type { ClientOptions } from '../../src/index.js'
import { settle } from '../support/clock.js'
import { harness } from '../support/harness.js'

afterEach(() => vi.unstubAllGlobals())

interface Asked {
  readonly method: string
  readonly path: string
  readonly token: string | null
  readonly body: unknown
}

/** An inbox whose HTTP answers are the test's. */
async function opened(
  answer: (asked: Asked) => Response | Promise<Response>,
  options: Partial<ClientOptions> = {},
) {
  const requests: Asked[] = []
  vi.stubGlobal('fetch', async (url: URL, init: RequestInit) => {
    const token = new Headers(init.headers).get('authorization')
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : undefined
    const asked = { method: `${init.method}`, path: url.href, token, body }
    requests.push(asked)
    return answer(asked)
  })
  const own = harness(options)
  const inbox = createInbox(own.client)
  const faults: unknown[] = []
  inbox.on('fault', error => faults.push(error))
  const socket = await own.open()
  const notification = (n: number, more: Record<string, unknown> = {}) =>
    socket.receive({
      type: 'notification',
      channel: 'user:7',
      n,
      cursor: `1.${n}.${n}`,
      data: { id: `${n}`, n, title: `${n}`, created_at: 'x', ...more },
    })
  const counts = (unread: number, version: number, basis = 'own') =>
    socket.receive({ type: 'counts', data: { unread, by_channel: {}, by_type: {}, basis, version } })
  return { ...own, inbox, socket, requests, faults, notification, counts }
}

const item = (n: number, more: Partial<InboxItem> = {}): InboxItem => ({
  id: `${n}`,
  n,
  title: `${n}`,
  created_at: 'x',
  channel: 'user:7',
  read: false,
  archived: false,
  ...more,
})

const ids = (items: readonly { id: string }[]) => items.map(({ id }) => id).join()

test('asks where the client connects to, with its token', async () => {
  const { inbox, requests } = await opened(() => Response.json({ items: [] }))
  await inbox.list({ filter: 'unread', limit: 5, cursor: 'a b' })
  expect(requests).toEqual([
    {
      method: 'GET',
      path: 'http://fanfare.test/v1/inbox?filter=unread&limit=5&cursor=a+b',
      token: 'Bearer token-1',
      body: undefined,
    },
  ])
})

test('a refused token is asked for anew, once', async () => {
  const { inbox, requests, asked } = await opened(({ token }) =>
    token === 'Bearer token-2'
      ? Response.json({ items: [] })
      : Response.json({ code: 'unauthorized', detail: 'expired' }, { status: 401 }),
  )
  await inbox.list()
  expect(requests.map(({ token }) => token)).toEqual(['Bearer token-1', 'Bearer token-2'])
  expect(asked).toEqual(['connect', 'rejected'])
  await expect(inbox.list()).rejects.toMatchObject({ code: 'unauthorized', message: 'expired' })
  expect(requests).toHaveLength(4)
})

test('a problem document becomes an error, and so does a server that cannot be reached', async () => {
  const answers = [
    () => Response.json({ code: 'rate_limited', detail: 'slow down', retry_after_ms: 40 }, { status: 429 }),
    () => new Response('<h1>Bad Gateway</h1>', { status: 502 }),
    () => Promise.reject(new TypeError('fetch failed')),
  ]
  const { inbox } = await opened(() => answers.shift()?.() ?? Response.error())
  await expect(inbox.list()).rejects.toMatchObject({
    code: 'rate_limited',
    retryAfterMs: 40,
    retryable: true,
  })
  await expect(inbox.list()).rejects.toMatchObject({ code: 'internal' })
  await expect(inbox.list()).rejects.toMatchObject({ code: 'unavailable', retryable: true })
})

test('counts: the larger version of the own basis wins', async () => {
  const { inbox, counts } = await opened(() => Response.json({}))
  const told: number[] = []
  inbox.on('counts', ({ unread }) => told.push(unread))
  counts(3, 10)
  counts(2, 9)
  counts(4, 11)
  counts(5, 11)
  expect(told).toEqual([3, 4, 5])
})

test('counts of another basis are asked about, once for all that come meanwhile', async () => {
  let answer = (_response: Response) => {}
  const { inbox, counts, requests } = await opened(
    () =>
      new Promise<Response>(resolve => {
        answer = resolve
      }),
  )
  counts(3, 10)
  counts(99, 50, 'other')
  counts(98, 51, 'other')
  await settle()
  expect(requests.map(({ path }) => path)).toEqual(['http://fanfare.test/v1/inbox/counts'])
  expect(inbox.counts?.unread).toBe(3)
  answer(Response.json({ unread: 4, by_channel: {}, by_type: {}, basis: 'own', version: 11 }))
  await settle()
  expect(inbox.counts?.unread).toBe(4)
})

test('a fresh token with other groups has another basis, which the server tells', async () => {
  const { inbox, counts } = await opened(() =>
    Response.json({ unread: 7, by_channel: {}, by_type: {}, basis: 'new', version: 2 }),
  )
  counts(3, 10)
  counts(9, 1, 'new')
  await settle()
  counts(8, 3, 'new')
  expect(inbox.counts?.unread).toBe(8)
})

test('versions are forgotten with each session', async () => {
  const { inbox, counts, comeBack } = await opened(() => Response.json({}))
  counts(3, 1_000)
  const socket = await comeBack()
  socket.receive({
    type: 'counts',
    data: { unread: 1, by_channel: {}, by_type: {}, basis: 'restored', version: 2 },
  })
  expect(inbox.counts?.unread).toBe(1)
})

test('counts that cannot be asked for are told as a fault', async () => {
  const { counts, faults } = await opened(() => Response.json({ code: 'unavailable' }, { status: 503 }))
  counts(3, 10)
  counts(9, 1, 'other')
  await settle()
  expect(faults).toMatchObject([{ code: 'unavailable' }])
})

test('items: the page, then what comes, each once, newest first', async () => {
  const { inbox, notification } = await opened(() =>
    Response.json({ items: [item(2), item(1)], next_cursor: 'c' }),
  )
  const told: string[] = []
  inbox.on('notification', ({ id }) => told.push(id))
  await inbox.load()
  notification(2)
  notification(3)
  expect(ids(inbox.items)).toBe('3,2,1')
  expect(told).toEqual(['3'])
  expect(inbox.hasMore).toBe(true)
})

test('what comes while a page is on its way is not lost, and told once', async () => {
  let answer = (_response: Response) => {}
  const { inbox, notification, socket } = await opened(
    () =>
      new Promise<Response>(resolve => {
        answer = resolve
      }),
  )
  const told: string[] = []
  inbox.on('notification', ({ id }) => told.push(id))
  const loading = inbox.load()
  await settle()
  notification(3)
  socket.receive({ type: 'retracted', channel: 'user:7', n: 4, cursor: '1.4.4', data: { id: '2', n: 2 } })
  socket.receive({ type: 'read', channel: 'user:7', data: { change: 'read', id: '1', marks: [] } })
  answer(Response.json({ items: [item(2), item(1)] }))
  await loading
  expect(ids(inbox.items)).toBe('3,1')
  expect(inbox.items.map(({ read }) => read)).toEqual([false, true])
  expect(told).toEqual(['3'])
})

test('marks of other devices: one, one back, all up to an ordinal, archived', async () => {
  const other = item(5, { id: 'ops', channel: 'group:ops' })
  const { inbox, socket } = await opened(() => Response.json({ items: [other, item(3), item(2), item(1)] }))
  await inbox.load()
  const change = (data: Record<string, unknown>) => socket.receive({ type: 'read', channel: 'user:7', data })
  const unread = () => ids(inbox.items.filter(({ read }) => !read))
  change({ change: 'read', id: '1', marks: [{ channel: 'user:7', n: 1 }] })
  expect(unread()).toBe('ops,3,2')
  change({ change: 'unread', id: '1', marks: [{ channel: 'user:7', n: 1 }] })
  expect(unread()).toBe('ops,3,2,1')
  change({ change: 'read_up_to', marks: [{ channel: 'user:7', n: 2 }] })
  expect(unread()).toBe('ops,3')
  change({ change: 'archive', id: '3', marks: [{ channel: 'user:7', n: 3 }] })
  expect(ids(inbox.items)).toBe('ops,2,1')
})

test('marking is seen here at once, with the counts that came with it', async () => {
  const counted = { unread: 1, by_channel: {}, by_type: {}, basis: 'own', version: 5 }
  const { inbox, requests } = await opened(({ path }) =>
    path.endsWith('/read')
      ? Response.json({ change: 'read', id: '2', marks: [], counts: counted })
      : Response.json({ items: [item(2), item(1)] }),
  )
  await inbox.load()
  await inbox.read('2')
  expect(inbox.items.map(({ read }) => read)).toEqual([true, false])
  expect(inbox.counts?.unread).toBe(1)
  expect(requests.at(-1)).toMatchObject({ method: 'POST', path: 'http://fanfare.test/v1/inbox/2/read' })
})

test('reading all reads what is shown, so that a late arrival stays unread', async () => {
  const { inbox, requests } = await opened(({ path }) =>
    Response.json(
      path.includes('read-all') ? { change: 'read_up_to', marks: [] } : { items: [item(2), item(1)] },
    ),
  )
  await inbox.readAll()
  expect(requests.at(-1)?.body).toBeUndefined()
  await inbox.load()
  await inbox.readAll()
  expect(requests.at(-1)?.body).toEqual({ up_to: '2' })
})

test('a newer one with the same collapse key takes the place of the older', async () => {
  const { inbox, notification } = await opened(() => Response.json({ items: [] }))
  await inbox.load()
  notification(1, { collapse_key: 'upload' })
  notification(2)
  notification(3, { collapse_key: 'upload' })
  expect(ids(inbox.items)).toBe('3,2')
})

test('what is no mark of the inbox changes nothing, and is told as nothing else', async () => {
  const { inbox, notification, socket } = await opened(() => Response.json({ items: [item(1)] }))
  const told: unknown[] = []
  inbox.on('read', change => told.push(change))
  await inbox.load()
  notification(1)
  socket.receive({
    type: 'read_response',
    id: 'x',
    channel: 'room:a',
    data: { channel: 'room:a', read_n: 9 },
  })
  expect([told, ids(inbox.items)]).toEqual([[], '1'])
})

test('what comes is told, but not shown among what is archived', async () => {
  const { inbox, notification } = await opened(() => Response.json({ items: [item(1, { archived: true })] }))
  const told: string[] = []
  inbox.on('notification', ({ id }) => told.push(id))
  await inbox.load({ filter: 'archived' })
  notification(2)
  expect([told, ids(inbox.items)]).toEqual([['2'], '1'])
})

test('what was loaded is loaded again after a reconnect and a reset', async () => {
  let page = 0
  const { inbox, requests, comeBack } = await opened(() => Response.json({ items: [item(++page)] }))
  await inbox.load({ filter: 'unread' })
  const socket = await comeBack()
  await settle()
  expect(ids(inbox.items)).toBe('2')
  socket.receive({ type: 'reset', channel: 'user:7', data: { reason: 'history_trimmed' } })
  await settle()
  expect(ids(inbox.items)).toBe('3')
  expect(new Set(requests.map(({ path }) => path)).size).toBe(1)
})

test('a page that was overtaken by another query is thrown away', async () => {
  const answers: ((response: Response) => void)[] = []
  const { inbox } = await opened(() => new Promise<Response>(resolve => answers.push(resolve)))
  const first = inbox.load()
  const second = inbox.load({ filter: 'archived' })
  await settle()
  answers[1]?.(Response.json({ items: [item(9, { archived: true })] }))
  await second
  answers[0]?.(Response.json({ items: [item(1)] }))
  await first
  expect(ids(inbox.items)).toBe('9')
})

test('a closed inbox hears nothing any more', async () => {
  const { inbox, counts } = await opened(() => Response.json({}))
  inbox.close()
  counts(3, 1)
  expect(inbox.counts).toBeUndefined()
})
