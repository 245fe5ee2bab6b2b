import type { Client } from '@fanfare/client'
import type { Inbox } from '@fanfare/client/inbox'
import { beforeEach, expect, test } from 'vitest'
import { acknowledgeSeen, type Viewed } from '../../src/session/acknowledge'

type Listener = (value: { id: string }) => void

/** What the client, its inbox and the page are to it. */
class Fake extends EventTarget {
  visibilityState: DocumentVisibilityState = 'visible'
  isOpen = true
  readonly acked: string[] = []
  readonly #listeners = new Map<string, Listener>()

  on(event: string, listener: Listener): () => void {
    this.#listeners.set(event, listener)
    return () => this.#listeners.delete(event)
  }

  ack(id: string): boolean {
    if (this.isOpen) this.acked.push(id)
    return this.isOpen
  }

  arrives(id: string): void {
    this.#listeners.get('notification')?.({ id })
  }

  opens(): void {
    this.isOpen = true
    this.#listeners.get('state')?.({ id: '' })
  }

  looks(visibilityState: DocumentVisibilityState): void {
    this.visibilityState = visibilityState
    this.dispatchEvent(new Event('visibilitychange'))
  }
}

let fake: Fake
let end: () => void

beforeEach(() => {
  fake = new Fake()
  end = acknowledgeSeen(fake as unknown as Client, fake as unknown as Inbox, fake as unknown as Viewed)
})

test('what arrives while somebody looks is acknowledged at once', () => {
  fake.arrives('a')
  expect(fake.acked).toEqual(['a'])
})

test('what arrives in a hidden tab is acknowledged, once, when somebody comes back to it', () => {
  fake.looks('hidden')
  fake.arrives('a')
  fake.arrives('b')
  expect(fake.acked).toEqual([])
  fake.looks('visible')
  fake.looks('hidden')
  fake.looks('visible')
  expect(fake.acked).toEqual(['a', 'b'])
})

test('who comes back before the connection does acknowledges with it', () => {
  fake.looks('hidden')
  fake.arrives('a')
  fake.isOpen = false
  fake.looks('visible')
  expect(fake.acked).toEqual([])
  fake.opens()
  expect(fake.acked).toEqual(['a'])
})

test('of a hundred that nobody saw come, those that are seen are acknowledged', () => {
  fake.looks('hidden')
  for (let index = 0; index < 100; index += 1) fake.arrives(String(index))
  fake.looks('visible')
  expect(fake.acked).toHaveLength(20)
  expect(fake.acked).toContain('99')
})

test('it ends', () => {
  fake.looks('hidden')
  fake.arrives('a')
  end()
  fake.arrives('b')
  fake.looks('visible')
  expect(fake.acked).toEqual([])
})
