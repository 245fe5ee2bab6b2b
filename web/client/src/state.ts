import type { NextStep } from './codes.js'

/**
 * - `idle`: never connected;
 * - `connecting`: gets a token and opens a socket;
 * - `authenticating`: waits for `welcome`;
 * - `open`;
 * - `waiting`: for the next attempt, or for the page to be shown again;
 * - `offline`: the same while the system says that there is no network;
 * - `closed`: by `close()`, or because coming back would not help.
 */
export type State = 'idle' | 'connecting' | 'authenticating' | 'open' | 'waiting' | 'offline' | 'closed'

/** How a connection, or an attempt at one, ended. */
export interface Close {
  /** 1006 when it broke, or when this side gave it up. */
  readonly code: number
  readonly reason: string
  readonly next: NextStep
  /** The server's word when to come back. */
  readonly retryAfterMs?: number | undefined
  /** What `getToken` or `url` has thrown. */
  readonly error?: unknown
}

export interface StateChange {
  readonly to: State
  readonly from: State
  /** Attempts since a connection lasted; 0 for the first. */
  readonly attempt: number
  /** Until the next attempt; `undefined` where that waits for the page. */
  readonly retryInMs?: number | undefined
  /** How the last connection ended, until the next one is open. */
  readonly close?: Close | undefined
}
