import type { Room, RoomEntry, SendOptions } from '@fanfare/client/chat'
import { newId } from '@fanfare/vue/id'
import type { Kept, Pending } from './kept'

export interface Sending {
  /** Shown at once; the same `clientId` is sent again, so that trying again says it once. */
  readonly send: (content: string, options?: SendOptions, clientId?: string) => Promise<void>
  readonly discard: (clientId: string) => void
  /** What is among them has been sent, whatever became of its answer. */
  readonly arrived: (entries: readonly RoomEntry[]) => void
}

/** Sends to a room. It goes on, and what fails is kept, when nobody looks at the room any more. */
export function sendingTo(room: Pick<Room, 'send'>, { pending }: Kept): Sending {
  function discard(clientId: string): void {
    pending.value = pending.value.filter(one => one.clientId !== clientId)
  }

  function put(one: Pending): void {
    discard(one.clientId)
    pending.value = [...pending.value, one]
  }

  async function send(content: string, options: SendOptions = {}, clientId: string = newId()): Promise<void> {
    const one: Pending = { clientId, content, options }
    put(one)
    try {
      await room.send(content, { ...options, client_id: clientId })
      discard(clientId)
    } catch (error) {
      // Its entry may have come although its answer did not.
      if (pending.value.some(({ clientId: id }) => id === clientId)) put({ ...one, error })
    }
  }

  function arrived(entries: readonly RoomEntry[]): void {
    if (pending.value.length === 0) return
    const there = new Set(entries.map(({ type, data }) => (type === 'message' ? data.client_id : undefined)))
    const left = pending.value.filter(({ clientId }) => !there.has(clientId))
    if (left.length < pending.value.length) pending.value = left
  }

  return { send, discard, arrived }
}
