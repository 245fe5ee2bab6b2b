import { afterAll, beforeAll, expect, test } from 'vitest'
import { createInbox, type Inbox } from '../../src/inbox.js'
import { connect, entering, until } from '../support/connect.js'
import { Server } from '../support/server.js'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.end())

const path = '/ws/notifications/'

const unread = (inbox: Inbox, number: number) =>
  until<unknown>(
    listener => inbox.on('counts', listener),
    () => inbox.counts?.unread === number,
  )

test('what is read on one device falls on the other', async () => {
  await using one = await connect(server, 'ann', { path })
  await using other = await connect(server, 'ann', { path })
  const [here, there] = [createInbox(one), createInbox(other)]
  await Promise.all([here.load(), there.load()])
  const both = (number: number) => Promise.all([unread(here, number), unread(there, number)])
  const two = both(2)
  await server.notify('ann', 'first')
  await server.notify('ann', 'second')
  await two
  expect(there.items.map(({ title }) => title)).toEqual(['second', 'first'])

  const [second, first] = here.items
  const marked = until<{ id?: string }>(listener => there.on('read', listener))
  const left = both(1)
  const change = await here.read(second?.id ?? '')
  expect(change).toMatchObject({ change: 'read', id: second?.id, counts: { unread: 1 } })
  expect((await marked).id).toBe(second?.id)
  await left
  expect(there.items.map(({ read }) => read)).toEqual([true, false])

  const again = both(2)
  await there.unread(second?.id ?? '')
  await again
  const none = both(0)
  await here.readAll()
  await none
  expect(there.items.every(({ read }) => read)).toBe(true)
  await here.archive(first?.id ?? '')
  expect(here.items.map(({ title }) => title)).toEqual(['second'])
  const archived = await there.list({ filter: 'archived' })
  expect(archived.items.map(({ title }) => title)).toEqual(['first'])
  await expect(here.read('no-such-id')).rejects.toMatchObject({ code: 'not_found' })
})

test('pages do not overlap', async () => {
  for (const title of ['1', '2', '3', '4', '5']) await server.notify('bob', title)
  await using client = await connect(server, 'bob', { path })
  const inbox = createInbox(client)
  await inbox.load({ limit: 2 })
  expect(inbox.hasMore).toBe(true)
  const newest = until<unknown>(listener => inbox.on('notification', listener))
  await server.notify('bob', '6')
  await newest
  while (inbox.hasMore) await inbox.more()
  expect(inbox.items.map(({ title }) => title)).toEqual(['6', '5', '4', '3', '2', '1'])
})

test('counts of a token with other groups are not mistaken for the own ones', async () => {
  const rights = { groups: ['ops'] }
  await using client = await connect(server, 'cy', { path, rights })
  const inbox = createInbox(client)
  const first = unread(inbox, 1)
  await server.post('/v1/notifications', { to: { groups: ['ops'] }, title: 'for ops' })
  await inbox.count()
  await first
  // Whoever counts for the user next knows only the token that was seen last, which has no groups.
  await using stranger = await connect(server, 'cy', { path })
  await createInbox(stranger).count()
  const both = unread(inbox, 2)
  await server.notify('cy', 'for cy')
  await both
  expect(inbox.counts?.by_channel).toEqual({ 'group:ops': 1, 'user:cy': 1 })
})

test('what was taken back and what was replaced is gone', async () => {
  await using client = await connect(server, 'dan', { path })
  const inbox = createInbox(client)
  await inbox.load()
  const titles = (...expected: string[]) =>
    until<readonly { title: string }[]>(
      listener => inbox.on('items', listener),
      items => items.map(({ title }) => title).join() === expected.join(),
    )
  const replaced = titles('90 %')
  const to = { users: ['dan'] }
  await server.post('/v1/notifications', { to, title: '10 %', collapse_key: 'upload' })
  await server.post('/v1/notifications', { to, title: '90 %', collapse_key: 'upload' })
  await replaced
  const gone = titles()
  await server.remove(`/v1/notifications/${inbox.items[0]?.id}`)
  await gone
})

test('an inbox that was away shows what was marked meanwhile, of which nobody tells it', async () => {
  let comeBack = () => {}
  let mayReturn = Promise.resolve()
  await using away = await connect(server, 'eve', {
    path,
    getToken: () => mayReturn.then(() => server.token('eve')),
  })
  const inbox = createInbox(away)
  await inbox.load()
  const one = unread(inbox, 1)
  await server.notify('eve', 'x')
  await one
  mayReturn = new Promise(resolve => {
    comeBack = resolve
  })
  const lost = entering(away, 'waiting')
  await server.kill()
  await lost
  await server.startAgain()
  await using other = await connect(server, 'eve', { path })
  await createInbox(other).readAll(inbox.items[0]?.id)
  const shown = until<unknown>(
    listener => inbox.on('items', listener),
    () => inbox.items[0]?.read === true,
  )
  comeBack()
  await shown
})
