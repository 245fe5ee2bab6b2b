import type { ErrorCode } from './codes.js'

/** Codes of this side, which never cross the wire. */
export type LocalCode =
  /** There is no open connection; nothing was sent. */
  | 'not_open'
  /** The connection ended before the answer came: it may have happened. */
  | 'disconnected'
  /** The client or the channel was closed. */
  | 'closed'
  /** A queue of this side is full; nothing was sent. */
  | 'full'
  /** A queued publication was not taken within its `ttl`. */
  | 'expired'
  /** A reader of `for await` fell behind its buffer. */
  | 'overflow'

const RETRYABLE = ['rate_limited', 'unavailable', 'timeout', 'not_open', 'disconnected', 'full']

/** Whatever goes wrong with a request. `code` is for programs, `message` for people. */
export class FanfareError extends Error {
  override readonly name = 'FanfareError'
  readonly code: ErrorCode | LocalCode | (string & {})
  /** Not before this many milliseconds. */
  readonly retryAfterMs: number

  constructor(code: FanfareError['code'], message: string = code, retryAfterMs = 0) {
    super(message)
    this.code = code
    this.retryAfterMs = retryAfterMs
  }

  /** The same may work later. With `timeout` and `disconnected` it may have happened already. */
  get retryable(): boolean {
    return RETRYABLE.includes(this.code)
  }
}
