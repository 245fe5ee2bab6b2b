import type { Client } from './client.js'
import type { Change, Counts, Notification, Retracted } from './data.js'
import { Emitter, type Off } from './emitter.js'
import type { Frame } from './frame.js'
import { http } from './http.js'

/** Notifications held, at most. What is older is had with `list`. */
const ITEMS_MAX = 1_000

export interface InboxItem extends Notification {
  readonly channel: string
  readonly read: boolean
  readonly archived: boolean
}

export interface InboxQuery {
  /** Whatever is not archived, unless this says otherwise. */
  readonly filter?: 'all' | 'unread' | 'archived'
  /** At most 200. */
  readonly limit?: number
  /** The `next_cursor` of the page before. */
  readonly cursor?: string
}

export interface InboxPage {
  readonly items: readonly InboxItem[]
  /** Left out at the end. A page may be short although there is another one. */
  readonly next_cursor?: string
}

export type InboxEvents = {
  /** The first numbers after a connection, and whenever they change. */
  counts: [counts: Counts]
  items: [items: readonly InboxItem[]]
  /** One that has just come. */
  notification: [item: InboxItem]
  /** What was marked, here or on another device. */
  read: [change: Change]
  /** What went wrong in the background; the inbox goes on. */
  fault: [error: unknown]
}

/**
 * The user's notifications. Hears what the client hears: connect it to `/ws/notifications/`, which subscribes the
 * inbox by itself and sends its counts.
 */
class Inbox extends Emitter<InboxEvents> {
  readonly #client: Client
  readonly #baseUrl: string | URL | undefined
  readonly #offs: Off[]
  #items: readonly InboxItem[] = []
  #query: InboxQuery | undefined
  #next: string | undefined
  /** What has come since a page was asked for, which may know nothing of it. */
  #meanwhile: Frame[] | undefined
  #counts: Counts | undefined
  /** The counts of this session: what others are compared with. */
  #known: Counts | undefined
  #counting: Promise<void> | undefined

