import { afterAll, beforeAll, expect, test } from 'vitest'
import { createChat, type Room, type RoomData, type RoomEntry } from '../../src/chat.js'
import type { Client } from '../../src/index.js'
import { connect, entering, subscribed, until } from '../support/connect.js'
import { Server } from '../support/server.js'

const path = '/ws/chat/'

let server: Server
beforeAll(async () => {
  server = await Server.start()
})
afterAll(() => server.end())

/** A room of its own for a test; answers its channel. */
async function open(members: string[], on = server): Promise<string> {
  const { id } = await on.post<{ id: string }>('/v1/rooms', { kind: 'private', name: 'Lab', members })
  return `room:${id}`
}

/** The room on a client's screen, once what happens there is heard. */
async function enter(client: Client, channel: string): Promise<Room> {
  const room = createChat(client).room(channel)
  await subscribed(client, channel)
  await room.load()
  return room
}

/** Not by a user, but by the backend. */
const announce = (channel: string, content: string) =>
  server.post(`/v1/rooms/${channel.slice(5)}/messages`, { content })

const messages = (entries: readonly RoomEntry[]) =>
  entries.flatMap(entry => (entry.type === 'message' ? [entry.data] : []))

const texts = (room: Room) => messages(room.entries).map(({ content }) => content)

/** Resolves when the room shows what fits. */
async function shows(room: Room, fits: (entries: readonly RoomEntry[]) => boolean): Promise<void> {
  if (!fits(room.entries)) await until(listener => room.on('entries', listener), fits)
}

async function counts(room: Room, fits: (info: RoomData) => boolean): Promise<void> {
  if (!fits(room.info)) await until(listener => room.on('info', listener), fits)
}

test('what one sends, edits, reacts to and deletes the other one sees', async () => {
  const channel = await open(['ann', 'bob'])
  await using ann = await connect(server, 'ann', { path })
  await using bob = await connect(server, 'bob', { path })
  const [hers, his] = [await enter(ann, channel), await enter(bob, channel)]

  const first = await hers.send('hello', { client_id: 'one' })
  expect(await hers.send('hello', { client_id: 'one' })).toEqual(first)
  const answer = await his.send('hi', { reply_to: first.n })
  await shows(hers, entries => messages(entries).length === 2)
  expect(messages(hers.entries)).toMatchObject([
    { n: first.n, user: 'ann', content: 'hello' },
    { n: answer.n, user: 'bob', content: 'hi', reply_to: first.n },
  ])

  await hers.edit(first.n, 'hello there')
  await shows(his, entries => messages(entries)[0]?.content === 'hello there')
  expect(messages(his.entries)[0]?.edited_at).toBeDefined()
  await his.react(first.n, '👍')
  await shows(hers, entries => messages(entries)[0]?.reactions?.length === 1)
  expect(messages(hers.entries)[0]?.reactions).toEqual([{ emoji: '👍', users: ['bob'], count: 1 }])
  await his.react(first.n, '👍', false)
  await shows(hers, entries => messages(entries)[0]?.reactions?.length === 0)
  await his.delete(answer.n)
  await shows(hers, entries => messages(entries)[1]?.deleted !== undefined)
  expect(messages(hers.entries)[1]).toMatchObject({ deleted: { by: 'bob' } })

  await expect(his.edit(first.n, 'not mine')).rejects.toMatchObject({ code: 'forbidden' })
  // A page that is loaded afterwards says the same.
  await using again = await connect(server, 'ann', { path })
  expect(messages((await enter(again, channel)).entries)).toMatchObject([
    { content: 'hello there' },
    { deleted: { by: 'bob' } },
  ])
})

