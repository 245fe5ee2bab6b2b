import type { LogEntry } from './log/entry'

/** Round trips of which the percentiles are taken. */
const RTTS = 1_000

/** Seconds that the graph shows. */
const SECONDS = 60

export interface Snapshot {
  readonly sent: number
  readonly received: number
  readonly sentBytes: number
  readonly receivedBytes: number
  readonly replayed: number
  readonly errors: number
  /** Connections after the first. */
  readonly reconnects: number
  /** Milliseconds since 1970. */
  readonly connectedAt: number | undefined
  readonly rtt: Percentiles
  /** Received in the second that is over. */
  readonly perSecond: number
  /** Received in each second, the last one last. */
  readonly history: readonly number[]
}

export interface Percentiles {
  readonly last: number | undefined
  readonly p50: number | undefined
  readonly p95: number | undefined
  readonly p99: number | undefined
  readonly max: number | undefined
}

/** Counts what passes. */
export class Stats {
  #sent = 0
  #received = 0
  #sentBytes = 0
  #receivedBytes = 0
  #replayed = 0
  #errors = 0
  #opened = 0
  #connectedAt: number | undefined
  readonly #rtts: number[] = []
  #history: number[] = new Array(SECONDS).fill(0)
  #second = 0
  #secondAt = 0

  count({ direction, size, rtt, isReplayed, isError, at }: LogEntry): void {
    if (isError) this.#errors += 1
    if (direction === 'out') {
      this.#sent += 1
      this.#sentBytes += size
    } else if (direction === 'in') {
      this.#advance(at)
      this.#second += 1
      this.#received += 1
      this.#receivedBytes += size
      if (isReplayed) this.#replayed += 1
      if (rtt !== undefined) this.#rtts.push(rtt)
      if (this.#rtts.length > 2 * RTTS) this.#rtts.splice(0, RTTS)
    }
  }

  opened(at: number): void {
    this.#opened += 1
    this.#connectedAt = at
  }

  closed(): void {
    this.#connectedAt = undefined
  }

  snapshot(now: number): Snapshot {
    this.#advance(now)
    return {
      sent: this.#sent,
      received: this.#received,
      sentBytes: this.#sentBytes,
      receivedBytes: this.#receivedBytes,
      replayed: this.#replayed,
      errors: this.#errors,
      reconnects: Math.max(0, this.#opened - 1),
      connectedAt: this.#connectedAt,
      rtt: percentiles(this.#rtts.slice(-RTTS)),
      perSecond: this.#history.at(-1) ?? 0,
      history: this.#history,
    }
  }

  /** Ends the seconds that are over. */
  #advance(now: number): void {
    const second = Math.floor(now / 1_000)
    const passed = Math.min(SECONDS, second - this.#secondAt)
    if (passed <= 0) return
    const ended = this.#secondAt === 0 ? [] : [this.#second, ...new Array<number>(passed - 1).fill(0)]
    this.#history = [...this.#history, ...ended].slice(-SECONDS)
    this.#second = 0
    this.#secondAt = second
  }
}

/** The nearest rank of each. */
export function percentiles(samples: readonly number[]): Percentiles {
  const sorted = [...samples].sort((one, other) => one - other)
  const at = (share: number) => sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)]
  return { last: samples.at(-1), p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) }
}
