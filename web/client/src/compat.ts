// The surface of the classic test page's `websocket.ts`, on this client.

import { Client } from './client.js'
import type { ClientFrame, Frame } from './frame.js'
import type { ClientOptions } from './options.js'
import type { StateChange } from './state.js'

export type WebSocketStatus = 'CONNECTING' | 'OPEN' | 'CLOSING' | 'CLOSED'

export interface WebSocketCallbacks {
  /** A session is open, again after each reconnect. */
  onOpen?(): void
  /** Every frame, heartbeats too. Show its fields as text, never as HTML. */
  onMessage?(message: Frame): void
  onClose?(event: { code: number; reason: string }): void
  onError?(error: unknown): void
  /** Attempt 1, 2, … begins. */
  onReconnect?(attempt: number): void
  /** An answer to a heartbeat, and how long it took in milliseconds. */
  onPong?(message: Frame, rtt: number | undefined): void
}

/** Where the server is, who connects, and whatever else `createClient` takes. */
export interface WebSocketConfig extends Partial<Omit<ClientOptions, 'url'>> {
  /** `http:` or `ws:` address of the server; by default the one the page came from. */
  readonly baseUrl?: string
}

export interface WebSocketStats {
  sent: number
  received: number
  /** Connections that were opened after the first. */
  reconnects: number
  /** Milliseconds since 1970. */
  connectedAt: number | undefined
  /** The last round trip, in milliseconds. */
  rtt: number | undefined
}

let common: WebSocketConfig = {}

/** What every manager uses that is made from now on. */
export function configureWebSocket(config: WebSocketConfig): void {
  common = config
}

export class WebSocketManager {
  readonly #client: Client
  readonly #stats = { sent: 0, received: 0, opened: 0, connectedAt: undefined as number | undefined }
  readonly #callbacks: WebSocketCallbacks
  #isClosing = false

  constructor(endpoint: string, callbacks: WebSocketCallbacks = {}, config: WebSocketConfig = {}) {
    const { baseUrl, ...options } = { ...common, ...config }
    this.#callbacks = callbacks
    this.#client = new Client({
      getToken: () => undefined,
      ...options,
      url: () => new URL(endpoint, baseUrl ?? globalThis.location?.href),
      reconnect: { min: 3_000, max: 10_000, maxAttempts: 5, ...options.reconnect },
      heartbeat: { interval: 30_000, ...options.heartbeat },
    })
    this.#client.on('state', change => this.#changed(change))
    this.#client.on('fault', error => callbacks.onError?.(error))
    this.#client.on('sent', () => {
      this.#stats.sent += 1
    })
    this.#client.on('frame', frame => {
      this.#stats.received += 1
      callbacks.onMessage?.(frame)
      if (frame.type === 'pong') callbacks.onPong?.(frame, this.#client.rtt)
    })
  }

  /** The client behind it, for all that this surface does not have. */
  get client(): Client {
    return this.#client
  }

  get status(): WebSocketStatus {
    const { state } = this.#client
    if (state === 'connecting' || state === 'authenticating') return 'CONNECTING'
    if (state === 'open') return 'OPEN'
    return this.#isClosing ? 'CLOSING' : 'CLOSED'
  }

  get isConnected(): boolean {
    return this.status === 'OPEN'
  }

  get stats(): WebSocketStats {
    const { sent, received, opened, connectedAt } = this.#stats
    return { sent, received, reconnects: Math.max(0, opened - 1), connectedAt, rtt: this.#client.rtt }
  }

  /** Resolves when a session is open; rejects when there is no token, or no attempt is left. */
  connect(): Promise<void> {
    return this.#client.connect()
  }

  /** `false` when it cannot be sent now. */
  send(message: ClientFrame): boolean {
    return this.#client.send(message)
  }

  async close(code?: number, reason?: string): Promise<void> {
    this.#isClosing = true
    await this.#client.close(code, reason).finally(() => {
      this.#isClosing = false
    })
  }

  #changed({ to, from, attempt, close }: StateChange): void {
    const callbacks = this.#callbacks
    if (to === 'open') {
      this.#stats.opened += 1
      this.#stats.connectedAt = this.#client.settings.clock.now()
      callbacks.onOpen?.()
    } else if (to === 'connecting') {
      if (attempt > 0) callbacks.onReconnect?.(attempt)
    } else if (to !== 'authenticating' && close && ['connecting', 'authenticating', 'open'].includes(from)) {
      this.#stats.connectedAt = undefined
      const { code, reason, error } = close
      // As a browser does: what was no goodbye is an error first.
      if (code === 1006 || error) callbacks.onError?.(error ?? new Error(reason || 'connection lost'))
      callbacks.onClose?.({ code, reason })
    }
  }
}

export function createWebSocket(
  endpoint: string,
  callbacks?: WebSocketCallbacks,
  config?: WebSocketConfig,
): WebSocketManager {
  return new WebSocketManager(endpoint, callbacks, config)
}

export function createTestWebSocket(
  callbacks?: WebSocketCallbacks,
  config?: WebSocketConfig,
): WebSocketManager {
  return createWebSocket('/ws/test/', callbacks, config)
}

export function createNotificationWebSocket(
  callbacks?: WebSocketCallbacks,
  config?: WebSocketConfig,
): WebSocketManager {
  return createWebSocket('/ws/notifications/', callbacks, config)
}
