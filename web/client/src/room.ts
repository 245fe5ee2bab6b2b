import type { Client } from './client.js'
import type { Published } from './data.js'
import { Emitter } from './emitter.js'
import type { Frame } from './frame.js'
import { type Amendment, type Attachment, amended, type MessageData } from './message.js'

/** Entries of a page. */
const PAGE = 50

/** Entries held, at most, when another one comes: some hours of a busy room. */
const WINDOW_MAX = 1_000

/** Entries that came last, for a page that was read before them: more than come while it is on its way. */
const LIVE_MAX = 100

/** Least between two words that the user types, in milliseconds, as the contract says. */
const TYPING_MS = 3_000

/** A room as its member sees it. */
export interface RoomData {
  readonly channel: string
  readonly name?: string
  readonly kind?: 'public' | 'private' | 'direct'
  readonly role?: 'owner' | 'moderator' | 'member'
  readonly members?: number
  readonly archived?: boolean
  /** Of a direct room, both. */
  readonly users?: readonly string[]
  readonly unread?: number
  readonly mentions?: number
  /** Everything up to there is read. */
  readonly read_n?: number
  /** Orders the counts: the larger one is newer. */
  readonly version?: number
  readonly last?: Frame<'message', MessageData>
}

/** What has become of a room or of somebody in it. */
export interface RoomChange {
  readonly change: string
  readonly by?: string
  readonly user?: string
  readonly name?: string
  readonly role?: string
  readonly seconds?: number
}

/** What a room shows: messages, and what became of the room between them. */
export type RoomEntry = Frame<'message', MessageData> | Frame<'room', RoomChange>

export interface SendOptions {
  /** The `n` of the message this answers. */
  readonly reply_to?: number
  /** The `n` of the first message of the thread. */
  readonly thread?: number
  readonly attachments?: readonly Attachment[]
  /** Users. */
  readonly mentions?: readonly string[]
  /** The same within 24 hours is sent once: keep it to try again. */
  readonly client_id?: string
}

export type RoomEvents = {
  /** One that has just come. */
  entry: [entry: RoomEntry]
  /** The window is another one now. */
  entries: [entries: readonly RoomEntry[]]
  info: [info: RoomData]
  /** Who types now. */
  typing: [users: readonly string[]]
}

interface HistoryPage {
  readonly items: readonly RoomEntry[]
  readonly more: boolean
  readonly more_after?: boolean
  readonly before: number
  readonly after: number
}

/** One chat room, and a window of its entries. */
export class Room extends Emitter<RoomEvents> {
  readonly #client: Client
  readonly #channel: string
  readonly #typing = new Map<string, unknown>()
  #info: RoomData
  #entries: readonly RoomEntry[] = []
  #live: readonly RoomEntry[] = []
  #hasOlder = true
  #hasNewer = true
  /** What to ask for what lies beyond the window. */
  #before = 0
  #after = 0
  #typedAt = Number.NEGATIVE_INFINITY

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

  /** In order, without a hole but for what is gone. Empty until `load`. */
  get entries(): readonly RoomEntry[] {
    return this.#entries
  }

  get hasOlder(): boolean {
    return this.#hasOlder
  }

  /** What comes is not shown until `newer` has come to the end, or `load` begins there. */
  get hasNewer(): boolean {
    return this.#hasNewer
  }

  /** Resolves when it is stored. It comes as an entry too. */
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

