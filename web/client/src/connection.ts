import { addressOf } from './address.js'
import { backoffMs } from './backoff.js'
import { Timer } from './clock.js'
import { nextStep } from './codes.js'
import type { Credential } from './credential.js'
import type { Disconnect, Welcome } from './data.js'
import type { Off } from './emitter.js'
import { FanfareError } from './error.js'
import type { ClientFrame, Frame } from './frame.js'
import { Link } from './link.js'
import type { Settings } from './options.js'
import type { PageEvent } from './page.js'
import type { Socket } from './socket.js'
import type { Close, State, StateChange } from './state.js'

/** Deadline of a ping that asks whether the connection has survived a change of network, or a sleep. */
const PROBE_MS = 2_000

/** Those whose network comes back together come back within this time. */
const ONLINE_SPREAD_MS = 1_000

/** How long a page is hidden until a connection in the background is let go, if it shall be. */
const HIDDEN_MS = 5 * 60_000

/** What a connection tells its owner. */
export interface ConnectionOwner {
  /** Where it left off, for channels that the path subscribes by itself. */
  since(): Record<string, string> | undefined
  welcomed(welcome: Welcome): void
  changed(change: StateChange): void
  received(frame: Frame, text: string): void
  sent(frame: ClientFrame, text: string): void
}

/** The state machine of a client: opens sockets, one at a time, and decides when to come back. */
export class Connection {
  state: State = 'idle'
  attempt = 0
  link: Link | undefined
  lastClose: Close | undefined
  readonly #settings: Settings
  readonly #credential: Credential
  readonly #owner: ConnectionOwner
  readonly #timer: Timer
  readonly #hidden: Timer
  /** Of the socket, and of the attempt before it: whatever an earlier one still tells is ignored. */
  #generation = 0
  #attempting = new AbortController()
  #goodbye: Disconnect | undefined
  #openedAt: number | undefined
  #dueAt = 0
  #notBefore = 0
  #offPage: Off | undefined

  constructor(settings: Settings, credential: Credential, owner: ConnectionOwner) {
    this.#settings = settings
    this.#credential = credential
    this.#owner = owner
    this.#timer = new Timer(settings.clock)
    this.#hidden = new Timer(settings.clock)
  }

  start(): void {
    this.attempt = 0
    this.#notBefore = 0
    this.#offPage ??= this.#settings.page.listen(event => this.#onPage(event))
    void this.#dial()
  }

  /** If the next attempt is waited for, it is made within `ms`, or when the server has said. */
  hurry(ms = 0): void {
    const isWaiting = this.state === 'waiting' || this.state === 'offline'
    if (isWaiting) this.#wait(Math.min(ms, this.#dueAt - this.#settings.clock.now()))
  }

  /** Does not come back. Gives the link away, which may have answers under way. */
  stop(close: Close): Link | undefined {
    const link = this.#halt()
    this.#hidden.clear()
    this.#offPage?.()
    this.#offPage = undefined
    this.#enter('closed', { close })
    return link
  }

  async #dial(): Promise<void> {
    this.#halt()
    const generation = this.#generation
    const isCurrent = () => generation === this.#generation
    const attempting = new AbortController()
    this.#attempting = attempting
    this.#limit()
    this.#enter('connecting')
    if (!isCurrent()) return
    try {
      const { url } = this.#settings
      const [token, address] = await Promise.all([this.#credential.next(attempting.signal), addressOf(url)])
      if (isCurrent()) this.#open(token, address, isCurrent)
    } catch (error) {
      // Whatever callbacks throw.
      const { code, message } = Object(error) as FanfareError
      // Asking again would get the same answer, unless somebody logs in.
      const isRefused = code === 'unauthorized'
      if (!isCurrent()) return
      if (isRefused) this.#lost(4001, String(message), false, error)
      else this.#lost(1006, String(message), undefined, error)
    }
  }

  #open(token: string, address: URL, isCurrent: () => boolean): void {
    const { auth } = this.#settings
    const since = this.#owner.since()
    const protocols = ['fanfare.v1']
    if (auth === 'subprotocol') protocols.push(`bearer.${token}`)
    if (auth === 'query') address.searchParams.set('token', token)
    if (auth !== 'frame' && since) {
      const pairs = Object.entries(since).map(pair => pair.join('~'))
      address.searchParams.set('since', pairs.join())
    }
    const mine =
      <Values extends unknown[]>(tell: (...values: Values) => void) =>
      (...values: Values) => {
        if (isCurrent()) tell(...values)
      }
    const link = new Link(
      this.#socket(address.href, protocols),
      {
        opened: mine(() => {
          this.#limit()
          this.#enter('authenticating')
          if (auth === 'frame' && isCurrent()) link.send({ type: 'auth', token, since })
        }),
        received: mine((frame, text) => this.#received(frame, text)),
        sent: (frame, text) => this.#owner.sent(frame, text),
        lost: mine((code, reason) => this.#lost(code, reason)),
      },
      this.#settings,
    )
    this.link = link
  }

  #socket(url: string, protocols: string[]): Socket {
    try {
      return new this.#settings.WebSocket(url, protocols)
    } catch {
      // Its own words would quote the address, or the protocols, and with them the token.
      throw new FanfareError('bad_message', 'no good url or token')
    }
  }

  #received(frame: Frame, text: string): void {
    if (frame.type === 'welcome') {
      this.#credential.accept()
      this.#timer.clear()
      this.#openedAt = this.#settings.clock.now()
      this.lastClose = undefined
      this.link?.startHeartbeat()
      this.#owner.welcomed(frame.data as Welcome)
      this.#enter('open')
    } else if (frame.type === 'disconnect') {
      this.#goodbye = frame.data as Disconnect
    }
    this.#owner.received(frame, text)
    // The token could not be checked, and nothing is wrong with it; a refused one is followed by its own close.
    if (frame.type === 'error' && this.state === 'authenticating' && frame.code !== 'unauthorized') {
      this.#lost(1006, String(frame.message))
    }
  }

