import { type Client, createClient, type State } from '@fanfare/client'
import { type Chat, createChat, type Room, type RoomData } from '@fanfare/client/chat'
import { onScopeDispose, type ShallowRef, shallowReactive, shallowRef } from 'vue'
import { call, getToken } from '../../session/session'

export interface Rooms {
  readonly client: Client
  readonly chat: Chat
  readonly state: ShallowRef<State>
  /** What is known of each room, by channel. */
  readonly info: Map<string, RoomData>
}

/** A connection for chat, for as long as the component lives. */
export function useRooms(): Rooms {
  const client = createClient({
    url: () => new URL('/ws/chat/', location.href),
    getToken,
    background: 'pause',
  })
  const chat = createChat(client)
  const info = shallowReactive(new Map<string, RoomData>())
  const state = shallowRef<State>('idle')
  const followed = new Set<Room>()
  const tell = (data: RoomData) => {
    const known = info.get(data.channel)
    info.set(data.channel, { ...known, ...data })
    // Who has just joined is told the channel and no more.
    if (!known && data.kind === undefined) void describe(data.channel)
  }
  const describe = (channel: string) =>
    call<RoomData>(`/v1/rooms/${encodeURIComponent(channel.slice('room:'.length))}`).then(
      ({ name, kind, members, users, archived }) => {
        const about = { name, kind, members, users, archived }
        info.set(channel, { ...info.get(channel), ...about, channel } as RoomData)
      },
      () => {},
    )
  const follow = (room: Room) => {
    if (followed.has(room)) return
    followed.add(room)
    room.on('info', tell)
    // The line under its name is the last that was said.
    room.on('entry', last => {
      if (last.type === 'message') tell({ channel: room.info.channel, last })
    })
    room.on('entries', entries => {
      const last = room.hasNewer ? undefined : entries.findLast(({ type }) => type === 'message')
      if (last?.type === 'message') tell({ channel: room.info.channel, last })
    })
  }
  chat.on('rooms', rooms => {
    const known = new Set<string>()
    for (const room of rooms) {
      follow(room)
      tell(room.info)
      known.add(room.info.channel)
    }
    for (const channel of info.keys()) if (!known.has(channel)) info.delete(channel)
  })
  client.on('state', ({ to }) => {
    state.value = to
  })
  client.connect().catch(() => {})
  onScopeDispose(() => void client.close())
  return { client, chat, state, info }
}

/** What a room is called: the other one, where there are two. */
export function nameOf({ name, channel, kind, users }: RoomData, me: string | undefined): string {
  if (kind === 'direct') return users?.find(user => user !== me) ?? channel
  return name || channel.replace(/^room:/, '')
}
