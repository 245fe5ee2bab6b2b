import { onActivated, onBeforeUnmount, onDeactivated, onMounted } from 'vue'

/** Hears the keys of the page for as long as the component is shown: a host may keep it alive behind another page. */
export function onPageKey(listener: (event: KeyboardEvent) => void): void {
  // The same listener twice is one.
  const listen = () => document.addEventListener('keydown', listener)
  const stop = () => document.removeEventListener('keydown', listener)
  onMounted(listen)
  onActivated(listen)
  onDeactivated(stop)
  onBeforeUnmount(stop)
}
