/** Goes with the arrow keys to the one before or after `from` among `items`; answers whether it was such a key. */
export function rove(event: KeyboardEvent, items: readonly HTMLElement[], from: number, keys: Keys): boolean {
  const to = {
    [keys.back]: from - 1,
    [keys.on]: from + 1,
    ...(keys.ends ? { Home: 0, End: items.length - 1 } : {}),
  }[event.key]
  if (to === undefined || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) return false
  event.preventDefault()
  items[Math.max(0, Math.min(to, items.length - 1))]?.focus()
  return true
}

export interface Keys {
  readonly back: string
  readonly on: string
  /** Home and End, too. */
  readonly ends?: boolean
}
