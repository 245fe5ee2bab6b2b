import { expect, test } from 'vitest'
import { difference } from '../../src/websocket-test/log/difference'

test('both sides are there, and what they share once', () => {
  const lines = difference('a\nb\nc\nd', 'a\nx\nc\nd\ne')
  expect(lines.map(({ mark, text }) => mark + text)).toEqual([' a', '-b', '+x', ' c', ' d', '+e'])
})
