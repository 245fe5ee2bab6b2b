import { FanfareError } from './error.js'

/** Why a token is asked for: to connect, because the one in use ends soon, or because it was refused. */
export type TokenReason = 'connect' | 'refresh' | 'rejected'

export interface TokenRequest {
  readonly reason: TokenReason
  /** Aborted when nobody waits for the token any more. */
  readonly signal: AbortSignal
}

/**
 * Gets an access token. No token (nobody is logged in), or a `FanfareError` with the code `unauthorized`, ends the
 * client; any other error is a failed attempt like a lost connection, and is tried again.
 */
export type GetToken = (request: TokenRequest) => TokenText | Promise<TokenText>

type TokenText = string | null | undefined

/** The token of a client, and what became of the last one. */
export class Credential {
  readonly #getToken: GetToken
  #token: string | undefined
  #refused: string | undefined
  /** A fresh one was had since then, so there is no other chance. */
  #renewed = false

  constructor(getToken: GetToken) {
    this.#getToken = getToken
  }

  /** The last one that was had. */
  get token(): string | undefined {
    return this.#token
  }

  /** A token to connect with. Throws `unauthorized` when there is none but the one that was refused. */
  async next(signal: AbortSignal): Promise<string> {
    const rejected = this.#refused !== undefined && !this.#renewed
    const token = await this.ask(rejected ? 'rejected' : 'connect', signal)
    this.#renewed = this.#refused !== undefined
    if (token === this.#refused) throw new FanfareError('unauthorized', 'the token was refused')
    this.#token = token
    return token
  }

  /** A token in place of one that ends soon. It counts when the server has taken it. */
  async ask(reason: TokenReason, signal: AbortSignal): Promise<string> {
    const token = await this.#getToken({ reason, signal })
    if (!token) throw new FanfareError('unauthorized', 'there is no token')
    return token
  }

  /** The server took `token`. */
  accept(token = this.#token): void {
    this.#token = token
    this.#refused = undefined
  }

  /** The server refused the token. `false`: that was the second in a row. */
  refuse(): boolean {
    const first = this.#refused === undefined
    if (first) {
      this.#refused = this.#token
      this.#renewed = false
    }
    return first
  }
}
