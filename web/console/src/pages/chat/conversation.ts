import type { Client } from '@fanfare/client'
import { channel as channelOf } from '@fanfare/client/channels'
import type { Room, RoomEntry, SendOptions } from '@fanfare/client/chat'
import { onScopeDispose, ref, shallowRef } from 'vue'
import { problem } from '../../problem'

/** A message that is on its way, or has not arrived. */
export interface Pending {
  readonly clientId: string
  readonly content: string
  readonly options: SendOptions
  readonly problem: string
}

/** What one room shows, kept up to date for as long as the component lives. */
export function useConversation(client: Client, room: Room) {
  const entries = shallowRef<readonly RoomEntry[]>(room.entries)
  const typing = shallowRef<readonly string[]>([])
  const present = shallowRef<{ readonly users: readonly string[]; readonly count: number }>({
    users: [],
    count: 0,
  })
  const pending = shallowRef<readonly Pending[]>([])
  const failure = ref('')
  const channel = channelOf(client, room.info.channel, { presence: true })
  const offs = [
    room.on('entries', now => {
      entries.value = now
    }),
    room.on('typing', users => {
      typing.value = users
    }),
    channel.on('presence', ({ people, count }) => {
      present.value = { users: [...people.keys()], count }
    }),
  ]
  onScopeDispose(() => {
    for (const off of offs) off()
    channel.close()
  })

  /** Says what went wrong, where there is nothing else to be done about it. */
  async function attempt(work: () => Promise<unknown>): Promise<void> {
    failure.value = ''
    await work().catch(error => {
      failure.value = problem(error)
    })
  }

  function without(clientId: string): readonly Pending[] {
    return pending.value.filter(one => one.clientId !== clientId)
  }

  /** Shown at once; the same `clientId` is sent again, so that trying again says it once. */
  async function send(content: string, options: SendOptions = {}, clientId: string = crypto.randomUUID()) {
    const one: Pending = { clientId, content, options, problem: '' }
    pending.value = [...without(clientId), one]
    try {
      await room.send(content, { ...options, client_id: clientId })
      pending.value = without(clientId)
    } catch (error) {
      pending.value = [...without(clientId), { ...one, problem: problem(error) }]
    }
  }

  function discard(clientId: string): void {
    pending.value = without(clientId)
  }

  return { entries, typing, present, pending, failure, attempt, send, discard }
}
