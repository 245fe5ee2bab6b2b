import { type Client, type ClientFrame, createClient, type GetToken, type StateChange } from '@fanfare/client'
import { type Channel, channel as channelOf } from '@fanfare/client/channels'
import { onScopeDispose, reactive, shallowReactive, shallowRef } from 'vue'
import { closeReason, reasonText } from '../text/codes'
import { milliseconds, problem } from '../text/format'
import { type Draft, note, readFrame } from './log/entry'
import { Log } from './log/log'
import { Stats } from './stats'
import { Tap } from './tap'
import { t } from './text'

/** Questions whose answers are waited for, at most: what is older is forgotten. */
const ASKED = 1_000

/** How often numbers that change all the time are shown. */
const STATS_MS = 500

export interface TesterOptions {
  /** The server's `http:` or `https:` address. */
  readonly baseUrl: string
  readonly getToken: GetToken
}

export interface Plan {
  /** From the root of the server. */
  path: string
  reconnects: boolean
  attempts: number
  heartbeatSeconds: number
}

/** A change of the state, and when the next attempt is due. */
export interface Moment extends StateChange {
  readonly dueAt: number | undefined
  /** The user's own doing. */
  readonly isWanted: boolean
}

export interface Subscription {
  readonly name: string
  status: 'subscribing' | 'subscribed' | 'refused'
  reason: string
}

/** The connection under test: a client, what it does, and what passes. */
export class Tester {
  readonly log = new Log()
  readonly stats = new Stats()
  readonly tap: Tap
  readonly plan: Plan = reactive({
    path: '/ws/test/',
    reconnects: true,
    attempts: 5,
    heartbeatSeconds: 30,
  })
  readonly moment = shallowRef<Moment>(IDLE)
  readonly snapshot = shallowRef(this.stats.snapshot(Date.now()))
  readonly subscriptions = shallowReactive(new Map<string, Subscription>())
  /** How long the last absence was, and what came late after it. */
  readonly away = shallowRef<{ readonly ms: number; readonly replayedBefore: number }>()
  readonly options: TesterOptions
  readonly #client = shallowRef<Client>()
  /** Of the client. */
  #path = ''
  #channels = new Map<string, Channel>()
  #cursors = new Map<string, Record<string, string>>()
  #asked = new Map<string, number>()
  #lostAt: number | undefined
  #openedAt = ''
  #isWanted = false
  #ids = 0

  constructor(options: TesterOptions) {
    this.options = options
    this.tap = new Tap({
      sent: text => this.#passed('out', text),
      received: text => this.#passed('in', text),
    })
    const timer = setInterval(() => {
      this.snapshot.value = this.stats.snapshot(Date.now())
    }, STATS_MS)
    onScopeDispose(() => {
      clearInterval(timer)
      void this.#client.value?.close()
    })
  }

  get client(): Client | undefined {
    return this.#client.value
  }

  /** Never another server than the page's own, whatever the path says: the token goes there. */
  get url(): string {
    const url = new URL(`/${this.plan.path.replace(/^[/\\]+/, '')}`, this.options.baseUrl)
    url.protocol = url.protocol.replace('http', 'ws')
    return url.href
  }

