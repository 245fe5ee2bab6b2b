import type { Off } from './emitter.js'
import { FanfareError } from './error.js'

/**
 * What is pushed, for `for await`. Holds `limit` items that were not taken yet. When there are more it throws `overflow`
 * instead of passing over anything: whoever keeps the cursor of the last one can begin anew from there.
 */
export function read<Item>(
  limit: number,
  listen: (push: (item: Item) => void) => Off,
): AsyncIterableIterator<Item> {
  let off: Off | undefined
  const stream = new ReadableStream<Item>(
    {
      start(held) {
        off = listen(item => {
          if ((held.desiredSize ?? 0) > 0) return held.enqueue(item)
          off?.()
          held.error(new FanfareError('overflow'))
        })
      },
      cancel: () => off?.(),
    },
    { highWaterMark: limit },
  )
  // Not every browser iterates over streams.
  const reader = stream.getReader()
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    next: () => reader.read() as Promise<IteratorResult<Item>>,
    async return() {
      await reader.cancel()
      return { value: undefined, done: true }
    },
  }
}
