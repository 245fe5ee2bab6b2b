import { abortable } from './abortable.js'
import { Channel, type ChannelOptions, type PublishOptions } from './channel.js'
import type { Client } from './client.js'
import { Timer } from './clock.js'
import type { Published } from './data.js'
import { FanfareError } from './error.js'
import { Outbox } from './outbox.js'

/** Least between two frames in the long run: a server lets 20 a second pass. */
const PACE_MS = 60

/** Frames at once. A server lets a burst of 40 pass, and others want to ask something too. */
const BURST = 30

/** Between two attempts when nobody has said how long. */
const RETRY_MS = 1_000

/** The channels of one client: subscribes them on each new connection, and gives each its frames. */
export class Subscriptions {
  readonly client: Client
  readonly #channels = new Map<string, Channel>()
  readonly #outbox: Outbox
  #waiting = new Set<Channel>()
  readonly #pacing: Timer
  /** Until when the frames so far are paid for, at one in `PACE_MS`. */
  #paidUntil = 0
  #published = 0
  /** Counts connections, so that what was begun in one does not go on in another. */
  #session = 0
  readonly #pauses = new Set<() => void>()

  constructor(client: Client) {
    this.client = client
    this.#pacing = new Timer(client.settings.clock)
    this.#outbox = new Outbox(client, ms => this.#pause(ms))
    client.on('state', ({ to }) => {
      this.#session += 1
      this.#pacing.clear()
      for (const end of this.#pauses) end()
      for (const channel of this.#channels.values()) {
        if (to === 'closed') channel.refuse(new FanfareError('closed'))
        else channel.renew()
      }
      if (to === 'open') this.#begin()
      if (to === 'closed') this.#outbox.clear()
    })
    client.on('frame', frame => {
      if (frame.channel) this.#channels.get(frame.channel)?.deliver(frame)
    })
  }

  open(name: string, options: ChannelOptions): Channel {
    const known = this.#channels.get(name)
    // Where the path has read it so far, nothing is missed between the two.
    const channel = known ?? new Channel(this, name, { since: this.client.cursors[name], ...options })
    this.#channels.set(name, channel)
    if (channel.use(options) || !known) this.#ask(channel)
    return channel
  }

  remove(channel: string, wasRead: boolean): void {
    this.#channels.delete(channel)
    // Without a connection there is nothing to end. What the path reads goes on, without presence.
    const since = this.client.cursors[channel]
    if (wasRead) this.client.send({ type: since ? 'subscribe' : 'unsubscribe', channel, since })
  }

  async publish(fields: Record<string, unknown>, options: PublishOptions): Promise<Published> {
    const { random, clock } = this.client.settings
    const { clientId, queue, signal } = options
    if (!queue)
      return (await this.client.request('publish', { ...fields, client_id: clientId }, options)).data
    this.#published += 1
    const madeUp = [clock.now(), random(), this.#published].map(part => part.toString(36)).join('-')
    return this.#outbox.add({ ...fields, client_id: clientId ?? madeUp }, queue.ttl, signal)
  }

  #begin(): void {
    this.#paidUntil = 0
    for (const channel of this.#channels.values()) this.#ask(channel)
    void this.#outbox.flush()
  }

  #ask(channel: Channel): void {
    this.#waiting.add(channel)
    this.#advance()
  }

  /** Asks for those that wait, no faster than a server takes it: who floods it with all at once is closed. */
  #advance(): void {
    if (this.client.state !== 'open') return
    const now = this.client.settings.clock.now()
    for (const channel of this.#waiting) {
      if (this.#paidUntil > now + (BURST - 1) * PACE_MS) {
        this.#pacing.set(PACE_MS, () => this.#advance())
        return
      }
      this.#waiting.delete(channel)
      if (!this.#isOpen(channel)) continue
      this.#paidUntil = Math.max(now, this.#paidUntil) + PACE_MS
      void this.#subscribe(channel)
    }
  }

  /** The answer is a frame of the channel, and comes to it as such, in order with the rest. */
  async #subscribe(channel: Channel): Promise<void> {
    const session = this.#session
    const isWanted = () => session === this.#session && this.#isOpen(channel)
    try {
      await this.client.request('subscribe', channel.request())
    } catch (error) {
      const { code, retryable, retryAfterMs } = error as FanfareError
      if (!isWanted()) return
      if (retryable) {
        await this.#pause(retryAfterMs)
        if (isWanted()) this.#ask(channel)
      } else if (code !== 'conflict') {
        // A conflict: overtaken by a later one for the same channel, which has an answer of its own.
        channel.refuse(error as FanfareError)
      }
    }
  }

  #isOpen(channel: Channel): boolean {
    return this.#channels.get(channel.name) === channel
  }

  /** Ends early when the connection does. */
  #pause(ms: number): Promise<void> {
    const { clock } = this.client.settings
    return abortable(undefined, resolve => {
      const timer = clock.setTimeout(resolve, ms || RETRY_MS)
      this.#pauses.add(resolve)
      return () => {
        clock.clearTimeout(timer)
        this.#pauses.delete(resolve)
      }
    })
  }
}
