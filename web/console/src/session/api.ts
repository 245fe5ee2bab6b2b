import { FanfareError } from '@fanfare/client'

/** Longest wait for an answer, in milliseconds. */
const TIMEOUT_MS = 10_000

interface Problem {
  readonly code?: string
  readonly detail?: string
  readonly retry_after_ms?: number
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'DELETE'
  readonly body?: unknown
  /** A token or an API key. */
  readonly bearer?: string | undefined
  readonly idempotencyKey?: string
}

/** One request to the server that the page came from. Rejects with a `FanfareError`. */
export async function api<Answer>(path: string, request: ApiRequest = {}): Promise<Answer> {
  const { method = 'GET', body, bearer, idempotencyKey } = request
  const headers: Record<string, string> = {}
  if (bearer) headers.authorization = `Bearer ${bearer}`
  if (body !== undefined) headers['content-type'] = 'application/json'
  if (idempotencyKey) headers['idempotency-key'] = idempotencyKey
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined ? null : JSON.stringify(body),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(error => {
    throw new FanfareError(error?.name === 'TimeoutError' ? 'timeout' : 'unavailable')
  })
  const answer: unknown = await response.json().catch(() => ({}))
  if (response.ok) return answer as Answer
  const {
    code = response.status === 404 ? 'not_found' : 'internal',
    detail,
    retry_after_ms,
  } = answer as Problem
  throw new FanfareError(code, detail, retry_after_ms)
}
