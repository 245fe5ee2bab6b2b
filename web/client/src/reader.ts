import type { Off } from './emitter.js'
import { FanfareError } from './error.js'

/**
 * What a channel delivers, for `for await`. Holds `limit` items that were not taken yet; when there are more, what is
 * held can still be taken, and then it throws `overflow` instead of passing over anything.
 */
export class Reader<Item> implements AsyncIterableIterator<Item> {
  readonly #limit: number
  readonly #items: Item[] = []
  readonly #takers: ((result: Promise<IteratorResult<Item>>) => void)[] = []
  readonly #off: Off
  #end: (() => Promise<IteratorResult<Item>>) | undefined

  constructor(limit: number, listen: (push: (item: Item) => void) => Off) {
    this.#limit = limit
    this.#off = listen(item => this.#push(item))
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<Item>> {
    const [item] = this.#items.splice(0, 1)
    if (item !== undefined) return Promise.resolve({ value: item, done: false })
    const end = this.#end
    if (end) {
      this.#end = done
      return end()
    }
    return new Promise(resolve => this.#takers.push(resolve))
  }

  /** Ends it, for those who wait too. */
  return(): Promise<IteratorResult<Item>> {
    this.#items.length = 0
    this.#finish(done)
    return done()
  }

  #push(item: Item): void {
    const taker = this.#takers.shift()
    if (taker) taker(Promise.resolve({ value: item, done: false }))
    else if (this.#items.length < this.#limit) this.#items.push(item)
    else this.#finish(() => Promise.reject(new FanfareError('overflow')))
  }

  #finish(end: () => Promise<IteratorResult<Item>>): void {
    this.#off()
    this.#end ??= end
    for (const taker of this.#takers.splice(0)) taker(done())
  }
}

const done = () => Promise.resolve({ value: undefined, done: true as const })
