import type { Client } from './client.js'
import type { Published } from './data.js'
import { Emitter } from './emitter.js'
import type { Frame } from './frame.js'
import { type Amendment, type Attachment, amended, type MessageData } from './message.js'

/** Messages of a page. */
const PAGE = 50

/** Messages held, at most; the ends of the window are let go. */
const WINDOW_MAX = 1_000

/** Least between two words that somebody types, in milliseconds; the server shows one for five seconds. */
const TYPING_MS = 3_000

/** A room as the list of rooms tells it. */
export interface RoomData {
  readonly channel: string
  readonly name?: string
  readonly kind?: string
  readonly role?: string
  readonly unread?: number
  readonly mentions?: number
  readonly read_n?: number
  readonly last?: unknown
}

export interface SendOptions {
  /** Ordinal of the message this answers. */
  readonly reply_to?: number
  readonly attachments?: readonly Attachment[]
  /** Users. */
  readonly mentions?: readonly string[]
  /** The same within 24 hours is sent once. */
  readonly client_id?: string
}

export type RoomEvents = {
  message: [message: MessageData]
  /** `messages` are others now. */
  messages: [messages: readonly MessageData[]]
  /** What the list of rooms tells, or the counts, are others now. */
  info: [info: RoomData]
  typing: [users: readonly string[]]
}

/** One chat room, and a window of its messages. */
export class Room extends Emitter<RoomEvents> {
  readonly #client: Client
  readonly #channel: string
  #info: RoomData
  #messages: readonly MessageData[] = []
  /** Nothing lies between the window and what comes. */
  #atEnd = true
  #typedAt = Number.NEGATIVE_INFINITY
  #version = -1
  readonly #typing = new Map<string, unknown>()

  /** @internal */
  constructor(client: Client, channel: string) {
    super()
    this.#client = client
    this.#channel = channel
    this.#info = { channel }
  }

  get info(): RoomData {
    return this.#info
  }

  /** In order, without a hole but for what is gone. */
  get messages(): readonly MessageData[] {
    return this.#messages
  }

  /** Resolves when it is stored. It comes as a `message` too. */
  send(content: string, { client_id, ...more }: SendOptions = {}): Promise<Published> {
    return this.#ask('publish', { data: { content, ...more }, client_id })
  }

  edit(n: number, content: string): Promise<Published> {
    return this.#ask('edit', { n, content })
  }

  delete(n: number): Promise<Published> {
    return this.#ask('delete', { n })
  }

  react(n: number, emoji: string, on = true): Promise<Published> {
    return this.#ask('react', { n, content: emoji, on })
  }

  /** Call it with each key: it is told as often as others have to know. */
  typing(on = true): void {
    const now = this.#client.settings.clock.now()
    if (on && now < this.#typedAt + TYPING_MS) return
    this.#typedAt = on ? now : Number.NEGATIVE_INFINITY
    this.#client.send({ type: 'typing', channel: this.#channel, on })
  }

  /** Everything up to `n` is read. A mark never goes back. */
  async read(n: number | undefined = this.#messages.at(-1)?.n): Promise<void> {
    if (n === undefined || n <= (this.#info.read_n ?? 0)) return
    await this.#ask('read', { n })
    this.#inform({ read_n: n })
  }

  /** The newest page. */
  async load(): Promise<void> {
    const { items } = await this.#page({})
    const last = items.at(-1)?.n ?? 0
    this.#atEnd = true
    this.#show([...items, ...this.#messages.filter(({ n }) => n > last)])
  }

  /** The page around a message, as for the first unread one. */
  async around(n: number): Promise<void> {
    const { items } = await this.#page({ around: n })
    this.#atEnd = false
    this.#show(items)
  }

  /** Adds the page before the window; `false` when that was the first. */
  async older(): Promise<boolean> {
    const { items, more } = await this.#page({ before: this.#messages[0]?.n })
    const all = [...items, ...this.#messages]
    if (all.length > WINDOW_MAX) this.#atEnd = false
    this.#show(all.slice(0, WINDOW_MAX))
    return more
  }

  /** Adds the page after the window; `false` when that was the last. */
  async newer(): Promise<boolean> {
    const { items, more } = await this.#page({ after: this.#messages.at(-1)?.n ?? 0 })
    this.#atEnd ||= !more
    this.#append(items)
    return more
  }

  /** @internal */
  received(frame: Frame): void {
    const { type, data } = frame
    if (type === 'message') {
      const message = data as MessageData
      this.#typed(message.user)
      if (this.#atEnd) this.#append([message])
      this.emit('message', message)
    } else if (type === 'edited' || type === 'deleted' || type === 'reaction') {
      const change = data as Amendment
      this.#show(this.#messages.map(own => (own.n === change.n ? amended(own, type, change) : own)))
    } else if (type === 'typing') {
      const { user, on, expires_in_ms } = data as { user: string; on: boolean; expires_in_ms: number }
      this.#typed(user, on ? expires_in_ms : 0)
    } else if (type === 'room_counts') {
      const { version, ...counts } = data as RoomData & { version: number }
      if (version < this.#version) return
      this.#version = version
      this.#inform(counts)
    } else if (type === 'room') {
      this.#inform(data as RoomData)
    } else if (
      type === 'subscribed' &&
      !(data as { recovered: boolean }).recovered &&
      this.#messages.length > 0
    ) {
      // What was missed is not replayed, so the window begins anew.
      this.#messages = []
      this.load().catch(() => {})
    }
  }

  /** @internal What a new session tells first. */
  begin(info: RoomData): void {
    this.#version = -1
    this.#inform(info)
  }

  #inform(info: Partial<RoomData>): void {
    this.#info = { ...this.#info, ...info }
    this.emit('info', this.#info)
  }

  #typed(user: string, ms = 0): void {
    const { clock } = this.#client.settings
    const had = this.#typing.has(user)
    clock.clearTimeout(this.#typing.get(user))
    this.#typing.delete(user)
    if (ms > 0)
      this.#typing.set(
        user,
        clock.setTimeout(() => this.#typed(user), ms),
      )
    if (had !== ms > 0) this.emit('typing', [...this.#typing.keys()])
  }

  #append(messages: readonly MessageData[]): void {
    const last = this.#messages.at(-1)?.n ?? 0
    this.#show([...this.#messages, ...messages.filter(({ n }) => n > last)].slice(-WINDOW_MAX))
  }

  #show(messages: readonly MessageData[]): void {
    this.#messages = messages
    this.emit('messages', messages)
  }

  async #page(place: Record<string, unknown>): Promise<{ items: MessageData[]; more: boolean }> {
    const { items, more } = await this.#ask<{ items: Frame[]; more: boolean }>('history', {
      ...place,
      limit: PAGE,
    })
    return {
      items: items.filter(({ type }) => type === 'message').map(({ data }) => data as MessageData),
      more,
    }
  }

  async #ask<Answer>(type: string, fields: Record<string, unknown> = {}): Promise<Answer> {
    const { data } = await this.#client.request(type, { channel: this.#channel, ...fields })
    return data as Answer
  }
}
