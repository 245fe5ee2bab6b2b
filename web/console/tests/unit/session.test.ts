import { expect, test } from 'vitest'
import { isAt } from '../../src/pages/fleet/session'

const session = { session: 's', user: 'alice', node: 'gateway-1', address: '203.0.113.9' }

test('a session is found by a part of its address or of its node', () => {
  for (const place of ['203.0.113', 'GATEWAY-1', ' way ', '']) expect(isAt(session, place)).toBe(true)
  for (const place of ['203.0.114', 'gateway-2', 'alice']) expect(isAt(session, place)).toBe(false)
  expect(isAt({ session: 's', user: 'alice', node: 'a' }, '203')).toBe(false)
})
