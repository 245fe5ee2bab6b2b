import type { Off } from './emitter.js'

/**
 * A promise that `signal` can end. `begin` answers what is to be undone once it is settled, in whatever way; it must not
 * settle it itself before it returns.
 */
export function abortable<Value>(
  signal: AbortSignal | undefined,
  begin: (resolve: (value: Value) => void, reject: (error: unknown) => void) => Off,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted()
    const after =
      <Argument>(then: (argument: Argument) => void) =>
      (argument: Argument) => {
        undo()
        signal?.removeEventListener('abort', abort)
        then(argument)
      }
    const fail = after(reject)
    const abort = () => fail(signal?.reason)
    const undo = begin(after(resolve), fail)
    signal?.addEventListener('abort', abort)
  })
}
