import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseFrame } from '../../src/frame.js'
import { CLOSE_CODES, type ErrorCode, nextStep } from '../../src/index.js'
import { harness } from '../support/harness.js'

const vectors = (name: string) =>
  JSON.parse(readFileSync(new URL(`../../../../proto/vectors/${name}`, import.meta.url), 'utf8'))

/** The compiler holds that these are the codes of the type, no more and no fewer. */
const ERROR_CODES: Record<ErrorCode, number> = {
  bad_json: 400,
  bad_message: 400,
  unknown_type: 400,
  too_large: 413,
  rate_limited: 429,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  timeout: 504,
  unavailable: 503,
  internal: 500,
}

test('the code tables are those of the contract', () => {
  const close = Object.entries(CLOSE_CODES).map(([code, next]) => ({ code: Number(code), next }))
  const errors = Object.entries(ERROR_CODES).map(([code, http]) => ({ code, http }))
  const contract: { close: { code: number; next: string }[]; errors: unknown } = vectors('codes.json')
  expect(close).toEqual(contract.close.map(({ code, next }) => ({ code, next })))
  expect(errors).toEqual(contract.errors)
})

test('each code has its next step, and an unknown one is come back from unless the server says otherwise', () => {
  for (const { code, next } of vectors('codes.json').close) expect(nextStep(code)).toBe(next)
  expect(nextStep(1006)).toBe('reconnect')
  expect(nextStep(4999)).toBe('reconnect')
  expect(nextStep(4999, false)).toBe('stop')
  expect(nextStep(1000, true)).toBe('stop')
})

test('golden frames of the server are read as they are', () => {
  const entries: { frame: string; channel: string; cursor: string }[] = vectors('entries.json')
  expect(entries.length).toBeGreaterThan(2)
  for (const { frame, channel, cursor } of entries) {
    const n = Number(cursor.split('.')[2])
    expect(parseFrame(frame)).toMatchObject({ channel, cursor, n })
    expect(parseFrame(frame)).toEqual(JSON.parse(frame))
  }
})

test('every golden client frame that a server takes is sent as it is', async () => {
  const { client, open } = harness()
  const socket = await open()
  const frames: { text: string; verdict: { type?: string } }[] = vectors('client_frames.json')
  const taken = frames.filter(({ verdict }) => verdict.type)
  expect(taken.length).toBeGreaterThan(5)
  for (const { text } of taken) {
    expect(client.send(JSON.parse(text))).toBe(true)
    expect(socket.sent.at(-1)).toEqual(JSON.parse(text))
  }
})
