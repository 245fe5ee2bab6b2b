// Against recorded frames of the contract.

import { expect, test } from 'vitest'
import { channel } from '../../src/channels.js'
import { createChat } from '../../src/chat.js'
import { settle } from '../support/clock.js'
import { harness } from '../support/harness.js'
import type { FakeSocket } from '../support/socket.js'

const ROOM = 'room:42'

const entry = (n: number, type: string, data: Record<string, unknown>) => ({
  type,
  channel: ROOM,
  n,
  cursor: `1.${n}.${n}`,
  timestamp: '2026-11-23T00:00:00.500Z',
  data,
})

const message = (n: number, more: Record<string, unknown> = {}) =>
  entry(n, 'message', { n, id: `m${n}`, user: '8', content: `${n}`, created_at: 'x', ...more })

function page(socket: FakeSocket, items: unknown[], more: Record<string, unknown> = {}): void {
  const data = { items, more: false, more_after: false, before: 1, after: items.length, ...more }
  socket.answer('history', { type: 'history_response', channel: ROOM, data })
}

async function chatting() {
  const own = harness()
  const chat = createChat(own.client)
  const socket = await own.open()
  const room = chat.room(ROOM)
  const shown = () => room.entries.map(({ n }) => n)
  return { ...own, chat, room, socket, shown }
}

/** The same with a room that is shown, and empty. */
async function showing() {
  const own = await chatting()
  const loading = own.room.load()
  page(own.socket, [])
  await loading
  return own
}

test('a room that is not shown keeps nothing but what came last', async () => {
  const { room, socket, shown } = await chatting()
  socket.receive(message(1))
  socket.receive({ type: 'reset', channel: ROOM, data: { reason: 'epoch_changed' } })
  expect(shown()).toEqual([])
  expect(socket.sent.some(({ type }) => type === 'history')).toBe(false)
  expect(room.hasNewer).toBe(true)
})

test('the list of rooms, which may come in parts', async () => {
  const { chat, socket } = await chatting()
  let told = 0
  chat.on('rooms', () => {
    told += 1
  })
  const info = (id: string) => ({
    channel: `room:${id}`,
    name: id,
    kind: 'private',
    role: 'member',
    unread: 2,
  })
  socket.receive({ type: 'rooms', data: { rooms: [info('42'), info('a')], more: true } })
  socket.receive({ type: 'rooms', data: { rooms: [info('b')], more: false } })
  expect(chat.rooms.map(({ info }) => info.name)).toEqual(['42', 'a', 'b'])
  expect(told).toBe(2)
})

test('counts are absolute, and the larger version holds', async () => {
  const { room, socket } = await chatting()
  const counts = (unread: number, version: number) =>
    socket.receive({
      type: 'room_counts',
      channel: 'user:7',
      data: { channel: ROOM, unread, mentions: 0, read_n: 1, version },
    })
  counts(3, 10)
  counts(9, 9)
  expect(room.info.unread).toBe(3)
  counts(1, 11)
  expect(room.info.unread).toBe(1)
})

test('a message is sent, edited, deleted and reacted to', async () => {
  const { room, socket } = await chatting()
  const sent = room.send('hi', { reply_to: 3, mentions: ['8'], client_id: 'c' })
  expect(socket.last('publish')).toMatchObject({
    channel: ROOM,
    data: { content: 'hi', reply_to: 3, mentions: ['8'] },
    client_id: 'c',
  })
  socket.answer('publish', { type: 'published', data: { n: 4, cursor: '1.4.4' } })
  expect((await sent).n).toBe(4)
  void room.edit(4, 'hello')
  expect(socket.last('edit')).toMatchObject({ channel: ROOM, n: 4, content: 'hello' })
  void room.delete(4)
  expect(socket.last('delete')).toMatchObject({ channel: ROOM, n: 4 })
  void room.react(4, '👍')
  expect(socket.last('react')).toMatchObject({ channel: ROOM, n: 4, content: '👍', on: true })
  void room.react(4, '👍', false)
  expect(socket.last('react')).toMatchObject({ on: false })
})

