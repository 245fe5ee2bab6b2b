import type { RoomEntry } from '@fanfare/client/chat'

/** What is known of where the unread ones begin. */
export interface Unread {
  /** They begin before the entries that are there. */
  readonly isBeyond: boolean
  /** The `n` of the first, if it is there. */
  readonly first: number | undefined
}

/** Where the entries after `readBefore` begin, that others than `me` have said. `undefined`: all was read. */
export function unreadIn(
  entries: readonly RoomEntry[],
  readBefore: number | undefined,
  hasOlder: boolean,
  me: string | undefined,
): Unread {
  const oldest = entries[0]?.n
  if (readBefore === undefined || oldest === undefined) return { isBeyond: false, first: undefined }
  // Nothing tells how many of the ordinals in between are messages, so the line is drawn where the read ones are seen.
  if (oldest > readBefore && hasOlder) return { isBeyond: true, first: undefined }
  const first = entries.find(
    ({ n = 0, type, data }) => n > readBefore && type === 'message' && data.user !== me,
  )
  return { isBeyond: false, first: first?.n }
}
