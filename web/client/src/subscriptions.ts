import { Channel, type ChannelOptions, type PublishOptions } from './channel.js'
import type { Client } from './client.js'
import type { Published } from './data.js'
import type { FanfareError } from './error.js'
import { Outbox } from './outbox.js'

/** Subscriptions asked for at once. A server lets a burst of 40 frames pass, and others want to ask something too. */
const WIDTH = 16

/** Between two attempts when nobody has said how long. */
const RETRY_MS = 1_000

/** The channels of one client: subscribes them on each new connection, and gives each its frames. */
export class Subscriptions {
  readonly client: Client
  readonly #channels = new Map<string, Channel>()
  readonly #outbox: Outbox
  #waiting = new Set<Channel>()
  #width = WIDTH
  #running = 0
  #published = 0
  /** Of the connection; its pauses end with it. */
  #ending = new AbortController()

  constructor(client: Client) {
    this.client = client
    this.#outbox = new Outbox(client, ms => this.#pause(ms))
    client.on('state', ({ to }) => {
      if (to === 'open') this.#begin()
      else this.#ending.abort()
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
    const { clientId, queue } = options
    if (!queue)
      return (await this.client.request('publish', { ...fields, client_id: clientId }, options)).data
    this.#published += 1
    const madeUp = [clock.now(), random(), this.#published].map(part => part.toString(36)).join('-')
    return this.#outbox.add({ ...fields, client_id: clientId ?? madeUp }, queue.ttl)
  }

  #begin(): void {
    this.#ending = new AbortController()
    this.#width = WIDTH
    for (const channel of this.#channels.values()) this.#ask(channel)
    void this.#outbox.flush()
  }

  #ask(channel: Channel): void {
    this.#waiting.add(channel)
    this.#advance()
  }

  #advance(): void {
    if (this.client.state !== 'open') return
    for (const channel of this.#waiting) {
      if (this.#running >= this.#width) return
      this.#waiting.delete(channel)
      if (!this.#isOpen(channel)) continue
      this.#running += 1
      void this.#subscribe(channel).finally(() => {
        this.#running -= 1
        this.#advance()
      })
    }
  }

  /** The answer is a frame of the channel, and comes to it as such, in order with the rest. */
  async #subscribe(channel: Channel): Promise<void> {
    const { signal } = this.#ending
    const isWanted = () => !signal.aborted && this.#isOpen(channel)
    try {
      await this.client.request('subscribe', channel.request())
    } catch (error) {
      const { code, retryable, retryAfterMs } = error as FanfareError
      if (!isWanted()) return
      if (!retryable) {
        // Overtaken by a later one for the same channel, which has an answer of its own.
        if (code !== 'conflict') channel.refuse(error as FanfareError)
        return
      }
      // Who repeats everything at once is closed for flooding: from here on one by one.
      if (code === 'rate_limited') this.#width = 1
      await this.#pause(retryAfterMs)
      if (isWanted()) this.#waiting.add(channel)
    }
  }

  #isOpen(channel: Channel): boolean {
    return this.#channels.get(channel.name) === channel
  }

  /** Ends early when the connection does. */
  #pause(ms: number): Promise<void> {
    const { signal } = this.#ending
    const { clock } = this.client.settings
    return new Promise(resolve => {
      const end = () => {
        clock.clearTimeout(timer)
        resolve()
      }
      const timer = clock.setTimeout(end, ms || RETRY_MS)
      signal.addEventListener('abort', end)
    })
  }
}
