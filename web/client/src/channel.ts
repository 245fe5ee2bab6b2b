import { abortable } from './abortable.js'
import type { Notification, Published, Reset, Retracted } from './data.js'
import { Emitter, type Off } from './emitter.js'
import { FanfareError } from './error.js'
import type { Frame, FrameOf } from './frame.js'
import { Presence } from './presence.js'
import { read } from './reader.js'
import type { Subscriptions } from './subscriptions.js'

/** Items that `for await` holds for a slow reader: some seconds of a busy channel. */
const BUFFER = 256

export interface ChannelOptions {
  /** Comes back to where it was after a reconnect. On unless it is `false`. */
  readonly resume?: boolean
  /** To be shown as present, and told who else is. Rooms and topics only. */
  readonly presence?: boolean
  /** The `cursor` of an earlier visit. */
  readonly since?: string | undefined
}

export interface PublishOptions {
  /** The same within 24 hours is published once. Made up when it has to be. */
  readonly clientId?: string
  /** Without a connection, waits for one: `ttl` milliseconds at most. Off unless it is asked for. */
  readonly queue?: { readonly ttl: number }
  /** Milliseconds for the answer. */
  readonly timeout?: number
  readonly signal?: AbortSignal
}

export interface HistoryOptions {
  /** An ordinal. */
  readonly before?: number
  /** An ordinal. */
  readonly after?: number
  /** At most 200. */
  readonly limit?: number
}

export type ChannelStatus = 'subscribing' | 'subscribed' | 'refused' | 'closed'

/** A frame of a channel. `replayed`: it was missed, and is delivered late. */
export type Delivery<Type extends string = string, Data = unknown> = Frame<Type, Data> & {
  readonly replayed: boolean
}

/** Entries that are not there: expired, taken back, or not to be had. Without `to`: nobody knows how many. */
export interface Gap {
  readonly from: number
  readonly to: number | undefined
}

export type ChannelSignals = {
  subscribed: [{ readonly recovered: boolean }]
  gap: [gap: Gap]
  /** What was missed cannot be had: load a snapshot, then go on. */
  reset: [reset: Reset]
  /** The server does not let this user read it, or not any more; or `closed`. */
  refused: [error: FanfareError]
  presence: [presence: Presence]
}

/** The `data` of what is delivered, by type. */
export interface ChannelData {
  publication: unknown
  notification: Notification
  retracted: Retracted
}

type Events<Data> = ChannelSignals & { delivery: [Delivery] } & {
  [Type in keyof Data]: [data: Data[Type], delivery: Delivery]
}

/** One channel: comes back with its cursor, tells what cannot be had, and delivers everything once. */
export class Channel<Data = ChannelData> {
  readonly name: string
  readonly presence = new Presence()
  readonly #subscriptions: Subscriptions
  readonly #events = new Emitter<Events<ChannelData>>()
  readonly #resume: boolean
  #wantsPresence: boolean
  #status: ChannelStatus = 'subscribing'
  #refusal: FanfareError | undefined
  #cursor: string | undefined
  /** The last ordinal that was delivered; not known where the log was not followed. */
  #n: number | undefined
  #subscribedAt = ''
  #uses = 0

  /** @internal */
  constructor(
    subscriptions: Subscriptions,
    name: string,
    { resume = true, presence = false, since }: ChannelOptions,
  ) {
    this.name = name
    this.#subscriptions = subscriptions
    this.#resume = resume
    this.#wantsPresence = presence
    this.#cursor = since
  }

  get status(): ChannelStatus {
    return this.#status
  }

  /** Where this reader stands. Keep it to hand it in as `since` later. */
  get cursor(): string | undefined {
    return this.#cursor
  }

  on<Signal extends keyof ChannelSignals>(
    signal: Signal,
    listener: (...values: ChannelSignals[Signal]) => void,
  ): Off
  on<Type extends keyof Data & string>(
    type: Type,
    listener: (data: Data[Type], delivery: Delivery<Type, Data[Type]>) => void,
  ): Off
  on(event: 'gap', listener: (...values: never[]) => void): Off {
    return this.#events.on(event, listener as (gap: Gap) => void)
  }

