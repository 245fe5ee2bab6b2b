import type { SendOptions } from '@fanfare/client/chat'
import { type ShallowRef, shallowRef } from 'vue'

/** A message that is on its way, or has not arrived. */
export interface Pending {
  readonly clientId: string
  readonly content: string
  readonly options: SendOptions
  /** Why it has not arrived; `undefined` while it is on its way. */
  readonly error?: unknown
}

/** What was written in a room and is not in it, for as long as the page is open: whoever leaves the room finds it again. */
export interface Kept {
  draft: string
  readonly pending: ShallowRef<readonly Pending[]>
}

const rooms = new Map<string, Kept>()

/** Of one user: another one who logs in finds nothing. */
export function keptOf(user: string | undefined, channel: string): Kept {
  const key = JSON.stringify([user, channel])
  const kept = rooms.get(key) ?? { draft: '', pending: shallowRef<readonly Pending[]>([]) }
  rooms.set(key, kept)
  return kept
}
