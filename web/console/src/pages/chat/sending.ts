import type { Room, SendOptions } from '@fanfare/client/chat'
import { newId } from '@fanfare/vue/id'
import type { Kept, Pending } from './kept'

export interface Sending {
  /** Shown at once; the same `clientId` is sent again, so that trying again says it once. */
  readonly send: (content: string, options?: SendOptions, clientId?: string) => Promise<void>
  readonly discard: (clientId: string) => void
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
      put({ ...one, error })
    }
  }

  return { send, discard }
}
