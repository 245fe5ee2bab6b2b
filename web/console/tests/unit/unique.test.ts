import { expect, test, vi } from 'vitest'
import { unique } from '../../src/unique'

test('letters that nobody else has are there without a secure page, too', () => {
  vi.stubGlobal('crypto', { getRandomValues: crypto.getRandomValues.bind(crypto) })
  const made = Array.from({ length: 100 }, unique)
  vi.unstubAllGlobals()
  expect(new Set(made).size).toBe(100)
  for (const one of made) expect(one).toMatch(/^[0-9a-f]{32}$/)
})
