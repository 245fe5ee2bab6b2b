import type { Client } from './client.js'
import { FanfareError } from './error.js'

/** Longest wait for an answer, in milliseconds. */
const TIMEOUT_MS = 10_000

interface Problem {
  readonly code?: string
  readonly detail?: string
  readonly retry_after_ms?: number
}

/**
 * One request to a client's server, with the client's token, which is asked for anew, once, when it is refused. Rejects
 * with a `FanfareError`. By default the server is where the client connects to.
 */
export async function http<Answer>(
  client: Client,
  method: 'GET' | 'POST',
  path: string,
  { body, baseUrl, refused }: { body?: unknown; baseUrl?: string | URL | undefined; refused?: string } = {},
): Promise<Answer> {
  const token = await client.token(refused)
  const url = new URL(path, baseUrl ?? (await client.address()))
  url.protocol = url.protocol.replace('ws', 'http')
  const response = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}` },
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(error => {
    throw new FanfareError('unavailable', String(error))
  })
  if (response.status === 401 && !refused)
    return http(client, method, path, { body, baseUrl, refused: token })
  const answer: unknown = await response.json().catch(() => ({}))
  if (response.ok) return answer as Answer
  const { code = 'internal', detail, retry_after_ms } = answer as Problem
  throw new FanfareError(code, detail, retry_after_ms)
}
