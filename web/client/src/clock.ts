/** Time, handed in so that tests can turn it. */
export interface Clock {
  /** Milliseconds since 1970 that never go back. */
  now(): number
  setTimeout(run: () => void, ms: number): unknown
  clearTimeout(timer: unknown): void
}

export const systemClock: Clock = {
  now: () => performance.timeOrigin + performance.now(),
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: timer => clearTimeout(timer as number),
}

/** One timer at a time: setting it anew ends the one before. */
export class Timer {
  readonly #clock: Clock
  #timer: unknown

  constructor(clock: Clock) {
    this.#clock = clock
  }

  set(ms: number, run: () => void): void {
    this.clear()
    this.#timer = this.#clock.setTimeout(run, ms)
  }

  clear(): void {
    this.#clock.clearTimeout(this.#timer)
  }
}