  /** Begins anew with what the plan says now, where the last connection to this path left off. */
  connect(): void {
    this.disconnect()
    if (this.#client.value) this.#cursors.set(this.#path, this.#client.value.cursors)
    const { path, reconnects, attempts, heartbeatSeconds } = this.plan
    const client = createClient({
      url: this.url,
      getToken: this.options.getToken,
      // As the seed's page did it, with jitter.
      reconnect: { min: 1_000, max: 10_000, maxAttempts: reconnects ? attempts : 0 },
      heartbeat: { interval: heartbeatSeconds * 1_000 },
      since: this.#cursors.get(path) ?? {},
      WebSocket: this.tap.WebSocket,
    })
    this.#client.value = client
    this.#path = path
    this.#isWanted = false
    this.#lostAt = undefined
    this.away.value = undefined
    client.on('state', change => this.#changed(client, change))
    client.on('fault', error => this.#note(note('fault', problem(error), true)))
    const names = [...this.subscriptions.keys()]
    this.subscriptions.clear()
    this.#channels.clear()
    for (const name of names) this.subscribe(name)
    client.connect().catch(() => {})
  }

  disconnect(): void {
    const client = this.#client.value
    if (!client || client.state === 'closed') return
    this.#isWanted = true
    void client.close()
  }

  retryNow(): void {
    this.#client.value?.connect().catch(() => {})
  }

  /** With an `id`, so that the answer can be told. `false` when it was not sent. */
  send(frame: ClientFrame): boolean {
    this.#ids += 1
    return this.#client.value?.send({ id: `m${this.#ids}`, ...frame }) ?? false
  }

  subscribe(name: string): void {
    if (!this.#client.value || this.#channels.has(name)) return
    const channel = channelOf(this.#client.value, name)
    this.#channels.set(name, channel)
    const tell = (status: Subscription['status'], reason = '') =>
      this.subscriptions.set(name, { name, status, reason })
    tell('subscribing')
    channel.on('subscribed', () => tell('subscribed'))
    channel.on('refused', error => {
      if (error.code === 'closed') return
      const reason = problem(error)
      tell('refused', reason)
      this.#note(note('refused', t('noteRefused', { channel: name, reason }), true))
    })
    channel.on('gap', ({ from, to }) => {
      this.#note(note('gap', t('noteGap', { channel: name, from, to: to ?? '…' }), true))
    })
    channel.on('reset', ({ reason }) => {
      this.#note(note('reset', t('noteReset', { channel: name, reason: reasonText(reason) }), true))
    })
  }

  unsubscribe(name: string): void {
    this.#channels.get(name)?.close()
    this.#channels.delete(name)
    this.subscriptions.delete(name)
  }

  #passed(direction: 'in' | 'out', text: string): void {
    const { fields, draft } = readFrame(direction, text)
    const now = performance.now()
    const id = typeof fields?.id === 'string' ? fields.id : undefined
    let { rtt } = draft
    if (id !== undefined && direction === 'out') {
      this.#asked.set(id, now)
      const [oldest] = this.#asked.keys()
      if (this.#asked.size > ASKED && oldest !== undefined) this.#asked.delete(oldest)
    } else if (id !== undefined) {
      const at = this.#asked.get(id)
      this.#asked.delete(id)
      if (at !== undefined) rtt = now - at
    }
    if (draft.type === 'welcome') this.#openedAt = String(fields?.timestamp)
    const isReplayed =
      direction === 'in' &&
      typeof fields?.cursor === 'string' &&
      fields.n !== undefined &&
      String(fields.timestamp) < this.#openedAt
    this.#note({ ...draft, rtt, isReplayed })
  }

  #note(draft: Draft): void {
    this.stats.count(this.log.add(draft))
  }

  #changed(client: Client, change: StateChange): void {
    if (client !== this.#client.value) return
    const now = Date.now()
    const { to, from, attempt, retryInMs, close } = change
    const wasUp = from === 'open'
    if (to === 'connecting' && attempt === 0)
      this.#note(note('connecting', t('noteConnecting', { url: this.url })))
    if (to === 'open') this.#opened(client, now)
    if (wasUp) {
      this.stats.closed()
      this.#lostAt = now
    }
    const isEnd = to === 'waiting' || to === 'offline' || to === 'closed'
    if (isEnd && close && from !== 'waiting' && from !== 'offline') {
      const isError = !this.#isWanted && close.code !== 1000
      const reason = this.#isWanted ? t('whyByUser') : closeReason(close)
      this.#note(note('closed', t('noteLost', { reason, code: close.code }), isError))
    }
    this.moment.value = {
      ...change,
      dueAt: retryInMs === undefined ? undefined : now + retryInMs,
      isWanted: this.#isWanted,
    }
    this.snapshot.value = this.stats.snapshot(now)
  }

  #opened(client: Client, now: number): void {
    this.stats.opened(now)
    const { node = '', user = '' } = client.welcome ?? {}
    if (this.#lostAt === undefined) {
      this.#note(note('open', t('noteOpen', { node, user })))
    } else {
      const ms = now - this.#lostAt
      this.away.value = { ms, replayedBefore: this.stats.snapshot(now).replayed }
      this.#note(note('open', t('noteBack', { away: milliseconds(ms) })))
    }
  }
}

const IDLE: Moment = { to: 'idle', from: 'idle', attempt: 0, dueAt: undefined, isWanted: false }
