import { abortable } from './abortable.js'
import { type Clock, Timer } from './clock.js'
import { FanfareError } from './error.js'
import { type ClientFrame, type Frame, parseFrame } from './frame.js'
import { OPEN, type Socket } from './socket.js'

/** Requests under way at once; the server takes 64 and refuses the rest. */
const PENDING_MAX = 128

/** Bytes that wait in the socket, at most: sixteen of the largest frames. More means that nothing gets out. */
const BUFFERED_MAX = 1024 * 1024

/** How much later than asked a timer may run before it says that the page slept, and nothing about the server. */
const LATE_MS = 1_000

/** Longest wait for answers, and then for the server's close, when a connection is ended in peace. */
const FINISH_MS = 1_000

export interface Heartbeat {
  /** Milliseconds between an answer and the next ping. */
  readonly interval: number
  /** Milliseconds in which something must be heard after a ping. */
  readonly timeout: number
}

/** What a link tells its owner. */
export interface LinkOwner {
  opened(): void
  received(frame: Frame, text: string): void
  sent(frame: ClientFrame, text: string): void
  lost(code: number, reason: string): void
}

export interface LinkSettings {
  readonly clock: Clock
  readonly heartbeat: Heartbeat
  readonly frameBytes: number
}

interface Pending {
  resolve(answer: Frame): void
  reject(error: unknown): void
}

/** One socket from its opening to its end: frames, answers by id, heartbeat. */
export class Link {
  readonly #socket: Socket
  readonly #owner: LinkOwner
  readonly #settings: LinkSettings
  readonly #pending = new Map<string, Pending>()
  readonly #beat: Timer
  #ids = 0
  #pinged: { id: string; at: number } | undefined
  #idle: (() => void) | undefined
  #closed: (() => void) | undefined
  #rtt: number | undefined

  constructor(socket: Socket, owner: LinkOwner, settings: LinkSettings) {
    this.#socket = socket
    this.#owner = owner
    this.#settings = settings
    this.#beat = new Timer(settings.clock)
    socket.addEventListener('open', () => owner.opened())
    socket.addEventListener('message', ({ data }) => this.#received(data))
    // A browser says nothing in it, and a close always follows.
    socket.addEventListener('error', () => {})
    socket.addEventListener('close', ({ code, reason }) => {
      this.#end()
      owner.lost(code, reason)
      this.#closed?.()
    })
  }

  /** The last round trip, in milliseconds. */
  get rtt(): number | undefined {
    return this.#rtt
  }

  /** Throws when it is not handed to the socket. */
  send(frame: ClientFrame): void {
    const { frameBytes } = this.#settings
    const text = JSON.stringify(frame)
    if (new TextEncoder().encode(text).length > frameBytes) throw new FanfareError('too_large')
    if (this.#socket.readyState !== OPEN) throw new FanfareError('not_open')
    if (this.#socket.bufferedAmount > BUFFERED_MAX) throw new FanfareError('full')
    this.#socket.send(text)
    this.#owner.sent(frame, text)
  }

  /** Sends, and resolves with the answer. Rejects when it is an error, and when there is none in time. */
  request(frame: ClientFrame, timeout: number, signal?: AbortSignal): Promise<Frame> {
    const { clock } = this.#settings
    return abortable(signal, (resolve, reject) => {
      if (this.#pending.size >= PENDING_MAX) throw new FanfareError('full')
      const id = this.#id()
      this.send({ ...frame, id })
      const timer = clock.setTimeout(() => reject(new FanfareError('timeout')), timeout)
      this.#pending.set(id, { resolve, reject })
      return () => {
        clock.clearTimeout(timer)
        this.#pending.delete(id)
        if (this.#pending.size === 0) this.#idle?.()
      }
    })
  }

  /** Asks now whether the server is there, and from then on at intervals. */
  ping(timeout = this.#settings.heartbeat.timeout, again = true): void {
    const { clock } = this.#settings
    const at = clock.now()
    this.#pinged = { id: this.#id(), at }
    try {
      this.send({ type: 'ping', id: this.#pinged.id })
    } catch {
      // What cannot be written cannot be answered: the deadline tells.
    }
    this.#beat.set(timeout, () => {
      const slept = clock.now() - at > timeout + LATE_MS
      if (slept && again) this.ping(timeout, false)
      else this.#die('no pong in time')
    })
  }

  /** The first ping comes after an interval: a link that has just opened is alive. */
  startHeartbeat(): void {
    this.#beat.set(this.#settings.heartbeat.interval, () => this.ping())
  }

  /** Ends it at once, and tells nobody but those who wait for answers. */
  drop(): void {
    this.#end()
    this.#socket.close()
  }

  /** Ends it in peace: what was asked is answered first, and the server says goodbye. Bounded in time. */
  async finish(code: number, reason: string): Promise<void> {
    this.#beat.clear()
    if (this.#pending.size > 0) {
      await this.#within(done => {
        this.#idle = done
      })
    }
    if (this.#socket.readyState <= OPEN) {
      await this.#within(done => {
        this.#closed = done
        this.#close(code, reason)
      })
    }
    this.#end()
  }

  #close(code: number, reason: string): void {
    try {
      this.#socket.close(code, reason)
    } catch {
      // A browser sends 1000 and 3000 to 4999 only, with a short reason. It is to be closed all the same.
      this.#socket.close()
    }
  }

  #within(begin: (done: () => void) => void): Promise<void> {
    const timer = new Timer(this.#settings.clock)
    return new Promise<void>(resolve => {
      timer.set(FINISH_MS, resolve)
      begin(resolve)
    }).finally(() => timer.clear())
  }

  #id(): string {
    this.#ids += 1
    return `r${this.#ids}`
  }

  #received(data: unknown): void {
    const frame = parseFrame(data)
    if (!frame) return
    if (this.#pinged) {
      // Whatever is heard proves that the server is there; how far it is, its pong alone.
      this.startHeartbeat()
      if (frame.id === this.#pinged.id) {
        this.#rtt = this.#settings.clock.now() - this.#pinged.at
        this.#pinged = undefined
      }
    }
    this.#owner.received(frame, data as string)
    const pending = frame.id === undefined ? undefined : this.#pending.get(frame.id)
    if (frame.type === 'error') pending?.reject(errorOf(frame))
    else pending?.resolve(frame)
  }

  #die(reason: string): void {
    this.drop()
    this.#owner.lost(1006, reason)
  }

  /** Stops the heartbeat and rejects whatever waits for an answer. */
  #end(): void {
    this.#beat.clear()
    for (const { reject } of this.#pending.values()) reject(new FanfareError('disconnected'))
  }
}

/** An `error` frame as what a request rejects with. */
export function errorOf({ code = 'internal', message, data }: Frame): FanfareError {
  const retry = (data as { retry_after_ms?: number } | undefined)?.retry_after_ms
  return new FanfareError(code, typeof message === 'string' ? message : code, retry)
}