  /** Everything up to `n` is read, by default all there is. A mark never goes back. */
  async read(n: number | undefined = this.#entries.at(-1)?.n): Promise<void> {
    if (n !== undefined && n > (this.#info.read_n ?? 0)) this.#count(await this.#ask('read', { n }))
  }

  /** Shows the newest page, or the one around an entry, as for the first unread one. */
  async load(around?: number): Promise<void> {
    const page = await this.#page({ around })
    this.#hasOlder = page.more
    this.#hasNewer = page.more_after ?? false
    this.#before = page.before
    this.#after = page.after
    this.#join(page.items, page.after)
  }

  /** Adds the page before the window. */
  async older(): Promise<void> {
    const page = await this.#page({ before: this.#before })
    this.#before = page.before
    this.#hasOlder = page.more
    this.#show([...page.items, ...this.#entries])
  }

  /** Adds the page after the window. */
  async newer(): Promise<void> {
    const page = await this.#page({ after: this.#after })
    this.#after = page.after
    this.#hasNewer = page.more
    this.#join([...this.#entries, ...page.items], page.after)
  }

  /** @internal */
  received(frame: Frame): void {
    const { type, data, timestamp } = frame
    if (type === 'message' || type === 'room') {
      const entry = frame as RoomEntry
      if (entry.type === 'message') this.#types(entry.data.user)
      else this.#changed(entry.data)
      if ((entry.n ?? 0) <= (this.#live.at(-1)?.n ?? 0)) return
      this.#live = [...this.#live, entry].slice(-LIVE_MAX)
      if (!this.#hasNewer) this.#join(this.#entries, this.#entries.at(-1)?.n ?? 0)
      this.emit('entry', entry)
    } else if (type === 'edited' || type === 'deleted' || type === 'reaction') {
      const change = data as Amendment
      const amend = (entry: RoomEntry): RoomEntry =>
        entry.type === 'message' && entry.n === change.n
          ? { ...entry, data: amended(entry.data, type, change, timestamp) }
          : entry
      this.#live = this.#live.map(amend)
      this.#show(this.#entries.map(amend))
    } else if (type === 'typing') {
      const { user, expires_in_ms } = data as { user: string; expires_in_ms: number }
      this.#types(user, expires_in_ms)
    } else if (type === 'room_counts') {
      this.#count(data as RoomData)
    } else if (type === 'reset') {
      // What was missed cannot be had, so the window begins anew.
      this.#live = []
      if (this.#entries.length > 0) this.load().catch(() => {})
    }
  }

  /** @internal What the list of rooms tells. */
  inform(info: Partial<RoomData>): void {
    this.#info = { ...this.#info, ...info }
    this.emit('info', this.#info)
  }

  #changed({ change, name }: RoomChange): void {
    if (change === 'renamed' && name !== undefined) this.inform({ name })
    if (change === 'archived' || change === 'restored') this.inform({ archived: change === 'archived' })
  }

  #count(counts: RoomData): void {
    if ((counts.version ?? 0) >= (this.#info.version ?? 0)) this.inform(counts)
  }

  #types(user: string, ms = 0): void {
    const { clock } = this.#client.settings
    const had = this.#typing.has(user)
    clock.clearTimeout(this.#typing.get(user))
    this.#typing.delete(user)
    if (ms > 0) {
      const timer = clock.setTimeout(() => this.#types(user), ms)
      this.#typing.set(user, timer)
    }
    if (had !== ms > 0) this.emit('typing', [...this.#typing.keys()])
  }

  /** Shows `entries`, and behind the last, which is `after`, what came meanwhile. */
  #join(entries: readonly RoomEntry[], after: number): void {
    const live = this.#hasNewer ? [] : this.#live.filter(({ n = 0 }) => n > after)
    const all = [...entries, ...live]
    const kept = all.slice(-WINDOW_MAX)
    if (kept.length < all.length) {
      this.#hasOlder = true
      this.#before = kept[0]?.n ?? 0
    }
    this.#show(kept)
  }

  #show(entries: readonly RoomEntry[]): void {
    this.#entries = entries
    this.emit('entries', entries)
  }

  #page(place: Record<string, number | undefined>): Promise<HistoryPage> {
    return this.#ask('history', { ...place, limit: PAGE })
  }

  async #ask<Answer>(type: string, fields: Record<string, unknown>): Promise<Answer> {
    const { data } = await this.#client.request(type, { channel: this.#channel, ...fields })
    return data as Answer
  }
}
