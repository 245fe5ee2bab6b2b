import type { GetToken } from '@fanfare/client'
import { type ShallowRef, shallowRef } from 'vue'
import { problem } from '../../text/format'
import { type Percentiles, percentiles } from '../stats'
import { tokenOf } from '../token'

/** Between two looks at what has to be sent, in milliseconds. */
const TICK_MS = 50

/** Looks between two that the figures are shown after: they are read by people. */
const SHOWN_EVERY = 5

/** Round trips that the percentiles are taken of. */
const SAMPLES = 20_000

/** Questions of one connection that wait for an answer; a server that is behind is asked no more. */
const WAITING = 200

export interface LoadPlan {
  connections: number
  /** Connections that are opened each second. */
  ramp: number
  /** Messages that each connection sends in a second. */
  rate: number
  payloadBytes: number
}

export interface LoadFigures {
  /** From the start on, which begins with a token. */
  readonly isRunning: boolean
  /** Why there is no token to begin with. */
  readonly problem: string
  readonly open: number
  readonly sent: number
  readonly answered: number
  readonly perSecond: number
  readonly rtt: Percentiles
  /** How often, by close code or error code. */
  readonly errors: ReadonlyMap<string, number>
}

interface Member {
  readonly socket: WebSocket
  readonly waiting: Map<string, number>
  isOpen: boolean
  /** Messages that are due, and parts of one. */
  due: number
}

/** Connections of one browser that send echoes at a rate and measure the answers. */
export class Load {
  readonly figures: ShallowRef<LoadFigures> = shallowRef(NOTHING)
  readonly #getToken: GetToken
  #url = ''
  #problem = ''
  /** Aborted when it is stopped; none before it was started. */
  #running: AbortController | undefined
  #plan: LoadPlan = { connections: 0, ramp: 0, rate: 0, payloadBytes: 0 }
  #members = new Set<Member>()
  #errors = new Map<string, number>()
  #samples: number[] = []
  #sent = 0
  #answered = 0
  #opened = 0
  #ids = 0
  #timer = 0
  #ticks = 0
  #startedAt = 0
  #lastSecond = { at: 0, answered: 0, perSecond: 0 }

  constructor(getToken: GetToken) {
    this.#getToken = getToken
  }

  /** Opens connections to `url`. What ran before is stopped. */
  async start(url: string, plan: LoadPlan): Promise<void> {
    this.stop()
    const running = new AbortController()
    this.#running = running
    this.#url = url
    this.#plan = { ...plan }
    this.#reset()
    this.#show()
    try {
      const token = await tokenOf(this.#getToken, running.signal)
      if (!running.signal.aborted) this.#run(token)
    } catch (error) {
      if (running.signal.aborted) return
      this.#problem = problem(error)
      this.stop()
    }
  }

  stop(): void {
    this.#running?.abort()
    this.#running = undefined
    clearInterval(this.#timer)
    for (const { socket } of this.#members) socket.close(1000)
    this.#members.clear()
    this.#show()
  }

  #reset(): void {
    this.#problem = ''
    this.#errors = new Map()
    this.#samples = []
    this.#sent = this.#answered = this.#opened = 0
    this.#lastSecond = { at: performance.now(), answered: 0, perSecond: 0 }
  }

  #run(token: string): void {
    this.#startedAt = performance.now()
    this.#timer = window.setInterval(() => this.#tick(token), TICK_MS)
  }

  #tick(token: string): void {
    const { connections, ramp, rate } = this.#plan
    const seconds = (performance.now() - this.#startedAt) / 1_000
    const wanted = Math.min(connections, Math.ceil(seconds * ramp))
    while (this.#opened < wanted) this.#open(token)
    for (const member of this.#members) {
      if (!member.isOpen) continue
      member.due = Math.min(member.due + (rate * TICK_MS) / 1_000, rate + 1)
      while (member.due >= 1 && member.waiting.size < WAITING) {
        member.due -= 1
        this.#send(member)
      }
    }
    this.#ticks += 1
    if (this.#ticks % SHOWN_EVERY === 0) this.#show()
  }

  #open(token: string): void {
    this.#opened += 1
    const socket = new WebSocket(this.#url, ['fanfare.v1'])
    const member: Member = { socket, waiting: new Map(), isOpen: false, due: Math.random() }
    this.#members.add(member)
    socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'auth', token })))
    socket.addEventListener('message', ({ data }) => this.#received(member, data))
    socket.addEventListener('close', ({ code }) => {
      if (this.#members.delete(member)) this.#failed(String(code))
    })
  }

  #send(member: Member): void {
    this.#ids += 1
    const id = `l${this.#ids}`
    member.waiting.set(id, performance.now())
    member.socket.send(JSON.stringify({ type: 'echo', id, content: 'x'.repeat(this.#plan.payloadBytes) }))
    this.#sent += 1
  }

  #received(member: Member, data: string): void {
    const { type, id, code }: { type?: string; id?: string; code?: string } = JSON.parse(data)
    if (type === 'welcome') member.isOpen = true
    if (type === 'error') this.#failed(code ?? 'error')
    const at = id === undefined ? undefined : member.waiting.get(id)
    if (id === undefined || at === undefined) return
    member.waiting.delete(id)
    if (type !== 'echo_response') return
    this.#answered += 1
    this.#samples.push(performance.now() - at)
    if (this.#samples.length > SAMPLES) this.#samples.splice(0, SAMPLES / 2)
  }

  #failed(code: string): void {
    this.#errors.set(code, (this.#errors.get(code) ?? 0) + 1)
  }

  #show(): void {
    const now = performance.now()
    const { at, answered } = this.#lastSecond
    if (now - at >= 1_000) {
      const perSecond = Math.round(((this.#answered - answered) * 1_000) / (now - at))
      this.#lastSecond = { at: now, answered: this.#answered, perSecond }
    }
    this.figures.value = {
      isRunning: this.#running !== undefined,
      problem: this.#problem,
      open: [...this.#members].filter(({ isOpen }) => isOpen).length,
      sent: this.#sent,
      answered: this.#answered,
      perSecond: this.#lastSecond.perSecond,
      rtt: percentiles(this.#samples),
      errors: new Map(this.#errors),
    }
  }
}

const NOTHING: LoadFigures = {
  isRunning: false,
  problem: '',
  open: 0,
  sent: 0,
  answered: 0,
  perSecond: 0,
  rtt: percentiles([]),
  errors: new Map(),
}
