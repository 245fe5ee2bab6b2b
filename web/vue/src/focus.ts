import { nextTick } from 'vue'

/**
 * Goes on from `place` when what had the focus has gone, or can no longer have it: the keyboard would begin at the top of
 * the page.
 */
export async function refocus(place: HTMLElement | null | undefined): Promise<void> {
  await nextTick()
  const { activeElement } = document
  const isLost = !activeElement || activeElement === document.body || activeElement.matches(':disabled')
  if (isLost) place?.focus({ preventScroll: true })
}
