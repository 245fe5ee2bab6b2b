// The tables of proto/src/code.rs. A test holds that they are equal to proto/vectors/codes.json.

/** What a client does after a close. */
export type NextStep = 'reconnect' | 'refresh_then_reconnect' | 'stop'

const back = 'reconnect'
const stop = 'stop'

/** Every code that a server closes with, and what follows. The reason, in words, comes with the close itself. */
export const CLOSE_CODES: Readonly<Record<number, NextStep>> = {
  1000: stop,
  1001: back,
  1002: back,
  1003: stop,
  1007: back,
  1008: stop,
  1009: back,
  1011: back,
  1012: back,
  1013: back,
  4001: 'refresh_then_reconnect',
  4003: stop,
  4008: back,
  4009: back,
  4010: back,
  4029: back,
  4030: back,
  4040: stop,
}

/**
 * What follows a close. `reconnect` is the server's own word, from the `disconnect` frame before the close. A code that
 * this version does not know is taken as 1012: a newer server may have reasons of its own to come back for.
 */
export function nextStep(code: number, reconnect = true): NextStep {
  return reconnect ? (CLOSE_CODES[code] ?? back) : stop
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
