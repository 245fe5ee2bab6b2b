import { abortable } from './abortable.js'
import { addressOf } from './address.js'
import { Timer } from './clock.js'
import { Connection } from './connection.js'
import { Credential } from './credential.js'
import type { Welcome } from './data.js'
import { Emitter, type Off } from './emitter.js'
import { FanfareError } from './error.js'
import type { ClientFrame, Frame, FrameData, FrameOf, ReplyTo } from './frame.js'
import type { Link } from './link.js'
import { type ClientOptions, type Settings, settingsOf } from './options.js'
import type { Close, State, StateChange } from './state.js'

/** Between two attempts at a fresh token for an open session. Tokens that live shorter are not renewed in place. */
const RENEW_MS = 5_000

export interface RequestOptions {
  /** Milliseconds for the answer. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

/** What a client tells. Beside these, each type of frame is an event with the frame. */
export type ClientEvents = {
  state: [change: StateChange]
  /** Every frame that comes, before its own event, with the text it came as. */
  frame: [frame: Frame, text: string]
  /** Every frame that goes, without its token, with the size it had in characters. */
  sent: [frame: ClientFrame, size: number]
  /** What went wrong in the background; the client goes on. */
  fault: [error: unknown]
} & { [Type in keyof FrameData]: [frame: FrameOf<Type>] }

/** A connection that comes back by itself. */
export class Client {
  readonly #settings: Settings
  readonly #credential: Credential
  readonly #connection: Connection
  readonly #events = new Emitter<ClientEvents>()
  readonly #renewal: Timer
  /** Of channels that the path subscribes by itself. */
  readonly #cursors: Map<string, string>
  #welcome: Welcome | undefined
  /** Who waits for `connect`. */
  #waiting = 0
  #renewing = new AbortController()
  #renewedAt = Number.NEGATIVE_INFINITY

  constructor(options: ClientOptions) {
    this.#settings = settingsOf(options)
    this.#credential = new Credential(options.getToken)
    this.#renewal = new Timer(this.#settings.clock)
    this.#cursors = new Map(Object.entries(this.#settings.since))
    this.#connection = new Connection(this.#settings, this.#credential, {
      since: () => (this.#cursors.size > 0 ? this.cursors : undefined),
      welcomed: welcome => {
        this.#welcome = welcome
      },
      changed: change => this.#changed(change),
      received: (frame, text) => this.#received(frame, text),
      sent: (frame, text) => {
        const shown = frame.type === 'auth' ? { ...frame, token: '…' } : frame
        this.#events.emit('sent', shown, text.length)
      },
    })
  }

  get state(): State {
    return this.#connection.state
  }

  /** Attempts since a connection lasted. */
  get attempt(): number {
    return this.#connection.attempt
  }

  /** How the last connection ended; none while one is open. */
  get lastClose(): Close | undefined {
    return this.#connection.lastClose
  }

  /** What the server said of the last session. */
  get welcome(): Welcome | undefined {
    return this.#welcome
  }

  /** The last round trip of a heartbeat, in milliseconds. */
  get rtt(): number | undefined {
    return this.#connection.link?.rtt
  }

