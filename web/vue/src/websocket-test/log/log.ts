import { type ShallowRef, shallowRef } from 'vue'
import type { Draft, LogEntry } from './entry'
import type { Matches } from './filter'

/** Entries that are kept, unless somebody wants more: some minutes of a busy connection, a few megabytes. */
export const CAPACITY = 5_000

/** What may be asked for instead. */
export const CAPACITIES = { min: 100, max: 50_000 } as const

/** Between two looks at what has come while the page is hidden, when no frame is drawn. */
const HIDDEN_MS = 500

/**
 * The last entries of a connection, and those of them that a filter shows. What comes is taken in once for each frame
 * that the browser draws: a thousand entries cost a page no more than one.
 */
export class Log {
  /** Changes whenever something else is to be drawn. */
  readonly version: ShallowRef<number> = shallowRef(0)
  /** Oldest first. */
  entries: LogEntry[] = []
  /** Those that the filter lets through; stands still while it is paused. */
  shown: readonly LogEntry[] = []
  /** Entries that were taken from the beginning of `shown` since the filter is what it is. */
  shownDropped = 0
  /** How many there are of each type. */
  readonly types = new Map<string, number>()
  readonly channels = new Set<string>()
  /** The last of each type. */
  readonly latest = new Map<string, LogEntry>()
  #capacity = CAPACITY
  #pending: LogEntry[] = []
  #matches: Matches = () => true
  /** The last entry that may be shown: that at which it was paused. */
  #upTo = Number.POSITIVE_INFINITY
  #scheduled = false
  #seq = 0
  #lastAt: number | undefined

  add(draft: Draft, at = Date.now()): LogEntry {
    this.#seq += 1
    const entry = { ...draft, seq: this.#seq, at, delta: at - (this.#lastAt ?? at) }
    this.#lastAt = at
    this.#pending.push(entry)
    if (this.#pending.length > this.#capacity) this.#pending.splice(0, this.#pending.length - this.#capacity)
    this.#schedule()
    return entry
  }

  get capacity(): number {
    return this.#capacity
  }

  /** How many entries are kept from now on. */
  set capacity(capacity: number) {
    this.#capacity = capacity
    this.#trim()
    if (!this.isPaused) this.#follow([])
    this.version.value += 1
  }

  get isPaused(): boolean {
    return this.#upTo < Number.POSITIVE_INFINITY
  }

  /** What has come since it was paused. */
  get heldBack(): number {
    return Math.max(0, this.#seq - this.#upTo)
  }

  /** Stands still; what comes is kept all the same. */
  pause(isPaused: boolean): void {
    this.#upTo = isPaused ? this.#seq : Number.POSITIVE_INFINITY
    if (!isPaused) this.#filter()
    this.version.value += 1
  }

  show(matches: Matches): void {
    this.#matches = matches
    this.#filter()
    this.version.value += 1
  }

  clear(): void {
    this.#pending = []
    this.entries = []
    this.types.clear()
    this.channels.clear()
    this.latest.clear()
    this.#lastAt = undefined
    this.#filter()
    this.version.value += 1
  }

  /** In place of everything that is there: a log that was kept. */
  load(entries: readonly LogEntry[]): void {
    this.clear()
    for (const entry of entries) this.add(entry, entry.at)
    if (this.isPaused) this.#upTo = this.#seq
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    if (document.hidden) setTimeout(() => this.#flush(), HIDDEN_MS)
    else requestAnimationFrame(() => this.#flush())
  }

  #flush(): void {
    this.#scheduled = false
    const added = this.#pending
    this.#pending = []
    for (const entry of added) this.#count(entry)
    this.entries.push(...added)
    this.#trim()
    const news = added.filter(entry => this.#isShown(entry))
    if (!this.isPaused || news.length > 0) this.#follow(news)
    this.version.value += 1
  }

  #trim(): void {
    const over = this.entries.length - this.#capacity
    if (over <= 0) return
    for (const { type } of this.entries.splice(0, over)) this.#forget(type)
  }

  #follow(added: readonly LogEntry[]): void {
    const first = this.entries[0]?.seq ?? 0
    let gone = 0
    while ((this.shown[gone]?.seq ?? first) < first) gone += 1
    if (gone === 0 && added.length === 0) return
    this.shown = [...(gone > 0 ? this.shown.slice(gone) : this.shown), ...added]
    this.shownDropped += gone
  }

  #filter(): void {
    this.shown = this.entries.filter(entry => this.#isShown(entry))
    this.shownDropped = 0
  }

  #isShown(entry: LogEntry): boolean {
    return entry.seq <= this.#upTo && this.#matches(entry)
  }

  #count(entry: LogEntry): void {
    const { type, channel } = entry
    this.types.set(type, (this.types.get(type) ?? 0) + 1)
    this.latest.set(type, entry)
    if (channel !== undefined) this.channels.add(channel)
  }

  #forget(type: string): void {
    const left = (this.types.get(type) ?? 0) - 1
    if (left > 0) this.types.set(type, left)
    else this.types.delete(type)
  }
}
