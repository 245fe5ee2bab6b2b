import { expect, test } from 'vitest'
import { readClaims } from '../../src/session/claims'

const token = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.x`

test('a token tells its user, its end and its scopes', () => {
  expect(
    readClaims(token({ sub: 'alice', exp: 2, scope: 'admin system:read', name: '爱丽丝' })),
  ).toMatchObject({
    user: 'alice',
    name: '爱丽丝',
    expiresAt: 2_000,
    scopes: ['admin', 'system:read'],
  })
  expect(readClaims(token({ id: 7, scope: ['x'] }))).toMatchObject({ user: '7', scopes: ['x'] })
})

test('what is no token is none', () => {
  for (const text of ['', 'x', 'a.b.c', token({ name: 'nobody' }), 'e30.!!.x'])
    expect(readClaims(text)).toBeUndefined()
})