  /** Where channels stand that the path subscribes by itself. Keep it to hand it in as `since` later. */
  get cursors(): Record<string, string> {
    return Object.fromEntries(this.#cursors)
  }

  /** Time and chance as this client was given them, for what is built on it. */
  get settings(): Settings {
    return this.#settings
  }

  on<Event extends keyof ClientEvents>(event: Event, listener: (...values: ClientEvents[Event]) => void): Off
  on<Type extends string>(type: Type, listener: (frame: FrameOf<Type>) => void): Off
  on(event: keyof ClientEvents, listener: (...values: never[]) => void): Off {
    return this.#events.on(event, listener as (...values: unknown[]) => void)
  }

  /**
   * Resolves when a session is open. Goes on trying, as far as `reconnect` says, and rejects when that is over, when
   * `close` is called, or when `signal` is aborted, which closes the client if nobody else waits.
   */
  connect({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    if (this.state === 'open') return Promise.resolve()
    const connected = abortable<void>(signal, (resolve, reject) => {
      this.#waiting += 1
      const off = this.on('state', ({ to, close }) => {
        if (to === 'open') resolve()
        if (to === 'closed') reject(closedBy(close))
      })
      return () => {
        off()
        this.#waiting -= 1
        if (signal?.aborted && this.#waiting === 0) void this.close()
      }
    })
    if (this.#waiting === 0) return connected
    if (this.state === 'idle' || this.state === 'closed') this.#connection.start()
    else this.#connection.hurry()
    return connected
  }

  /** Sends a frame if it can be sent now. It is not kept for later, and nobody says that it arrived. */
  send(frame: ClientFrame): boolean {
    try {
      this.#link().send(frame)
      return true
    } catch {
      return false
    }
  }

  /** Sends a frame and resolves with its answer. Rejects with a `FanfareError`, or with the reason of `signal`. */
  async request<Type extends string>(
    type: Type,
    fields: Readonly<Record<string, unknown>> = {},
    { timeout = this.#settings.requestTimeout, signal }: RequestOptions = {},
  ): Promise<ReplyTo<Type>> {
    const answer = await this.#link().request({ ...fields, type }, timeout, signal)
    return answer as ReplyTo<Type>
  }

  /**
   * Ends it and does not come back. From the call on nothing is told any more; answers that are under way are waited
   * for, a second at most, and so is the server's goodbye.
   */
  async close(code = 1000, reason = ''): Promise<void> {
    if (this.state === 'closed') return
    await this.#connection.stop({ code, reason, next: 'stop' })?.finish(code, reason)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Subscribes a channel that the path would subscribe the next time, and keeps its cursor with the path's own. */
  async follow(channel: string): Promise<void> {
    const { cursor } = await this.request('subscribe', { channel, since: this.#cursors.get(channel) })
    if (cursor && !this.#cursors.has(channel)) this.#cursors.set(channel, cursor)
  }

  /** The address that `url` names now. */
  address(): Promise<URL> {
    return addressOf(this.#settings.url)
  }

  /** A token for HTTP requests: the one in use, or another in place of one that was refused. */
  async token(refused?: string): Promise<string> {
    const { token } = this.#credential
    if (token && token !== refused) return token
    return this.#credential.ask(refused ? 'rejected' : 'connect', new AbortController().signal)
  }

  #link(): Link {
    const { link, state } = this.#connection
    if (!link || state !== 'open') throw new FanfareError('not_open')
    return link
  }

  #changed(change: StateChange): void {
    this.#renewal.clear()
    this.#renewing.abort()
    this.#events.emit('state', change)
  }

  #received(frame: Frame, text: string): void {
    this.#remember(frame)
    if (frame.type === 'token_expiring') this.#renewIn(this.#renewedAt + RENEW_MS - this.#now())
    this.#events.emit('frame', frame, text)
    this.#events.emit(frame.type as 'publication', frame as FrameOf<'publication'>)
  }

  /** Keeps the cursors of channels whose subscription nobody here has asked for. */
  #remember({ type, id, channel, cursor }: Frame): void {
    if (channel === undefined) return
    if (type === 'unsubscribed') this.#cursors.delete(channel)
    else if (cursor && (this.#cursors.has(channel) || (type === 'subscribed' && !id)))
      this.#cursors.set(channel, cursor)
  }

  #renewIn(ms: number): void {
    this.#renewal.set(Math.max(0, ms), () => void this.#renew())
  }

  /** Refreshes the token of the open session, which goes on with everything it reads. */
  async #renew(): Promise<void> {
    const { link } = this.#connection
    this.#renewing = new AbortController()
    const { signal } = this.#renewing
    this.#renewedAt = this.#now()
    try {
      const token = await this.#credential.ask('refresh', signal)
      if (token === this.#credential.token) throw new FanfareError('unavailable', 'no fresh token yet')
      await link?.request({ type: 'auth', token }, this.#settings.requestTimeout, signal)
      this.#credential.accept(token)
    } catch (error) {
      if (signal.aborted) return
      this.#events.emit('fault', error)
      const isFinal = error instanceof FanfareError && !error.retryable
      if (!isFinal) this.#renewIn(RENEW_MS)
    }
  }

  #now(): number {
    return this.#settings.clock.now()
  }
}

function closedBy(close: Close | undefined): FanfareError {
  const code = close?.code
  return new FanfareError(
    code === 4001 ? 'unauthorized' : code === 4003 ? 'forbidden' : 'closed',
    close?.reason || 'closed',
  )
}

/** Makes a client. Nothing is opened before `connect`. */
export function createClient(options: ClientOptions): Client {
  return new Client(options)
}
