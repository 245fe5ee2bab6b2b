import type { GetToken } from '@fanfare/client'
import { tokenOf } from '../token'
import { t } from './text'

/** Longest wait for a connection, and for its session. */
const OPEN_MS = 5_000

/** How a wait of a probe ended. */
export type Heard =
  | { readonly kind: 'frame'; readonly frame: HeardFrame }
  | { readonly kind: 'close'; readonly code: number; readonly reason: string }
  | { readonly kind: 'nothing' }

export interface HeardFrame {
  readonly type: string
  readonly code?: string
  readonly id?: string
  readonly data?: Readonly<Record<string, unknown>>
}

/** A bare connection, for what a good client never does. */
export class Probe {
  readonly socket: WebSocket
  #heard: Heard[] = []
  #wake: (() => void) | undefined

  private constructor(url: string) {
    this.socket = new WebSocket(url, ['fanfare.v1'])
    this.socket.addEventListener('message', ({ data }) =>
      this.#hear({ kind: 'frame', frame: JSON.parse(data) }),
    )
    this.socket.addEventListener('close', ({ code, reason }) => this.#hear({ kind: 'close', code, reason }))
  }

  /** Open, and signed in. Throws when that does not work. */
  static async signedIn(url: string, getToken: GetToken): Promise<Probe> {
    const token = await tokenOf(getToken, AbortSignal.timeout(OPEN_MS))
    const probe = await Probe.opened(url)
    probe.send({ type: 'auth', token })
    const welcome = await probe.until(({ type }) => type === 'welcome', OPEN_MS)
    if (welcome.kind === 'frame') return probe
    probe.close()
    throw new Error(describe(welcome))
  }

  /** Open, and nothing else. A server that does not answer is given up. */
  static opened(url: string): Promise<Probe> {
    const probe = new Probe(url)
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => {
        reject(new Error(t('notOpened')))
        probe.close()
      }, OPEN_MS)
      probe.socket.addEventListener('open', () => {
        clearTimeout(late)
        resolve(probe)
      })
      probe.socket.addEventListener('close', ({ code }) => {
        clearTimeout(late)
        reject(new Error(`close ${code}`))
      })
    })
  }

  send(frame: unknown): void {
    this.socket.send(JSON.stringify(frame))
  }

  /** The first frame that is `wanted`, or the close, or nothing in time. What came before is dropped. */
  async until(wanted: (frame: HeardFrame) => boolean | undefined, timeoutMs: number): Promise<Heard> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      for (let heard = this.#heard.shift(); heard; heard = this.#heard.shift()) {
        if (heard.kind !== 'frame' || wanted(heard.frame)) return heard
      }
      const left = deadline - performance.now()
      if (left <= 0) return { kind: 'nothing' }
      await new Promise<void>(resolve => {
        this.#wake = resolve
        setTimeout(resolve, left)
      })
    }
  }

  close(): void {
    this.socket.close(1000)
  }

  #hear(heard: Heard): void {
    this.#heard.push(heard)
    this.#wake?.()
  }
}

/** What was heard, in the words of the wire. */
export function describe(heard: Heard): string {
  if (heard.kind === 'close') return `close ${heard.code} ${heard.reason}`.trim()
  if (heard.kind === 'nothing') return t('nothing')
  return heard.frame.code ? `${heard.frame.type} ${heard.frame.code}` : heard.frame.type
}
