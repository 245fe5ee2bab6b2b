import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { setLocale } from '@fanfare/vue/text/text'
import { expect, test } from 'vitest'
import { trailWords } from '../../src/pages/inbox/trail-words'

const services = resolve(import.meta.dirname, '../../../../services/notify/src/trail')
/** Every code that the server gives as the reason why somebody has not got it. */
const reasons = [
  ...readFileSync(`${services}/reason.rs`, 'utf8').matchAll(/Self::\w+(?: \{ \.\. \})? => "([a-z_]+)"/g),
].map(([, code = '']) => code)

test('whatever the server tells of a trail is told in words, in both languages', () => {
  expect(reasons).toContain('never_connected')
  for (const code of [...reasons, 'sent', 'scheduled', 'stored', 'gone', 'live', 'replay']) {
    setLocale('zh')
    expect(trailWords(code)).toMatch(/\p{Script=Han}/u)
    setLocale('en')
    expect(trailWords(code)).toMatch(/^[a-z ,]+$/)
  }
  expect(trailWords('brand_new')).toBe('brand_new')
})
