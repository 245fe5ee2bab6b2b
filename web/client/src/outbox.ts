import type { Client } from './client.js'
import { Timer } from './clock.js'
import type { Published } from './data.js'
import { FanfareError } from './error.js'

/** Publications that wait for a connection. More are a program that does not look at `publish`'s answer. */
const ENTRIES_MAX = 100

interface Entry {
  readonly fields: Readonly<Record<string, unknown>>
  readonly until: number
  resolve(published: Published): void
  reject(error: unknown): void
}

/**
 * What is published with a `ttl` waits here for a connection and goes out one by one, in order. Each entry has a
 * `client_id`, so what is sent again after a connection broke is published once.
 */
export class Outbox {
  readonly #client: Client
  readonly #pause: (ms: number) => Promise<void>
  readonly #entries: Entry[] = []
  readonly #expiry: Timer
  #isRunning = false

  constructor(client: Client, pause: (ms: number) => Promise<void>) {
    this.#client = client
    this.#pause = pause
    this.#expiry = new Timer(client.settings.clock)
  }

  add(fields: Entry['fields'], ttl: number): Promise<Published> {
    return new Promise((resolve, reject) => {
      if (this.#entries.length >= ENTRIES_MAX) throw new FanfareError('full')
      this.#entries.push({ fields, until: this.#now() + ttl, resolve, reject })
      this.#expire()
      void this.flush()
    })
  }

  /** Sends what waits, as long as there is a connection. */
  async flush(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    for (let entry = this.#entries[0]; entry && this.#client.state === 'open'; entry = this.#entries[0]) {
      try {
        const { data } = await this.#client.request('publish', entry.fields)
        entry.resolve(data)
        this.#remove(entry)
      } catch (error) {
        const { retryable, retryAfterMs } = error as FanfareError
        if (!retryable) {
          entry.reject(error)
          this.#remove(entry)
        } else if (this.#client.state === 'open') {
          await this.#pause(retryAfterMs)
        }
      }
    }
    this.#isRunning = false
  }

  /** Nobody connects any more. */
  clear(): void {
    this.#expiry.clear()
    for (const entry of this.#entries.splice(0)) entry.reject(new FanfareError('closed'))
  }

  /** Gives up what has waited too long. What is on its way may still arrive. */
  #expire(): void {
    const now = this.#now()
    for (const entry of this.#entries.filter(({ until }) => until <= now)) {
      entry.reject(new FanfareError('expired'))
      this.#remove(entry)
    }
    const next = Math.min(...this.#entries.map(({ until }) => until))
    if (this.#entries.length > 0) this.#expiry.set(next - now, () => this.#expire())
  }

  #remove(entry: Entry): void {
    const at = this.#entries.indexOf(entry)
    if (at >= 0) this.#entries.splice(at, 1)
    if (this.#entries.length === 0) this.#expiry.clear()
  }

  #now(): number {
    return this.#client.settings.clock.now()
  }
}