  constructor(client: Client, { baseUrl }: { baseUrl?: string | URL } = {}) {
    super()
    this.#client = client
    this.#baseUrl = baseUrl
    this.#offs = [
      client.on('welcome', () => this.#begin()),
      client.on('frame', frame => this.#received(frame)),
    ]
  }

  /** What is unread, as the server has counted it. */
  get counts(): Counts | undefined {
    return this.#counts
  }

  /** What `load` and `more` have fetched and what came since, newest first. */
  get items(): readonly InboxItem[] {
    return this.#items
  }

  get hasMore(): boolean {
    return this.#next !== undefined
  }

  /** A page, which changes nothing here. */
  list(query: InboxQuery = {}): Promise<InboxPage> {
    const search = new URLSearchParams({ ...query } as Record<string, string>)
    return this.#http('GET', `?${search}`)
  }

  /** Fills `items` with the first page, and again whenever they may be out of date. */
  async load(query: InboxQuery = {}): Promise<void> {
    this.#query = query
    const meanwhile: Frame[] = []
    this.#meanwhile = meanwhile
    const page = await this.list(query).finally(() => {
      if (this.#meanwhile === meanwhile) this.#meanwhile = undefined
    })
    // Overtaken by another one.
    if (this.#query !== query) return
    this.#items = page.items
    this.#next = page.next_cursor
    for (const frame of meanwhile) this.#apply(frame)
    this.#show(this.#items)
  }

  /** Adds the next page to `items`. */
  async more(): Promise<void> {
    const cursor = this.#next
    if (cursor === undefined) return
    const page = await this.list({ ...this.#query, cursor })
    if (this.#next !== cursor) return
    this.#next = page.next_cursor
    const known = new Set(this.#items.map(({ id }) => id))
    this.#show([...this.#items, ...page.items.filter(({ id }) => !known.has(id))])
  }

  read(id: string): Promise<Change> {
    return this.#mark(id, 'read')
  }

  unread(id: string): Promise<Change> {
    return this.#mark(id, 'unread')
  }

  archive(id: string): Promise<Change> {
    return this.#mark(id, 'archive')
  }

  /** Up to the newest that is shown, so that what comes in meanwhile stays unread; or up to an id or a time. */
  readAll(upTo: string | undefined = this.#items[0]?.id): Promise<Change> {
    return this.#change('/read-all', upTo === undefined ? undefined : { up_to: upTo })
  }

  /** Says that the user has seen it; kept in its delivery trail. */
  ack(id: string): boolean {
    return this.#client.send({ type: 'ack', id })
  }

  /** Asks for the counts. Several who ask at once share one request. */
  count(): Promise<void> {
    this.#counting ??= this.#http<Counts>('GET', '/counts')
      .then(counts => this.#count(counts, true))
      .finally(() => {
        this.#counting = undefined
      })
    return this.#counting
  }

  /** Hears nothing any more. The client goes on. */
  close(): void {
    for (const off of this.#offs) off()
  }

  #http<Answer>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
    return http(this.#client, method, `/v1/inbox${path}`, { body, baseUrl: this.#baseUrl })
  }

  #mark(id: string, verb: string): Promise<Change> {
    return this.#change(`/${encodeURIComponent(id)}/${verb}`)
  }

  async #change(path: string, body?: unknown): Promise<Change> {
    const change = await this.#http<Change>('POST', path, body)
    this.#changed(change)
    if (change.counts) this.#count(change.counts, true)
    return change
  }

  /** Marks that others set while nobody listened are not told later, and versions may begin anew. */
  #begin(): void {
    this.#known = undefined
    this.#reload()
  }

  #reload(): void {
    if (this.#query) this.load(this.#query).catch(error => this.emit('fault', error))
  }

  #received(frame: Frame): void {
    const { type, data } = frame
    if (type === 'counts') {
      this.#count(data as Counts)
    } else if (type === 'reset') {
      this.#reload()
    } else if (type === 'notification' || type === 'retracted' || type === 'read') {
      this.#meanwhile?.push(frame)
      const item = this.#apply(frame)
      if (item) this.emit('notification', item)
      if (type === 'read') this.emit('read', data as Change)
    }
  }

  /** Answers a notification that was not there. */
  #apply({ type, data, channel = '' }: Frame): InboxItem | undefined {
    if (type === 'read') {
      this.#changed(data as Change)
    } else if (type === 'retracted') {
      this.#show(this.#items.filter(({ id }) => id !== (data as Retracted).id))
    } else if (!this.#items.some(({ id }) => id === (data as Notification).id)) {
      const item = { ...(data as Notification), channel, read: false, archived: false }
      // Of those with one key on one channel only the newest is kept.
      const key = item.collapse_key
      const others = this.#items.filter(one => !key || one.collapse_key !== key || one.channel !== channel)
      this.#show([item, ...others])
      return item
    }
    return undefined
  }

  #changed(change: Change): void {
    const isMeant = ({ id, channel, n }: InboxItem) =>
      change.id ? id === change.id : change.marks.some(mark => mark.channel === channel && n <= mark.n)
    const archived = change.change === 'archive'
    const read = change.change !== 'unread'
    this.#show(
      this.#items.map(item => (isMeant(item) ? { ...item, ...(archived ? { archived } : { read }) } : item)),
    )
  }

  #show(items: readonly InboxItem[]): void {
    if (items.length > ITEMS_MAX) this.#next = undefined
    const isShown = ({ archived }: InboxItem) => archived === (this.#query?.filter === 'archived')
    this.#items = items.filter(isShown).slice(0, ITEMS_MAX)
    this.emit('items', this.#items)
  }

  /** Numbers of the user's own channels count, the newest of them. Others mean that his own have changed too. */
  #count(counts: Counts, isOwn = false): void {
    const known = this.#known
    const isSame = known?.basis === counts.basis
    if (known && !isSame && !isOwn) {
      this.count().catch(error => this.emit('fault', error))
    } else if (!known || !isSame || counts.version >= known.version) {
      this.#known = counts
      this.#counts = counts
      this.emit('counts', counts)
    }
  }
}

export type { Inbox }

/** Makes an inbox. */
export function createInbox(client: Client, options?: { baseUrl?: string | URL }): Inbox {
  return new Inbox(client, options)
}
