import type { Client } from '@fanfare/client'
import { beforeEach, expect, test } from 'vitest'
import { type Acknowledger, acknowledger, type Viewed } from '../../src/inbox/acknowledge'

/** What the client and the page are to it. */
class Fake extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible'
  isOpen = true
  readonly acked: string[] = []
  readonly #listeners = new Set<() => void>()

  on(_event: 'state', listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  send({ id }: { id: string }): boolean {
    if (this.isOpen) this.acked.push(id)
    return this.isOpen
  }

  opens(): void {
    this.isOpen = true
    for (const listener of this.#listeners) listener()
  }

  looks(visibilityState: DocumentVisibilityState): void {
    this.visibilityState = visibilityState
    this.dispatchEvent(new Event('visibilitychange'))
  }
}

let fake: Fake
let seen: Acknowledger

beforeEach(() => {
  fake = new Fake()
  seen = another()
})

/** Another part of the same page. */
function another(): Acknowledger {
  return acknowledger(fake as unknown as Client, fake as unknown as Viewed)
}

test('what arrives while somebody looks is acknowledged at once', () => {
  seen.show('a')
  expect(fake.acked).toEqual(['a'])
})

test('what arrives in a hidden tab is acknowledged, once, when somebody comes back to it', () => {
  fake.looks('hidden')
  seen.show('a')
  seen.show('b')
  expect(fake.acked).toEqual([])
  fake.looks('visible')
  fake.looks('hidden')
  fake.looks('visible')
  expect(fake.acked).toEqual(['a', 'b'])
})

test('who comes back before the connection does acknowledges with it', () => {
  fake.looks('hidden')
  seen.show('a')
  fake.isOpen = false
  fake.looks('visible')
  expect(fake.acked).toEqual([])
  fake.opens()
  expect(fake.acked).toEqual(['a'])
})

test('of a hundred that nobody saw come, those that are seen are acknowledged', () => {
  fake.looks('hidden')
  for (let index = 0; index < 100; index += 1) seen.show(String(index))
  fake.looks('visible')
  expect(fake.acked).toHaveLength(20)
  expect(fake.acked).toContain('99')
})

test('it ends', () => {
  fake.looks('hidden')
  seen.show('a')
  seen.end()
  seen.show('b')
  fake.looks('visible')
  expect(fake.acked).toEqual([])
})

test('what one part of the page has acknowledged, no other one does, nor the same one again', () => {
  const bell = another()
  seen.show('a')
  bell.show('a')
  bell.show('b')
  seen.show('b')
  bell.show('b')
  another().show('a')
  expect(fake.acked).toEqual(['a', 'b'])
})

test('what two parts of a hidden page show is acknowledged once', () => {
  fake.looks('hidden')
  const bell = another()
  seen.show('a')
  bell.show('a')
  fake.looks('visible')
  expect(fake.acked).toEqual(['a'])
})
