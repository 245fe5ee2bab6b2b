import type { Client } from './client.js'
import { FanfareError } from './error.js'

/** Longest wait for an answer, in milliseconds. */
const TIMEOUT_MS = 10_000

/** The HTTP interface of a client's server, with the client's token. */
export class Http {
  readonly #client: Client
  readonly #baseUrl: string | URL | undefined

  constructor(client: Client, baseUrl: string | URL | undefined) {
    this.#client = client
    this.#baseUrl = baseUrl
  }

  /** Rejects with a `FanfareError`. A refused token is asked for anew, once. */
  async call<Answer>(method: 'GET' | 'POST', path: string, body?: unknown): Promise<Answer> {
    const token = await this.#client.token()
    const response = await this.#send(token, method, path, body)
    if (response.status !== 401) return read(response)
    return read(await this.#send(await this.#client.token(token), method, path, body))
  }

  async #send(token: string, method: string, path: string, body: unknown): Promise<Response> {
    const url = new URL(path, this.#baseUrl ?? (await this.#client.address()))
    url.protocol = url.protocol.replace('ws', 'http')
    try {
      return await fetch(url, {
        method,
        headers: { authorization: `Bearer ${token}` },
        body: body === undefined ? null : JSON.stringify(body),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      })
    } catch (error) {
      throw new FanfareError('unavailable', String(error))
    }
  }
}

interface Problem {
  readonly code?: string
  readonly detail?: string
  readonly retry_after_ms?: number
}

async function read<Answer>(response: Response): Promise<Answer> {
  const body: unknown = await response.json().catch(() => ({}))
  if (response.ok) return body as Answer
  const { code = 'internal', detail, retry_after_ms } = body as Problem
  throw new FanfareError(code, detail, retry_after_ms)
}
