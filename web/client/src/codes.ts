// The tables of proto/src/code.rs. A test holds that they are equal to proto/vectors/codes.json.

/** What a client does after a close. */
export type NextStep = 'reconnect' | 'refresh_then_reconnect' | 'stop'

export interface CloseCode {
  readonly reason: string
  readonly next: NextStep
}

const code = (reason: string, next: NextStep = 'reconnect'): CloseCode => ({ reason, next })

/** Every code that a server closes with. */
export const CLOSE_CODES: Readonly<Record<number, CloseCode>> = {
  1000: code('normal', 'stop'),
  1001: code('going away'),
  1002: code('protocol error'),
  1003: code('binary is not spoken here', 'stop'),
  1007: code('text is not utf-8'),
  1008: code('policy violation', 'stop'),
  1009: code('message too large'),
  1011: code('internal error'),
  1012: code('service restart'),
  1013: code('try again later'),
  4001: code('unauthorized', 'refresh_then_reconnect'),
  4003: code('forbidden', 'stop'),
  4008: code('no auth frame in time'),
  4009: code('peer silent'),
  4010: code('too slow'),
  4029: code('rate abuse'),
  4030: code('too many connections'),
  4040: code('removed by an operator', 'stop'),
}

/** The `code` of an `error` frame and of a problem document. */
export type ErrorCode =
  | 'bad_json'
  | 'bad_message'
  | 'unknown_type'
  | 'too_large'
  | 'rate_limited'
  | 'unauthorized'
  | 'forbidden'
  | 'not_found'
  | 'conflict'
  | 'timeout'
  | 'unavailable'
  | 'internal'

/**
 * What follows a close. `reconnect` is the server's own word, from the `disconnect` frame before the close. A code that
 * this version does not know is taken as 1012: a newer server may have reasons of its own to come back for.
 */
export function nextStep(code: number, reconnect?: boolean): NextStep {
  return reconnect === false ? 'stop' : (CLOSE_CODES[code]?.next ?? 'reconnect')
}
