import { nextTick, type Ref, watch } from 'vue'

/** When what `isOpen` shows goes again, the focus goes back to where it was. */
export function useOpener(isOpen: Ref<boolean>): void {
  let opener: Element | null = null
  // At once: what opens takes the focus.
  watch(
    isOpen,
    async is => {
      if (is) opener = document.activeElement
      else {
        await nextTick()
        if (opener instanceof HTMLElement) opener.focus()
      }
    },
    { flush: 'sync' },
  )
}
