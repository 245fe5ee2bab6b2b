import type { Room, RoomEntry } from '@fanfare/client/chat'
import { describe, expect, test } from 'vitest'
import { keptOf } from '../../src/pages/chat/kept'
import { inOrder } from '../../src/pages/chat/members'
import { rove } from '../../src/pages/chat/roving'
import { sendingTo } from '../../src/pages/chat/sending'
import { unreadIn } from '../../src/pages/chat/unread'

const message = (n: number, user = 'bob') =>
  ({ type: 'message', n, timestamp: '', data: { n, id: '', user, created_at: '' } }) as RoomEntry

describe('where the unread ones begin', () => {
  const page = [message(7), message(9, 'me'), message(10), message(12)]

  test('is the first that somebody else has said', () => {
    expect(unreadIn(page, 8, true, 'me')).toEqual({ isBeyond: false, first: 10 })
    expect(unreadIn(page, 7, true, 'me')).toEqual({ isBeyond: false, first: 10 })
  })

  test('is not known when it is before what is there', () => {
    expect(unreadIn(page, 6, true, 'me')).toEqual({ isBeyond: true, first: undefined })
    expect(unreadIn(page, 6, false, 'me')).toEqual({ isBeyond: false, first: 7 })
  })

  test('is nowhere when all was read, or nothing is there', () => {
    expect(unreadIn(page, undefined, true, 'me')).toEqual({ isBeyond: false, first: undefined })
    expect(unreadIn(page, 12, true, 'me')).toEqual({ isBeyond: false, first: undefined })
    expect(unreadIn([], 6, true, 'me')).toEqual({ isBeyond: false, first: undefined })
  })
})

describe('what is on its way', () => {
  const roomThat = (...answers: (() => Promise<unknown>)[]) => {
    const asked: unknown[] = []
    const send = (content: string, options: unknown) => {
      asked.push([content, options])
      return (answers.shift() ?? (() => Promise.resolve()))()
    }
    return { asked, room: { send } as unknown as Room }
  }

  test('is kept when it fails, for whoever comes back to the room, and sent again as the same', async () => {
    const { asked, room } = roomThat(() => Promise.reject(new Error('away')))
    await sendingTo(room, keptOf('me', 'room:1')).send('Hello', { reply_to: 3 })
    const again = keptOf('me', 'room:1')
    const [failed] = again.pending.value
    expect(failed).toMatchObject({ content: 'Hello', options: { reply_to: 3 }, error: new Error('away') })
    await sendingTo(room, again).send('Hello', failed?.options, failed?.clientId)
    expect(asked).toEqual([
      ['Hello', { reply_to: 3, client_id: failed?.clientId }],
      ['Hello', { reply_to: 3, client_id: failed?.clientId }],
    ])
    expect(again.pending.value).toEqual([])
  })

  const said = (clientId: string | undefined) => {
    const { data } = message(1, 'me')
    return { type: 'message', n: 1, timestamp: '', data: { ...data, client_id: clientId } } as RoomEntry
  }

  test('has arrived when its entry is there, though its answer fails afterwards', async () => {
    const kept = keptOf('me', 'room:arrived')
    const { room } = roomThat(() => {
      sending.arrived([message(0), said(kept.pending.value[0]?.clientId)])
      return Promise.reject(new Error('away'))
    })
    const sending = sendingTo(room, kept)
    await sending.send('Hello')
    expect(kept.pending.value).toEqual([])
  })

  test('has arrived when its entry is found after its answer failed, and nothing else has', async () => {
    const kept = keptOf('me', 'room:found')
    const { room } = roomThat(
      () => Promise.reject(new Error('away')),
      () => Promise.reject(new Error('away')),
    )
    const { send, arrived } = sendingTo(room, kept)
    await send('Hello')
    await send('Not yet')
    arrived([said(kept.pending.value[0]?.clientId), said(undefined)])
    expect(kept.pending.value.map(({ content }) => content)).toEqual(['Not yet'])
  })

  test('is another user’s, or another room’s, of nobody else', async () => {
    const kept = keptOf('me', 'room:2')
    kept.draft = 'not yet'
    expect(keptOf('me', 'room:2').draft).toBe('not yet')
    expect(keptOf('me', 'room:3').draft).toBe('')
    expect(keptOf('you', 'room:2').draft).toBe('')
  })
})

test('whoever is here stands before whoever is not, also one who is no member', () => {
  const members = [{ user: 'zoe' }, { user: 'bob', name: 'Bob' }, { user: 'eve' }]
  const names = inOrder(members, new Set(['zoe', 'guest'])).map(({ user, isHere }) => [user, isHere])
  expect(names).toEqual([
    ['guest', true],
    ['zoe', true],
    ['bob', false],
    ['eve', false],
  ])
})

test('arrow keys go to the next one, and stay at either end', () => {
  let focused = ''
  const items = ['a', 'b', 'c'].map(name => ({ focus: () => (focused = name) }) as unknown as HTMLElement)
  const press = (key: string, from: number, more: object = {}) => {
    focused = ''
    const event = { key, preventDefault: () => {}, ...more } as KeyboardEvent
    const is = rove(event, items, from, { back: 'ArrowUp', on: 'ArrowDown', ends: true })
    return [is, focused]
  }
  expect(press('ArrowDown', 0)).toEqual([true, 'b'])
  expect(press('ArrowUp', 0)).toEqual([true, 'a'])
  expect(press('ArrowDown', 2)).toEqual([true, 'c'])
  expect(press('Home', 2)).toEqual([true, 'a'])
  expect(press('End', 0)).toEqual([true, 'c'])
  expect(press('ArrowRight', 0)).toEqual([false, ''])
  expect(press('ArrowDown', 0, { altKey: true })).toEqual([false, ''])
})
