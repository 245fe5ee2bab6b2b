import type { Room, RoomEntry } from '@fanfare/client/chat'
import { computed, nextTick, onMounted, onScopeDispose, type Ref, ref, watch } from 'vue'
import { useEnd } from '../../end'
import { unreadIn } from './unread'

/** So near to its upper edge, in pixels, a page of what was before is fetched. */
const EARLY = 200

interface Options {
  readonly room: Room
  readonly entries: Ref<readonly RoomEntry[]>
  readonly box: Ref<HTMLElement | undefined>
  readonly me: string | undefined
  /** Up to where the room was read before it was opened, if something is unread. */
  readonly readBefore: number | undefined
  readonly attempt: (work: () => Promise<unknown>) => Promise<void>
}

/** What part of a room is on the screen: follows its end, and fetches what lies beyond where somebody scrolls to. */
export function useTimeline({ room, entries, box, me, readBefore, attempt }: Options) {
  const { isAtEnd, onScroll: noteEnd, toEnd } = useEnd(box)
  /** The first unread one is further up than what is seen. */
  const isUnreadAbove = ref(false)
  const unread = computed(() => unreadIn(entries.value, readBefore, room.hasOlder, me))
  let underWay: Promise<void> | undefined
  /** The server could not be told what was read. */
  let isOwed = false

  onMounted(async () => {
    await page(() => room.load())
    await toEnd()
    noteUnread()
  })

  watch(entries, async () => {
    if (isAtEnd.value && !room.hasNewer) {
      await toEnd()
      markRead()
    } else {
      const restore = hold()
      await nextTick()
      restore()
    }
  })

  // What came while nobody looked is read by whoever comes back to it, or when the connection does.
  const onVisible = () => isAtEnd.value && markRead()
  document.addEventListener('visibilitychange', onVisible)
  const off = room.on('info', () => isOwed && isAtEnd.value && markRead())
  onScopeDispose(() => {
    document.removeEventListener('visibilitychange', onVisible)
    off()
  })

  /** One page at a time, however often somebody comes to an edge. */
  async function page(work: () => Promise<unknown>): Promise<void> {
    if (underWay) return
    underWay = attempt(work)
    await underWay
    underWay = undefined
  }

  /** What somebody has asked for waits for the page that is under way. */
  async function idle(): Promise<void> {
    while (underWay) await underWay
  }

  /** What is being read, to be put back where it is now. */
  function hold(): () => void {
    const top = box.value?.getBoundingClientRect().top ?? 0
    const rows = [...(box.value?.querySelectorAll('[data-entry]') ?? [])]
    const row = rows.find(one => one.getBoundingClientRect().bottom > top)
    const before = row?.getBoundingClientRect().top ?? 0
    return () => {
      if (row?.isConnected && box.value) box.value.scrollTop += row.getBoundingClientRect().top - before
    }
  }

  /** What is on the screen counts as read, when somebody looks at it. */
  function markRead(): void {
    if (document.visibilityState !== 'visible' || entries.value.length === 0) return
    isOwed = false
    room.read().catch(() => {
      isOwed = true
    })
  }

  function noteUnread(): void {
    const line = box.value?.querySelector('[data-test=new-line]')
    const top = box.value?.getBoundingClientRect().top ?? 0
    isUnreadAbove.value = line ? line.getBoundingClientRect().top < top : unread.value.isBeyond
  }

  async function onScroll(): Promise<void> {
    noteEnd()
    if (isAtEnd.value) markRead()
    if (isUnreadAbove.value) noteUnread()
    if (isAtEnd.value && room.hasNewer) await newer()
    else if (room.hasOlder && box.value && box.value.scrollTop < EARLY) await older()
  }

  function older(): Promise<void> {
    return page(() => room.older())
  }

  function newer(): Promise<void> {
    // What comes is below what is being read.
    isAtEnd.value = false
    return page(() => room.newer())
  }

  async function toNewest(): Promise<void> {
    await idle()
    if (room.hasNewer) await page(() => room.load())
    await toEnd()
  }

  /** Answers the `n` of the first unread one, which is on the screen then. */
  async function toUnread(): Promise<number | undefined> {
    await idle()
    isAtEnd.value = false
    if (unread.value.isBeyond) await page(() => room.load((readBefore ?? 0) + 1))
    await nextTick()
    box.value?.querySelector('[data-test=new-line]')?.scrollIntoView({ block: 'start' })
    isUnreadAbove.value = unread.value.isBeyond
    return unread.value.first
  }

  return { isAtEnd, isUnreadAbove, unread, onScroll, older, newer, toEnd, toNewest, toUnread }
}
