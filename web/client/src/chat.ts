import type { Client } from './client.js'
import { Emitter, type Off } from './emitter.js'
import type { Frame, FrameData } from './frame.js'
import type { Amendment, MessageData } from './message.js'
import { Room, type RoomChange, type RoomData } from './room.js'

export type { Amendment, Attachment, MessageData, Reaction } from './message.js'
export type { Room, RoomChange, RoomData, RoomEntry, RoomEvents, SendOptions } from './room.js'

declare module './frame.js' {
  interface FrameData {
    rooms: { readonly rooms: readonly RoomData[]; readonly more: boolean }
    room_counts: RoomData
    room_membership: { readonly channel: string; readonly change: string; readonly role?: string }
    room: RoomChange
    message: MessageData
    edited: Amendment
    deleted: Amendment
    reaction: Amendment
    typing: {
      readonly user: string
      readonly name?: string
      readonly on: boolean
      readonly expires_in_ms: number
    }
  }
}

export type ChatEvents = {
  /** There are other rooms now. */
  rooms: [rooms: readonly Room[]]
}

/**
 * The user's rooms. Hears what the client hears: connect it to `/ws/chat/`, which subscribes them by itself. Who else is
 * in the room on the screen is known from its channel, opened with `presence`.
 */
class Chat extends Emitter<ChatEvents> {
  readonly #client: Client
  readonly #rooms = new Map<string, Room>()
  readonly #off: Off

  constructor(client: Client) {
    super()
    this.#client = client
    this.#off = client.on('frame', frame => this.#received(frame))
  }

  /** Those that the server has named, and those that were asked for. */
  get rooms(): readonly Room[] {
    return [...this.#rooms.values()]
  }

  /** The room of a channel: `room:42`. */
  room(channel: string): Room {
    const room = this.#rooms.get(channel) ?? new Room(this.#client, channel)
    this.#rooms.set(channel, room)
    return room
  }

  /** Hears nothing any more. The client goes on. */
  close(): void {
    this.#off()
  }

  #received(frame: Frame): void {
    const { type, data } = frame
    if (type === 'rooms') {
      for (const info of (data as FrameData['rooms']).rooms) this.room(info.channel).inform(info)
      this.emit('rooms', this.rooms)
    } else if (type === 'room_membership') {
      this.#changed(data as FrameData['room_membership'])
    } else {
      // Counts are told to the user, not to the room.
      const channel = type === 'room_counts' ? (data as RoomData).channel : frame.channel
      if (channel?.startsWith('room:')) this.room(channel).received(frame)
    }
  }

  #changed({ channel, change, role }: FrameData['room_membership']): void {
    if (['left', 'removed', 'banned'].includes(change)) {
      this.#rooms.delete(channel)
    } else {
      this.room(channel).inform({ role } as RoomData)
      this.#client.follow(channel).catch(() => {})
    }
    this.emit('rooms', this.rooms)
  }
}

export type { Chat }

/** Makes a chat. */
export function createChat(client: Client): Chat {
  return new Chat(client)
}
