import type { Socket, SocketConstructor } from '@fanfare/client'

export interface TapListener {
  sent(text: string): void
  received(text: string): void
}

/** What the browser says of a connection, beside the frames. */
export interface Wire {
  readonly url: string
  readonly protocol: string
  readonly extensions: string
}

type Listeners = { [Type in 'open' | 'error' | 'message' | 'close']: ((event: never) => void)[] }

/**
 * Stands between a client and its socket: tells what passes in its own words, and can play a network that fails. A page
 * cannot break a TCP connection, so a failure is what the client would see of one.
 */
export class Tap {
  readonly WebSocket: SocketConstructor
  #current: TappedSocket | undefined

  constructor(listener: TapListener) {
    this.WebSocket = class extends TappedSocket {
      constructor(url: string, protocols: string[]) {
        super(url, protocols, listener)
        self.#current = this
      }
    }
    const self = this
  }

  get bufferedAmount(): number {
    return this.#current?.bufferedAmount ?? 0
  }

  get wire(): Wire | undefined {
    return this.#current?.wire
  }

  /** Past the client, whatever it is. `false` when there is no open socket. */
  send(data: string | ArrayBuffer): boolean {
    return this.#current?.sendAnything(data) ?? false
  }

  /** The connection breaks, without a word. */
  drop(): void {
    this.#current?.break()
  }

  /** From now on nothing arrives on either side, and nobody is told: a half-open connection. */
  silence(): void {
    if (this.#current) this.#current.isSilent = true
  }
}

class TappedSocket implements Socket {
  isSilent = false
  readonly #socket: WebSocket
  readonly #listener: TapListener
  readonly #listeners: Listeners = { open: [], error: [], message: [], close: [] }
  #isBroken = false

  constructor(url: string, protocols: string[], listener: TapListener) {
    this.#listener = listener
    this.#socket = new WebSocket(url, protocols)
    this.#socket.addEventListener('open', event => this.#tell('open', event))
    this.#socket.addEventListener('error', event => this.#tell('error', event))
    this.#socket.addEventListener('message', ({ data }) => {
      if (this.isSilent || this.#isBroken) return
      if (typeof data === 'string') listener.received(data)
      this.#tell('message', { data })
    })
    this.#socket.addEventListener('close', ({ code, reason }) => {
      if (!this.#isBroken) this.#tell('close', { code, reason })
    })
  }

  get readyState(): number {
    return this.#isBroken ? WebSocket.CLOSED : this.#socket.readyState
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount
  }

  get wire(): Wire {
    const { url, protocol, extensions } = this.#socket
    const shown = new URL(url)
    if (shown.searchParams.has('token')) shown.searchParams.set('token', '…')
    return { url: shown.href, protocol, extensions }
  }

  send(text: string): void {
    this.sendAnything(text)
  }

  sendAnything(data: string | ArrayBuffer): boolean {
    if (this.readyState !== WebSocket.OPEN) return false
    if (!this.isSilent) this.#socket.send(data)
    this.#listener.sent(typeof data === 'string' ? data : `(${data.byteLength} bytes)`)
    return true
  }

  close(code?: number, reason?: string): void {
    this.#socket.close(code, reason)
  }

  break(): void {
    if (this.#isBroken || this.readyState > WebSocket.OPEN) return
    this.#isBroken = true
    this.#socket.close()
    this.#tell('close', { code: 1006, reason: '' })
  }

  addEventListener(type: keyof Listeners, listener: (event: never) => void): void {
    this.#listeners[type].push(listener)
  }

  #tell(type: keyof Listeners, event: unknown): void {
    for (const listener of this.#listeners[type]) listener(event as never)
  }
}
