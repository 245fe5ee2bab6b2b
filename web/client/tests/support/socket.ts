import type { Socket, SocketConstructor } from '../../src/index.js'

type Json = Record<string, unknown>

/** A socket whose server is the test. */
export class FakeSocket implements Socket {
  readonly url: URL
  readonly protocols: string[]
  readonly sent: Json[] = []
  readyState = 0
  bufferedAmount = 0
  /** What the client closed it with. */
  closing: { code: number | undefined; reason: string | undefined } | undefined
  readonly #listeners = new Map<string, ((event: never) => void)[]>()

  constructor(url: string, protocols: string[]) {
    this.url = new URL(url)
    this.protocols = protocols
  }

  addEventListener(type: string, listener: (event: never) => void): void {
    this.#listeners.set(type, [...(this.#listeners.get(type) ?? []), listener])
  }

  send(text: string): void {
    this.sent.push(JSON.parse(text))
  }

  close(code?: number, reason = ''): void {
    // As browsers have it.
    const isGood = code === undefined || code === 1000 || (code >= 3000 && code <= 4999)
    if (!isGood || new TextEncoder().encode(reason).length > 123) throw new Error('InvalidAccessError')
    this.closing ??= { code, reason }
    this.readyState = Math.max(this.readyState, 2)
  }

  open(): void {
    this.readyState = 1
    this.#tell('open', {})
  }

  receive(frame: Json): void {
    this.receiveText(JSON.stringify({ timestamp: '2026-11-23T00:00:00.500Z', ...frame }))
  }

  receiveText(data: unknown): void {
    this.#tell('message', { data })
  }

  /** The connection is over, as both sides see it. */
  end(code = 1006, reason = ''): void {
    this.readyState = 3
    this.#tell('close', { code, reason })
  }

  /** Opens, and lets the client in. */
  welcome(data: Json = {}): void {
    if (this.readyState === 0) this.open()
    this.receive({ type: 'welcome', user: '7', data: { session: 's1', node: 'n1', user: '7', ...data } })
  }

  last(type: string): Json {
    const found = this.sent.findLast(frame => frame.type === type)
    if (!found) throw new Error(`no ${type} was sent`)
    return found
  }

  /** Answers the last frame of `type`. */
  answer(type: string, frame: Json): void {
    this.receive({ id: this.last(type).id, ...frame })
  }

  #tell(type: string, event: Json): void {
    for (const listener of this.#listeners.get(type) ?? []) listener(event as never)
  }
}

/** Every socket that a client has made. */
export class Sockets extends Array<FakeSocket> {
  get WebSocket(): SocketConstructor {
    const sockets = this
    return class extends FakeSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols)
        sockets.push(this)
      }
    }
  }

  get latest(): FakeSocket {
    const latest = this[this.length - 1]
    if (!latest) throw new Error('no socket was made')
    return latest
  }
}
