import { type Client, createClient, type GetToken } from '@fanfare/client'
import { milliseconds } from '../../text/format'
import { Tap } from '../tap'
import { tokenOf } from '../token'
import { describe, Probe } from './probe'
import { t } from './text'

/** Longest wait for what should happen at once. */
const SOON_MS = 5_000

/** The same for the end of a connection that does not sign in: twice the server's own patience. */
const AUTH_MS = 20_000

export interface Target {
  /** `ws:` or `wss:`, without a path. */
  readonly wsUrl: string
  readonly getToken: GetToken
}

export interface Outcome {
  readonly passed: boolean
  readonly observed: string
}

export interface Check {
  readonly name: Parameters<typeof t>[0]
  readonly should: Parameters<typeof t>[0]
  run(target: Target): Promise<Outcome>
}

/** Each makes one fault, and sees whether both sides do what the contract says. */
export const CHECKS: readonly Check[] = [
  { name: 'badJson', should: 'badJsonShould', run: target => refused(target, '{"type": ', 'bad_json') },
  {
    name: 'unknownType',
    should: 'unknownTypeShould',
    run: target => refused(target, '{"type":"no_such_type"}', 'unknown_type'),
  },
  { name: 'oversize', should: 'oversizeShould', run: oversize },
  { name: 'binary', should: 'binaryShould', run: binary },
  { name: 'flood', should: 'floodShould', run: flood },
  { name: 'badToken', should: 'badTokenShould', run: badToken },
  { name: 'dropped', should: 'droppedShould', run: dropped },
  { name: 'silent', should: 'silentShould', run: silent },
  { name: 'noToken', should: 'noTokenShould', run: noToken },
]

/** With a connection of its own, which does not outlive the check. */
async function withProbe(opening: Promise<Probe>, use: (probe: Probe) => Promise<Outcome>): Promise<Outcome> {
  const probe = await opening
  return use(probe).finally(() => probe.close())
}

function signedIn({ wsUrl, getToken }: Target): Promise<Probe> {
  return Probe.signedIn(testUrl(wsUrl), getToken)
}

function testUrl(wsUrl: string): string {
  return `${wsUrl}/ws/test/`
}

function refused(target: Target, text: string, code: string): Promise<Outcome> {
  return withProbe(signedIn(target), async probe => {
    probe.socket.send(text)
    const heard = await probe.until(({ type }) => type === 'error', SOON_MS)
    if (heard.kind !== 'frame' || heard.frame.code !== code)
      return { passed: false, observed: describe(heard) }
    const goesOn = await answersPing(probe)
    return { passed: goesOn, observed: `${describe(heard)}; ${goesOn ? t('stillOpen') : t('noAnswer')}` }
  })
}

async function answersPing(probe: Probe): Promise<boolean> {
  probe.send({ type: 'ping', id: 'still' })
  return (await probe.until(({ id }) => id === 'still', SOON_MS)).kind === 'frame'
}

function oversize(target: Target): Promise<Outcome> {
  return withProbe(signedIn(target), async probe => {
    probe.send({ type: 'echo', content: 'x'.repeat(70_000) })
    const heard = await probe.until(({ type }) => type === 'error', SOON_MS)
    const isClosed = heard.kind === 'close' && heard.code === 1009
    const isRefused = heard.kind === 'frame' && heard.frame.code === 'too_large'
    return { passed: isClosed || isRefused, observed: describe(heard) }
  })
}

function binary(target: Target): Promise<Outcome> {
  return withProbe(signedIn(target), async probe => {
    probe.socket.send(new Uint8Array([1, 2, 3]))
    return closes(probe, 1003, SOON_MS)
  })
}

