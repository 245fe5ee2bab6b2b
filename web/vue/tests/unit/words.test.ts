import { readFileSync } from 'node:fs'
import { FanfareError } from '@fanfare/client'
import { afterEach, expect, test } from 'vitest'
import { closeMeaning, closeReason, errorMeaning } from '../../src/text/codes'
import { problem } from '../../src/text/format'
import { setLocale } from '../../src/text/text'

const codes: {
  readonly close: readonly { readonly code: number; readonly reason: string }[]
  readonly errors: readonly { readonly code: string }[]
} = JSON.parse(readFileSync(new URL('../../../../proto/vectors/codes.json', import.meta.url), 'utf8'))

afterEach(() => setLocale('zh'))

const next = 'reconnect' as const

test('every code of the contract has its words, and the phrase of the server adds none', () => {
  for (const tag of ['zh', 'en']) {
    setLocale(tag)
    for (const { code, reason } of codes.close) {
      expect(closeMeaning(code)).not.toBe(closeMeaning(4999))
      expect(closeReason({ code, reason, next })).toBe(closeMeaning(code))
    }
    for (const { code } of codes.errors) expect(errorMeaning(code), code).not.toBe('')
  }
})

test('whoever failed is told: the login of the page, not the network', () => {
  setLocale('en')
  const error = new Error('the login service is away')
  const told = closeReason({ code: 1006, reason: error.message, next, error })
  expect(told).toBe('no token or no address could be had: the login service is away')
  expect(closeReason({ code: 4001, reason: 'your login ended', next: 'stop', error })).toContain(
    'your login ended',
  )
  const bad = { code: 1006, reason: 'no good url or token', next, error: new FanfareError('bad_message') }
  expect(closeReason(bad)).toBe('the address or the token is not a good one')
})

test('what a server says beside its code is passed on', () => {
  setLocale('en')
  expect(closeReason({ code: 4040, reason: 'by root, for maintenance', next: 'stop' })).toBe(
    'removed by an operator: by root, for maintenance',
  )
  expect(closeReason({ code: 4999, reason: 'new in 2.0', next })).toBe('an unknown close code: new in 2.0')
  // An error frame instead of a welcome: the connection did not break.
  expect(closeReason({ code: 1006, reason: 'keys are not loaded yet', next })).toBe('keys are not loaded yet')
  expect(closeReason({ code: 1006, reason: '', next })).toContain('without a close frame')
})

test('nobody reads a bare code', () => {
  expect(problem(new FanfareError('not_open'))).toBe('没有连接，恢复后再试')
  expect(problem(new FanfareError('forbidden', 'not a member'))).toBe('没有权限（not a member）')
  expect(problem(new FanfareError('unavailable', 'no fresh token yet'))).toBe('还没有新的令牌')
  setLocale('en')
  expect(problem(new FanfareError('not_open'))).toBe('there is no connection; try again when it is back')
  expect(problem(new FanfareError('forbidden', 'not a member'))).toBe('not allowed (not a member)')
  expect(problem(new FanfareError('forbidden', '没有权限'))).toBe('not allowed')
  expect(problem(new FanfareError('unavailable', 'TypeError: Failed to fetch'))).toBe('not available now')
  expect(problem(new FanfareError('new_code', 'of a newer server'))).toBe('of a newer server')
  expect(problem(new TypeError('x is not a function'))).toBe('x is not a function')
})