test('what comes of a message later is seen at the message', async () => {
  const { room, socket } = await showing()
  socket.receive(message(1))
  socket.receive(message(2))
  const first = () => room.entries[0]?.data
  socket.receive(entry(3, 'edited', { n: 1, content: 'better', edited_at: 'later' }))
  expect(first()).toMatchObject({ content: 'better', edited_at: 'later' })
  const react = (n: number, user: string, on: boolean) =>
    socket.receive(entry(n, 'reaction', { n: 1, emoji: '👍', user, on }))
  react(4, '7', true)
  react(5, '8', true)
  react(5, '8', true)
  expect(first()).toMatchObject({ reactions: [{ emoji: '👍', users: ['7', '8'], count: 2 }] })
  react(6, '7', false)
  expect(first()).toMatchObject({ reactions: [{ emoji: '👍', users: ['8'], count: 1 }] })
  react(7, '8', false)
  expect(first()).toMatchObject({ reactions: [] })
  socket.receive(entry(8, 'deleted', { n: 1, by: 'mod' }))
  expect(first()).toEqual({
    n: 1,
    id: 'm1',
    user: '8',
    created_at: 'x',
    deleted: { by: 'mod', at: '2026-11-23T00:00:00.500Z' },
  })
  expect(room.entries[1]?.data).toMatchObject({ content: '2' })
})

test('the newest page, then what comes, each once', async () => {
  const { room, socket, shown } = await chatting()
  const told: unknown[] = []
  room.on('entry', ({ n }) => told.push(n))
  const loading = room.load()
  expect(socket.last('history')).toEqual({ type: 'history', id: 'r1', channel: ROOM, limit: 50 })
  // It comes while the page is on its way, and the page knows nothing of it.
  socket.receive(message(6))
  page(socket, [message(3), message(4)], { more: true, before: 3, after: 5 })
  await loading
  socket.receive(message(7))
  socket.receive(message(7))
  expect(shown()).toEqual([3, 4, 6, 7])
  expect(told).toEqual([6, 7])
  expect([room.hasOlder, room.hasNewer]).toEqual([true, false])
})

test('older pages are put before the window', async () => {
  const { room, socket, shown } = await chatting()
  const loading = room.load()
  page(socket, [message(9)], { more: true, before: 8, after: 9 })
  await loading
  const older = room.older()
  expect(socket.last('history').before).toBe(8)
  page(socket, [message(2), message(5)], { more: false, before: 1 })
  await older
  expect(shown()).toEqual([2, 5, 9])
  expect(room.hasOlder).toBe(false)
})

test('around an entry, the window grows to the end before it shows what comes', async () => {
  const { room, socket, shown } = await chatting()
  const loading = room.load(20)
  expect(socket.last('history').around).toBe(20)
  page(socket, [message(19), message(20)], { more: true, more_after: true, before: 19, after: 20 })
  await loading
  socket.receive(message(50))
  expect(shown()).toEqual([19, 20])
  const newer = room.newer()
  expect(socket.last('history').after).toBe(20)
  // Sent before the page that does not hold it.
  socket.receive(message(51))
  page(socket, [message(30), message(50)], { more: false, after: 50 })
  await newer
  socket.receive(message(52))
  expect(shown()).toEqual([19, 20, 30, 50, 51, 52])
  expect(room.hasNewer).toBe(false)
})

test('the window is bounded', async () => {
  const { room, socket } = await showing()
  for (let n = 1; n <= 1_005; n += 1) socket.receive(message(n))
  expect(room.entries).toHaveLength(1_000)
  expect(room.hasOlder).toBe(true)
  void room.older()
  expect(socket.last('history').before).toBe(6)
})

test('a read mark is sent once and never goes back', async () => {
  const { room, socket } = await showing()
  socket.receive(message(5))
  const reading = room.read()
  expect(socket.last('read')).toMatchObject({ channel: ROOM, n: 5 })
  socket.answer('read', {
    type: 'read_response',
    channel: ROOM,
    data: { channel: ROOM, read_n: 5, unread: 0, mentions: 0, version: 3 },
  })
  await reading
  expect(room.info).toMatchObject({ read_n: 5, unread: 0 })
  await room.read()
  await room.read(4)
  expect(socket.sent.filter(({ type }) => type === 'read')).toHaveLength(1)
})

