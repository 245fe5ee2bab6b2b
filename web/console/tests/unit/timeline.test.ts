import type { Room, RoomEntry } from '@fanfare/client/chat'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { createRenderer, defineComponent, nextTick, ref, shallowRef } from 'vue'
import { useTimeline } from '../../src/pages/chat/timeline'

const message = (n: number) =>
  ({ type: 'message', n, timestamp: '', data: { n, id: '', user: 'bob', created_at: '' } }) as RoomEntry

/** Whether somebody looks at the page. */
class Page extends EventTarget {
  visibilityState = 'visible'

  looks(visibilityState: DocumentVisibilityState): void {
    this.visibilityState = visibilityState
    this.dispatchEvent(new Event('visibilitychange'))
  }
}

/** A room that answers when it is told to. */
class FakeRoom {
  hasOlder = true
  hasNewer = false
  reads = 0
  isAway = false
  onInfo = () => {}
  readonly asked: string[] = []
  readonly #answers: (() => void)[] = []

  on(_event: 'info', listener: () => void): () => void {
    this.onInfo = listener
    return () => {}
  }

  read(): Promise<void> {
    this.reads += 1
    return this.isAway ? Promise.reject(new Error('away')) : Promise.resolve()
  }

  load = (around?: number) => this.#ask(`load ${around ?? ''}`.trim())
  older = () => this.#ask('older')
  newer = () => this.#ask('newer')

  async answer(): Promise<void> {
    this.#answers.shift()?.()
    for (let turn = 0; turn < 10; turn += 1) await nextTick()
  }

  #ask(what: string): Promise<void> {
    this.asked.push(what)
    return new Promise(resolve => this.#answers.push(resolve))
  }
}

const entries = shallowRef<readonly RoomEntry[]>([])
let page: Page
let room: FakeRoom
let end = () => {}

/** The timeline of a component that draws nothing. */
async function timelineOf(readBefore?: number): Promise<ReturnType<typeof useTimeline>> {
  const made: { timeline?: ReturnType<typeof useTimeline> } = {}
  const view = defineComponent(() => {
    made.timeline = useTimeline({
      room: room as unknown as Room,
      entries,
      box: ref(),
      me: 'me',
      readBefore,
      attempt: async work => void (await work().catch(() => {})),
    })
    return () => null
  })
  const nothing = { createComment: () => ({}), insert: () => {}, remove: () => {} }
  const app = createRenderer(nothing as never).createApp(view)
  app.mount({} as never)
  end = () => app.unmount()
  await room.answer()
  return made.timeline as ReturnType<typeof useTimeline>
}

async function comes(...numbers: number[]): Promise<void> {
  entries.value = numbers.map(message)
  for (let turn = 0; turn < 10; turn += 1) await nextTick()
}

beforeEach(() => {
  page = new Page()
  room = new FakeRoom()
  entries.value = []
  vi.stubGlobal('document', page)
})

afterEach(() => {
  end()
  vi.unstubAllGlobals()
})

test('what comes while nobody looks is read when somebody comes back', async () => {
  await timelineOf()
  page.looks('hidden')
  await comes(1)
  expect(room.reads).toBe(0)
  page.looks('visible')
  expect(room.reads).toBe(1)
  end()
  page.looks('visible')
  expect(room.reads).toBe(1)
})

test('whoever comes back before the connection does has read it with the connection', async () => {
  await timelineOf()
  page.looks('hidden')
  await comes(1)
  room.isAway = true
  page.looks('visible')
  await nextTick()
  room.isAway = false
  room.onInfo()
  room.onInfo()
  expect(room.reads).toBe(2)
})

test('what is below what somebody looks at is not read when he comes back', async () => {
  const { isAtEnd } = await timelineOf()
  isAtEnd.value = false
  page.looks('hidden')
  await comes(1)
  page.looks('visible')
  expect(room.reads).toBe(0)
})

test('who asks for the newest waits for the page that is under way, and gets it', async () => {
  room.hasNewer = true
  const { older, toNewest } = await timelineOf()
  void older()
  void toNewest()
  expect(room.asked).toEqual(['load', 'older'])
  await room.answer()
  expect(room.asked).toEqual(['load', 'older', 'load'])
})

test('who asks for the unread ones gets them after the page that is under way', async () => {
  const { isUnreadAbove, older, toUnread } = await timelineOf(3)
  await comes(8, 9)
  void older()
  const first = toUnread()
  await room.answer()
  expect(room.asked).toEqual(['load', 'older', 'load 4'])
  await comes(3, 4, 5)
  await room.answer()
  expect(await first).toBe(4)
  expect(isUnreadAbove.value).toBe(false)
})

test('the way to the unread ones stays when they could not be had', async () => {
  const { isUnreadAbove, toUnread } = await timelineOf(3)
  await comes(8, 9)
  const first = toUnread()
  await nextTick()
  await room.answer()
  expect(await first).toBeUndefined()
  expect(isUnreadAbove.value).toBe(true)
})

test('an edge that somebody comes to again and again is one page', async () => {
  const { older } = await timelineOf()
  void older()
  void older()
  expect(room.asked).toEqual(['load', 'older'])
})