  /** Everything from now on. Holds `buffer` deliveries for a reader that is slow, then throws `overflow`. */
  read(buffer = BUFFER): AsyncIterableIterator<Delivery> {
    return read(buffer, push => this.#events.on('delivery', push))
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<Delivery> {
    return this.read()
  }

  /** Resolves when it is subscribed; rejects when it is refused or closed first. */
  async ready(): Promise<void> {
    if (this.#refusal) throw this.#refusal
    if (this.#status === 'subscribed') return
    await abortable<unknown>(undefined, (resolve, reject) => {
      const offs = [this.on('subscribed', resolve), this.on('refused', reject)]
      return () => {
        for (const off of offs) off()
      }
    })
  }

  /** Resolves when it is stored. Without `queue` it rejects at once when there is no connection. */
  publish(data: unknown, options: PublishOptions = {}): Promise<Published> {
    return this.#subscriptions.publish({ channel: this.name, data }, options)
  }

  /** A page of what the channel holds: the newest, or those before or after an ordinal. */
  async history(options: HistoryOptions = {}): Promise<FrameOf<'history_response'>['data']> {
    const { data } = await this.#subscriptions.client.request('history', { channel: this.name, ...options })
    return data
  }

  /** Ends it, when everybody who opened it has. */
  close(): void {
    this.#uses -= 1
    if (this.#uses > 0 || this.#status === 'closed') return
    const wasRead = this.#status === 'subscribed' || this.#status === 'subscribing'
    this.refuse(new FanfareError('closed'))
    this.#status = 'closed'
    this.#subscriptions.remove(this.name, wasRead)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close()
  }

  /** @internal One more who uses it. Answers whether it has to be subscribed again. */
  use({ presence = false }: ChannelOptions): boolean {
    this.#uses += 1
    const isNew = presence && !this.#wantsPresence
    this.#wantsPresence ||= presence
    return isNew
  }

  /** @internal The connection is another one, or none: nothing is subscribed any more. */
  renew(): void {
    this.#status = 'subscribing'
    this.#refusal = undefined
  }

  /** @internal What is asked of the server. */
  request(): Record<string, unknown> {
    return {
      channel: this.name,
      since: this.#resume ? this.#cursor : undefined,
      presence: this.#wantsPresence || undefined,
    }
  }

  /** @internal */
  refuse(error: FanfareError): void {
    this.#status = 'refused'
    this.#refusal = error
    this.#events.emit('refused', error)
  }

  /** @internal A frame of this channel has come. */
  deliver(frame: Frame): void {
    const { type, data } = frame
    if (type === 'subscribed') {
      this.#subscribed(frame as FrameOf<'subscribed'>)
    } else if (this.presence.apply(frame)) {
      this.#events.emit('presence', this.presence)
    } else if (frame.id !== undefined) {
      // Other answers are for those who asked.
    } else if (type === 'unsubscribed') {
      this.refuse(new FanfareError('forbidden', 'the server ended it'))
    } else if (type === 'reset') {
      this.#n = undefined
      this.#events.emit('reset', data as Reset)
    } else if (this.#follow(frame)) {
      const delivery = {
        ...frame,
        replayed: frame.cursor !== undefined && frame.timestamp < this.#subscribedAt,
      }
      this.#events.emit('delivery', delivery)
      this.#events.emit(type as 'publication', data, delivery)
    }
  }

  #subscribed({ data, cursor, timestamp }: FrameOf<'subscribed'>): void {
    this.#status = 'subscribed'
    this.#subscribedAt = timestamp
    this.#cursor = cursor ?? this.#cursor
    if (!data.recovered && this.#n !== undefined) {
      this.#events.emit('gap', { from: this.#n + 1, to: undefined })
      this.#n = undefined
    }
    // Who comes and goes meanwhile is told, and the answer is how it is then.
    if (this.#wantsPresence)
      this.#subscriptions.client.request('presence', { channel: this.name }).catch(() => {})
    this.#events.emit('subscribed', data)
  }

  /** Keeps the place in the log; `false` for what was delivered already. */
  #follow({ n, cursor }: Frame): boolean {
    if (n === undefined || cursor === undefined) return true
    const have = this.#n
    if (have !== undefined && n <= have) return false
    this.#n = n
    this.#cursor = cursor
    if (have !== undefined && n > have + 1) this.#events.emit('gap', { from: have + 1, to: n - 1 })
    return true
  }
}
