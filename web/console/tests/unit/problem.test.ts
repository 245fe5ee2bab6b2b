import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { FanfareError } from '@fanfare/client'
import { setLocale } from '@fanfare/vue/text/text'
import { describe, expect, test } from 'vitest'
import { problem } from '../../src/problem'

const vectors = resolve(import.meta.dirname, '../../../../proto/vectors/codes.json')
const { errors } = JSON.parse(readFileSync(vectors, 'utf8')) as { errors: { code: string }[] }
const codes = [
  ...errors.map(({ code }) => code),
  ...['not_open', 'disconnected', 'closed', 'full', 'expired', 'overflow'],
]

describe.each(['zh', 'en'])('in %s', language => {
  test.each(codes)('%s is told in words', code => {
    setLocale(language)
    const words = problem(new FanfareError(code))
    expect(words).not.toContain('_')
    expect(words).not.toBe(code)
    expect(/\p{Script=Han}/u.test(words)).toBe(language === 'zh')
  })
})

test('what the server says beyond its code is told too, once', () => {
  setLocale('en')
  expect(problem(new FanfareError('bad_message', 'title: must be a text'))).toBe(
    'a field is missing or wrong (title: must be a text)',
  )
  expect(problem(new FanfareError('forbidden', '没有权限'))).toBe('not allowed')
  setLocale('zh')
  expect(problem(new FanfareError('bad_message', 'title: must be a text'))).toBe(
    '缺少字段或字段有误（title: must be a text）',
  )
  expect(problem(new FanfareError('forbidden', 'not allowed'))).toBe('没有权限')
})

test('what the browser says of a failed request is for nobody', () => {
  setLocale('en')
  expect(problem(new FanfareError('unavailable', 'TypeError: Failed to fetch'))).not.toContain('TypeError')
})

test('a code that this version does not know is told as the server puts it', () => {
  expect(problem(new FanfareError('brand_new', 'not on a Sunday'))).toBe('not on a Sunday')
})
