import type { Clock } from '../../src/index.js'

/** Lets whatever is ready to run do so. */
export const settle = () => new Promise<void>(resolve => setImmediate(resolve))

/** Time that moves when it is told to. */
export class FakeClock implements Clock {
  #now = 0
  #next = 1
  readonly #timers = new Map<number, { at: number; run: () => void }>()

  now(): number {
    return this.#now
  }

  setTimeout(run: () => void, ms: number): number {
    const id = this.#next++
    this.#timers.set(id, { at: this.#now + Math.max(0, ms), run })
    return id
  }

  clearTimeout(timer: unknown): void {
    this.#timers.delete(timer as number)
  }

  get timers(): number {
    return this.#timers.size
  }

  /** Moves on, and runs each timer at its time. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await settle()
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= until).sort(([, a], [, b]) => a.at - b.at)[0]
      if (!due) break
      this.#timers.delete(due[0])
      this.#now = Math.max(this.#now, due[1].at)
      due[1].run()
      await settle()
    }
    this.#now = until
  }

  /** The machine sleeps: time passes, and timers run only afterwards. */
  async sleep(ms: number): Promise<void> {
    this.#now += ms
    await this.advance(0)
  }
}