test('typing is told every three seconds at most, and its end at once', async () => {
  const { room, socket, clock } = await chatting()
  const told = () => socket.sent.filter(({ type }) => type === 'typing').map(({ on }) => on)
  room.typing()
  room.typing()
  await clock.advance(2_999)
  room.typing()
  expect(told()).toEqual([true])
  await clock.advance(1)
  room.typing()
  room.typing(false)
  room.typing()
  expect(told()).toEqual([true, true, false, true])
})

test('who types is shown until it expires, or a message comes', async () => {
  const { room, socket, clock } = await chatting()
  const told: string[] = []
  room.on('typing', users => told.push(users.join()))
  const typing = (user: string, on = true) =>
    socket.receive({ type: 'typing', channel: ROOM, data: { user, on, expires_in_ms: on ? 7_000 : 0 } })
  typing('8')
  typing('9')
  await clock.advance(6_000)
  typing('8')
  await clock.advance(1_000)
  socket.receive(message(1, { user: '8' }))
  expect(told).toEqual(['8', '8,9', '8', ''])
  typing('9')
  typing('9', false)
  expect(told.slice(4)).toEqual(['9', ''])
})

test('what becomes of a room is an entry, and known of it', async () => {
  const { room, socket, shown } = await showing()
  socket.receive(entry(1, 'room', { change: 'renamed', by: '8', name: 'Lab' }))
  socket.receive(entry(2, 'room', { change: 'archived', by: '8' }))
  expect(room.info).toMatchObject({ name: 'Lab', archived: true })
  socket.receive(entry(3, 'room', { change: 'restored', by: '8' }))
  socket.receive(entry(4, 'room', { change: 'joined', by: '9', user: '9', name: 'Nine' }))
  expect(room.info).toMatchObject({ name: 'Lab', archived: false })
  expect(shown()).toEqual([1, 2, 3, 4])
})

test('who comes into a room reads it, also after a reconnect; who goes forgets it', async () => {
  const { client, chat, socket, comeBack } = await chatting()
  const membership = (change: string) =>
    socket.receive({
      type: 'room_membership',
      channel: 'user:7',
      data: { channel: 'room:new', change, role: 'member' },
    })
  membership('invited')
  expect(socket.last('subscribe')).toMatchObject({ channel: 'room:new' })
  socket.answer('subscribe', {
    type: 'subscribed',
    channel: 'room:new',
    cursor: '1.9.0',
    data: { recovered: false },
  })
  await settle()
  expect(client.cursors).toEqual({ 'room:new': '1.9.0' })
  expect(chat.rooms.map(({ info }) => [info.channel, info.role])).toContainEqual(['room:new', 'member'])
  membership('removed')
  expect(chat.rooms.map(({ info }) => info.channel)).not.toContain('room:new')
  const back = await comeBack()
  expect(back.last('auth').since).toEqual({ 'room:new': '1.9.0' })
})

test('a reset begins the window anew', async () => {
  const { room, socket, shown } = await showing()
  socket.receive(message(5))
  socket.receive({ type: 'reset', channel: ROOM, data: { reason: 'history_trimmed' } })
  page(socket, [message(90)], { before: 90, after: 90 })
  await settle()
  expect(shown()).toEqual([90])
  expect(room.hasNewer).toBe(false)
})

test('the room on the screen is opened with presence, and goes on being read when it is closed', async () => {
  const { client, socket } = await chatting()
  socket.receive({ type: 'subscribed', channel: ROOM, cursor: '1.3.3', data: { recovered: true } })
  const screen = channel(client, ROOM, { presence: true })
  expect(socket.last('subscribe')).toMatchObject({ channel: ROOM, since: '1.3.3', presence: true })
  screen.close()
  expect(socket.last('subscribe')).toMatchObject({ channel: ROOM, since: '1.3.3' })
  expect(socket.last('subscribe')).not.toHaveProperty('presence')
  expect(socket.sent.some(({ type }) => type === 'unsubscribe')).toBe(false)
})
