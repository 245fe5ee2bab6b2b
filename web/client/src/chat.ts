import type { Client } from './client.js'
import type { Off } from './emitter.js'
import type { Frame, FrameData } from './frame.js'
import type { Amendment, MessageData } from './message.js'
import { Room, type RoomData } from './room.js'

export type { Amendment, Attachment, MessageData, Reaction } from './message.js'
export type { Room, RoomData, RoomEvents, SendOptions } from './room.js'

declare module './frame.js' {
  interface FrameData {
    rooms: { readonly rooms: readonly RoomData[]; readonly more: boolean }
    room_counts: RoomData & { readonly version: number }
    room: RoomData & { readonly change: string }
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

/**
 * The user's rooms. Hears what the client hears: connect it to `/ws/chat/`, which subscribes them by itself. Who else is
 * in the room on the screen is known from its channel, opened with `presence`.
 */
export class Chat {
  readonly #client: Client
  readonly #rooms = new Map<string, Room>()
  readonly #off: Off

  constructor(client: Client) {
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
    if (frame.type === 'rooms') {
      for (const info of (frame.data as FrameData['rooms']).rooms) this.room(info.channel).begin(info)
    }
    const isCounts = frame.type === 'room_counts'
    const channel = isCounts ? (frame.data as RoomData).channel : frame.channel
    if (channel?.startsWith('room:')) this.room(channel).received(frame)
  }
}

/** Makes a chat. */
export function createChat(client: Client): Chat {
  return new Chat(client)
}
