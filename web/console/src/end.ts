import { nextTick, type Ref, ref } from 'vue'

/** So near to its end, in pixels, a list is at its end. */
const NEAR = 40

export interface End {
  readonly isAtEnd: Ref<boolean>
  /** For the list's `scroll` event. */
  readonly onScroll: () => void
  /** Shows the end, with what is about to be drawn there. */
  readonly toEnd: () => Promise<void>
}

/** A list that grows at its end: whoever is there stays there, and whoever has scrolled up is left alone. */
export function useEnd(box: Ref<HTMLElement | undefined>): End {
  const isAtEnd = ref(true)

  function onScroll(): void {
    if (!box.value) return
    const { scrollTop, scrollHeight, clientHeight } = box.value
    isAtEnd.value = scrollHeight - scrollTop - clientHeight < NEAR
  }

  async function toEnd(): Promise<void> {
    isAtEnd.value = true
    await nextTick()
    if (box.value) box.value.scrollTop = box.value.scrollHeight
  }

  return { isAtEnd, onScroll, toEnd }
}
