import type { Off } from './emitter.js'
import { FanfareError } from './error.js'

/**
 * What a channel delivers, for `for await`. Holds `limit` items that were not taken yet; when there are more, what is
 * held can still be taken, and then it throws `overflow` instead of passing over anything.
 */
export class Reader<Item> implements AsyncIterableIterator<Item> {
  readonly #items: Item[] = []
  readonly #off: Off
  #wake: (() => void) | undefined
  #isOver = false
  #error: FanfareError | undefined

  constructor(limit: number, listen: (push: (item: Item) => void) => Off) {
    this.#off = listen(item => {
      if (this.#items.length < limit) this.#items.push(item)
      else this.#end(new FanfareError('overflow'))
      this.#tell()
    })
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async next(): Promise<IteratorResult<Item>> {
    while (this.#items.length === 0 && !this.#isOver) {
      await new Promise<void>(wake => {
        const others = this.#wake
        this.#wake = () => {
          others?.()
          wake()
        }
      })
    }
    const [value] = this.#items.splice(0, 1)
    if (value !== undefined) return { value, done: false }
    const error = this.#error
    this.#error = undefined
    if (error) throw error
    return { value, done: true }
  }

  /** Ends it, for those who wait too. */
  async return(): Promise<IteratorResult<Item>> {
    this.#items.length = 0
    this.#end()
    return { value: undefined, done: true }
  }

  #end(error?: FanfareError): void {
    this.#off()
    this.#isOver = true
    this.#error = error
    this.#tell()
  }

  #tell(): void {
    const wake = this.#wake
    this.#wake = undefined
    wake?.()
  }
}