test('a room that one is added to is there at once, and gone when one is removed', async () => {
  await using cy = await connect(server, 'cy', { path })
  const chat = createChat(cy)
  const heard = until<{ channel?: string }>(
    listener => cy.on('subscribed', listener),
    frame => frame.channel?.startsWith('room:') === true,
  )
  const channel = await open(['ann', 'cy'])
  expect((await heard).channel).toBe(channel)
  expect(chat.rooms.map(({ info }) => info.channel)).toEqual([channel])
  const room = chat.room(channel)
  await room.load()
  await announce(channel, 'welcome')
  await shows(room, entries => messages(entries).length === 1)
  const gone = until<readonly Room[]>(
    listener => chat.on('rooms', listener),
    rooms => !rooms.includes(room),
  )
  await server.remove(`/v1/rooms/${channel.slice(5)}/members/cy`)
  await gone
})

test('who types is told to the others, until the message is there', async () => {
  const channel = await open(['ann', 'bob'])
  await using ann = await connect(server, 'ann', { path })
  await using bob = await connect(server, 'bob', { path })
  const [hers, his] = [await enter(ann, channel), await enter(bob, channel)]
  const typing = until<readonly string[]>(listener => his.on('typing', listener))
  hers.typing()
  expect(await typing).toEqual(['ann'])
  const done = until<readonly string[]>(listener => his.on('typing', listener))
  await hers.send('there')
  expect(await done).toEqual([])
})

test('what is unread is counted, and what is read here is read on the other device', async () => {
  const channel = await open(['ann', 'bob'])
  await using ann = await connect(server, 'ann', { path })
  await using phone = await connect(server, 'bob', { path })
  await using laptop = await connect(server, 'bob', { path })
  const hers = await enter(ann, channel)
  const his = [await enter(phone, channel), await enter(laptop, channel)] as const
  await hers.send('one')
  const { n } = await hers.send('two, @bob', { mentions: ['bob'] })
  for (const room of his) await counts(room, ({ unread, mentions }) => unread === 2 && mentions === 1)
  await shows(his[0], entries => entries.at(-1)?.n === n)
  await his[0].read()
  for (const room of his) await counts(room, ({ unread, read_n }) => unread === 0 && read_n === n)
})

test('history is paged upwards without a hole', async () => {
  const channel = await open(['ann', 'bob'])
  const said = Array.from({ length: 120 }, (_, at) => `${at}`)
  for (const content of said) await announce(channel, content)
  await using ann = await connect(server, 'ann', { path })
  const room = await enter(ann, channel)
  expect(texts(room)).toEqual(said.slice(-texts(room).length))
  expect(room.hasOlder).toBe(true)
  let before = 0
  while (room.hasOlder) {
    expect(room.entries.length).toBeGreaterThan(before)
    before = room.entries.length
    await room.older()
  }
  expect(texts(room)).toEqual(said)
  // From the middle, as for the first unread one, and down to the end.
  await room.load(60)
  expect(room.hasNewer).toBe(true)
  while (room.hasNewer) await room.newer()
  expect(texts(room).slice(-60)).toEqual(said.slice(-60))
})

test('a room that was away misses nothing, and nothing comes twice', async () => {
  const own = await Server.own()
  const channel = await open(['ann', 'bob'], own)
  let comeBack = () => {}
  let mayReturn = Promise.resolve()
  await using ann = await connect(own, 'ann', {
    path,
    getToken: () => mayReturn.then(() => own.token('ann')),
  })
  const room = await enter(ann, channel)
  const before = await connect(own, 'bob', { path })
  const { n } = await (await enter(before, channel)).send('before')
  await before.close()
  await shows(room, entries => messages(entries).length === 1)
  mayReturn = new Promise(resolve => {
    comeBack = resolve
  })
  const lost = entering(ann, 'waiting')
  await own.kill()
  await lost
  await own.startAgain()
  await using bob = await connect(own, 'bob', { path })
  const his = await enter(bob, channel)
  await his.send('while away')
  await his.edit(n, 'before, edited')
  await his.send('again')
  comeBack()
  await shows(room, entries => messages(entries).length === 3 && !texts(room).includes('before'))
  await his.send('after')
  await shows(room, entries => messages(entries).at(-1)?.content === 'after')
  expect(texts(room)).toEqual(['before, edited', 'while away', 'again', 'after'])
})
