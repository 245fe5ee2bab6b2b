import { expect, test, vi } from 'vitest'
import { safeHref } from '../../src/text/link'

test('only pages are opened', () => {
  vi.stubGlobal('location', { href: 'https://console.example.com/#/inbox' })
  expect(safeHref('/orders/7')).toBe('https://console.example.com/orders/7')
  expect(safeHref('http://example.com')).toBe('http://example.com/')
  for (const link of [
    'javascript:alert(1)',
    ' JavaScript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    undefined,
  ])
    expect(safeHref(link)).toBeUndefined()
})
