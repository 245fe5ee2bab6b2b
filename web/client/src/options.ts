import type { Reconnect } from './backoff.js'
import { type Clock, systemClock } from './clock.js'
import type { GetToken } from './credential.js'
import { FanfareError } from './error.js'
import type { Heartbeat } from './link.js'
import { browserPage, type Page } from './page.js'
import type { SocketConstructor } from './socket.js'

export interface ClientOptions {
  /** `ws:`, `wss:`, `http:` or `https:`; relative to the page where there is one. Asked anew for each attempt. */
  readonly url: string | URL | (() => string | URL | Promise<string | URL>)
  readonly getToken: GetToken
  /**
   * How the token travels. `frame` (the default) keeps it out of every log; `subprotocol` does where proxies log no
   * headers; `query` is for servers that know nothing else.
   */
  readonly auth?: 'frame' | 'subprotocol' | 'query'
  readonly reconnect?: Partial<Reconnect>
  readonly heartbeat?: Partial<Heartbeat>
  /** Milliseconds for a token, and again for an open session. */
  readonly connectTimeout?: number
  /** Milliseconds for an answer, unless the request says another. */
  readonly requestTimeout?: number
  /** `pause` lets go of the connection after the page was hidden for five minutes, until it is shown again. */
  readonly background?: 'keep' | 'pause'
  /** Largest frame that is sent, in bytes. */
  readonly frameBytes?: number
  /** Where an earlier client left off: its `cursors`. */
  readonly since?: Readonly<Record<string, string>>
  /** Where there is no global one (Node 20), or in its place: that of the package `ws`, for example. */
  readonly WebSocket?: SocketConstructor
  readonly clock?: Clock
  /** From 0 to below 1. */
  readonly random?: () => number
  readonly page?: Page
}

export interface Settings extends Required<Omit<ClientOptions, 'reconnect' | 'heartbeat' | 'getToken'>> {
  readonly reconnect: Reconnect
  readonly heartbeat: Heartbeat
}

export function settingsOf(options: ClientOptions): Settings {
  const WebSocket = options.WebSocket ?? (globalThis.WebSocket as SocketConstructor | undefined)
  if (!WebSocket) throw new FanfareError('bad_message', 'hand in a WebSocket: there is none here')
  return {
    auth: 'frame',
    connectTimeout: 10_000,
    requestTimeout: 5_000,
    background: 'keep',
    frameBytes: 65_536,
    since: {},
    clock: systemClock,
    random: Math.random,
    page: browserPage,
    ...options,
    WebSocket,
    reconnect: {
      min: 500,
      max: 20_000,
      maxAttempts: Number.POSITIVE_INFINITY,
      minUptime: 5_000,
      ...options.reconnect,
    },
    heartbeat: { interval: 25_000, timeout: 8_000, ...options.heartbeat },
  }
}