function flood(target: Target): Promise<Outcome> {
  return withProbe(signedIn(target), async probe => {
    const COUNT = 200
    for (let number = 0; number < COUNT; number += 1) probe.send({ type: 'ping', id: `f${number}` })
    let count = 0
    let after: unknown
    for (let answers = 0; answers < COUNT; answers += 1) {
      const heard = await probe.until(
        ({ id, code }) => id?.startsWith('f') || code === 'rate_limited',
        SOON_MS,
      )
      if (heard.kind !== 'frame')
        return { passed: heard.kind === 'close' && heard.code === 4029, observed: describe(heard) }
      if (heard.frame.code !== 'rate_limited') continue
      count += 1
      after = heard.frame.data?.retry_after_ms
    }
    const observed = count > 0 ? t('limited', { count, after: String(after) }) : t('notLimited')
    return { passed: count > 0 && typeof after === 'number', observed }
  })
}

/** An expired token would end the same way, but only the server could make one. */
async function badToken({ wsUrl, getToken }: Target): Promise<Outcome> {
  const token = await tokenOf(getToken, AbortSignal.timeout(SOON_MS))
  const [head, payload, signature = ''] = token.split('.')
  const forged = [head, payload, [...signature].reverse().join('')].join('.')
  return withProbe(Probe.opened(testUrl(wsUrl)), async probe => {
    probe.send({ type: 'auth', token: forged })
    return closes(probe, 4001, SOON_MS)
  })
}

function noToken({ wsUrl }: Target): Promise<Outcome> {
  return withProbe(Probe.opened(testUrl(wsUrl)), probe => closes(probe, 4008, AUTH_MS))
}

async function closes(probe: Probe, code: number, timeoutMs: number): Promise<Outcome> {
  const heard = await probe.until(() => false, timeoutMs)
  return { passed: heard.kind === 'close' && heard.code === code, observed: describe(heard) }
}

/** A client on `/ws/notifications/`, which keeps its place in the user's own channel. */
async function withClient(
  { wsUrl, getToken }: Target,
  use: (client: Client, tap: Tap) => Promise<Outcome>,
): Promise<Outcome> {
  const tap = new Tap({ sent: () => {}, received: () => {} })
  const client = createClient({
    url: `${wsUrl}/ws/notifications/`,
    getToken,
    reconnect: { min: 200, max: 2_000, maxAttempts: 5 },
    heartbeat: { interval: 500, timeout: 1_500 },
    WebSocket: tap.WebSocket,
  })
  try {
    // The last that a session begins with, when it has its place in each channel.
    const begun = event(client, 'counts')
    await client.connect({ signal: AbortSignal.timeout(SOON_MS) })
    await begun
    return await use(client, tap)
  } finally {
    void client.close()
  }
}

function dropped(target: Target): Promise<Outcome> {
  return withClient(target, async (client, tap) => {
    const at = performance.now()
    const subscribed = event(client, 'subscribed')
    tap.drop()
    const { data } = await subscribed
    const isGood = (data as { recovered?: boolean }).recovered === true
    const ms = milliseconds(performance.now() - at)
    return {
      passed: isGood,
      observed: isGood ? t('back', { ms }) : t('lostPlace', { reason: 'recovered: false' }),
    }
  })
}

function silent(target: Target): Promise<Outcome> {
  return withClient(target, async (client, tap) => {
    const at = performance.now()
    const subscribed = event(client, 'subscribed')
    const noticed = new Promise<number>(resolve => {
      client.on('state', ({ to }) => to === 'waiting' && resolve(performance.now() - at))
    })
    tap.silence()
    const ms = await Promise.race([noticed, subscribed.then(() => undefined)])
    if (ms === undefined) return { passed: false, observed: t('notNoticed') }
    await subscribed
    const back = milliseconds(performance.now() - at)
    return { passed: true, observed: t('noticed', { ms: milliseconds(ms), back }) }
  })
}

/** The next frame of a type; rejects after a while. */
function event(client: Client, type: string): Promise<{ readonly data: unknown }> {
  const heard = new Promise<{ readonly data: unknown }>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(t('notNoticed'))), 2 * SOON_MS)
    const off = client.on(type, frame => {
      clearTimeout(late)
      off()
      resolve(frame)
    })
  })
  // Nobody may wait for it any more.
  heard.catch(() => {})
  return heard
}