  #lost(code: number, reason: string, reconnect?: boolean, error?: unknown): void {
    const { clock, random, reconnect: policy } = this.#settings
    const goodbye = this.#goodbye
    if (goodbye && code === 1006) ({ code, reason } = goodbye)
    if (this.#openedAt !== undefined && clock.now() - this.#openedAt >= policy.minUptime) this.attempt = 0
    this.#halt()?.drop()
    let next = nextStep(code, reconnect ?? goodbye?.reconnect)
    if (next === 'refresh_then_reconnect' && !this.#credential.refuse()) next = 'stop'
    const retryAfterMs = goodbye?.retry_after_ms ?? 0
    const close = { code, reason, next, retryAfterMs, error }
    if (next === 'stop' || this.attempt >= policy.maxAttempts) {
      this.stop(close)
      return
    }
    this.attempt += 1
    this.lastClose = close
    this.#notBefore = clock.now() + retryAfterMs
    // The hint may be the same for everybody, so it is spread too.
    this.#wait(Math.max(backoffMs(this.attempt, policy, random), retryAfterMs + random() * policy.min))
  }

  /** Waits for the next attempt, never shorter than the server has asked for. */
  #wait(ms: number): void {
    const now = this.#settings.clock.now()
    const isOffline = !this.#settings.page.online()
    // The system may be wrong, so the client tries all the same, now and then.
    const least = isOffline ? this.#settings.reconnect.max : 0
    const retryInMs = Math.max(ms, least, this.#notBefore - now)
    this.#dueAt = now + retryInMs
    this.#timer.set(retryInMs, () => void this.#dial())
    this.#enter(isOffline ? 'offline' : 'waiting', { retryInMs })
  }

  #onPage(event: PageEvent): void {
    if (event === 'pagehide') {
      this.#suspend()
    } else if (event === 'hidden') {
      if (this.#settings.background === 'pause') this.#hidden.set(HIDDEN_MS, () => this.#suspend())
    } else {
      this.#hidden.clear()
      if (this.state === 'open') this.link?.ping(PROBE_MS)
      else this.hurry(event === 'online' ? this.#settings.random() * ONLINE_SPREAD_MS : 0)
    }
  }

  /** A page in the back/forward cache, or one that is hidden for long, keeps no connection. */
  #suspend(): void {
    if (this.state === 'idle') return
    this.#halt()?.drop()
    this.#dueAt = Number.POSITIVE_INFINITY
    this.#enter('waiting', { close: { code: 1001, reason: 'page hidden', next: 'reconnect' } })
  }

  /** Ends whatever is under way. What it still tells belongs to an earlier generation. */
  #halt(): Link | undefined {
    const { link } = this
    this.#generation += 1
    this.#attempting.abort()
    this.#timer.clear()
    this.#goodbye = undefined
    this.#openedAt = undefined
    this.link = undefined
    return link
  }

  #limit(): void {
    this.#timer.set(this.#settings.connectTimeout, () => this.#lost(1006, 'no connection in time'))
  }

  #enter(to: State, about: { retryInMs?: number; close?: Close } = {}): void {
    const from = this.state
    this.state = to
    this.lastClose = about.close ?? this.lastClose
    const { attempt, lastClose: close } = this
    this.#owner.changed({ to, from, attempt, retryInMs: about.retryInMs, close })
  }
}
