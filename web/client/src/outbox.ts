import { abortable } from './abortable.js'
import type { Client } from './client.js'
import type { Published } from './data.js'
import { FanfareError } from './error.js'

/** Publications that wait for a connection. More are a program that does not look at `publish`'s answer. */
const ENTRIES_MAX = 100

/** Between two that had to wait: a server lets 20 frames a second pass. */
const PACE_MS = 60

interface Entry {
  readonly fields: Readonly<Record<string, unknown>>
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
  readonly #entries = new Set<Entry>()
  #isRunning = false

  constructor(client: Client, pause: (ms: number) => Promise<void>) {
    this.#client = client
    this.#pause = pause
  }

  /** Rejects with `expired` after `ttl`; what is on its way then may still arrive. */
  add(fields: Entry['fields'], ttl: number, signal: AbortSignal | undefined): Promise<Published> {
    const { clock } = this.#client.settings
    return abortable(signal, (resolve, reject) => {
      if (this.#entries.size >= ENTRIES_MAX) throw new FanfareError('full')
      const entry: Entry = { fields, resolve, reject }
      const timer = clock.setTimeout(() => reject(new FanfareError('expired')), ttl)
      this.#entries.add(entry)
      void this.flush()
      return () => {
        clock.clearTimeout(timer)
        this.#entries.delete(entry)
      }
    })
  }

  /** Sends what waits, as long as there is a connection. */
  async flush(): Promise<void> {
    if (this.#isRunning) return
    this.#isRunning = true
    for (let [entry] = this.#entries; entry && this.#client.state === 'open'; [entry] = this.#entries) {
      try {
        entry.resolve((await this.#client.request('publish', entry.fields)).data)
        if (this.#entries.size > 0) await this.#pause(PACE_MS)
      } catch (error) {
        const { retryable, retryAfterMs } = error as FanfareError
        if (!retryable) entry.reject(error)
        else if (this.#client.state === 'open') await this.#pause(retryAfterMs)
      }
    }
    this.#isRunning = false
  }

  /** Nobody connects any more. */
  clear(): void {
    for (const { reject } of this.#entries) reject(new FanfareError('closed'))
  }
}
