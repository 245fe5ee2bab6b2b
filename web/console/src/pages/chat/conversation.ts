import type { Client } from '@fanfare/client'
import { channel as channelOf } from '@fanfare/client/channels'
import type { Room, RoomEntry } from '@fanfare/client/chat'
import { onScopeDispose, shallowRef } from 'vue'
import type { Kept } from './kept'
import { sendingTo } from './sending'

/** Who is in a room now. Where there are too many to list, how many. */
export interface Present {
  readonly users: ReadonlySet<string>
  readonly count: number
}

/** What one room shows, kept up to date for as long as the component lives. */
export function useConversation(client: Client, room: Room, kept: Kept) {
  const entries = shallowRef<readonly RoomEntry[]>(room.entries)
  const typing = shallowRef<readonly string[]>([])
  const present = shallowRef<Present>({ users: new Set(), count: 0 })
  const failure = shallowRef<unknown>()
  const channel = channelOf(client, room.info.channel, { presence: true })
  const { send, discard, arrived } = sendingTo(room, kept)
  arrived(room.entries)
  const offs = [
    room.on('entries', now => {
      entries.value = now
      arrived(now)
    }),
    // Also where the window does not show it.
    room.on('entry', entry => arrived([entry])),
    room.on('typing', users => {
      typing.value = users
    }),
    channel.on('presence', ({ people, count }) => {
      present.value = { users: new Set(people.keys()), count }
    }),
  ]
  onScopeDispose(() => {
    for (const off of offs) off()
    channel.close()
  })

  /** Says what went wrong, where there is nothing else to be done about it. */
  async function attempt(work: () => Promise<unknown>): Promise<void> {
    failure.value = undefined
    await work().catch(error => {
      failure.value = error
    })
  }

  return { entries, typing, present, failure, attempt, send, discard }
}
