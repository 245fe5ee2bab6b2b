import type { Client, Counts, StateChange } from '@fanfare/client'
import { createInbox, type Inbox, type InboxItem } from '@fanfare/client/inbox'
import { useClient } from '@fanfare/vue/client'
import { acknowledger } from '@fanfare/vue/inbox/acknowledge'
import { type InjectionKey, inject, onScopeDispose, provide, type ShallowRef, shallowRef } from 'vue'
import { getToken } from './session'

/** The console's own connection: the user's notifications, and the pill in the head of each page. */
export interface Realtime {
  readonly client: Client
  readonly inbox: Inbox
  readonly change: ShallowRef<StateChange>
  readonly rtt: ShallowRef<number | undefined>
  readonly counts: ShallowRef<Counts | undefined>
  readonly items: ShallowRef<readonly InboxItem[]>
}

const KEY: InjectionKey<Realtime> = Symbol('realtime')

/** Connects for as long as the component lives, and hands it to all within. */
export function provideRealtime(): Realtime {
  const client = useClient({
    url: () => new URL('/ws/notifications/', location.href),
    getToken,
    background: 'pause',
  })
  const inbox = createInbox(client)
  const realtime: Realtime = {
    client,
    inbox,
    change: shallowRef({ to: 'idle', from: 'idle', attempt: 0 }),
    rtt: shallowRef(),
    counts: shallowRef(),
    items: shallowRef([]),
  }
  client.on('state', change => {
    realtime.change.value = change
    if (change.to !== 'open') realtime.rtt.value = undefined
    else void measure(realtime)
  })
  client.on('pong', () => {
    realtime.rtt.value = client.rtt ?? realtime.rtt.value
  })
  inbox.on('counts', counts => {
    realtime.counts.value = counts
  })
  inbox.on('items', items => {
    realtime.items.value = items
  })
  // One that comes is shown by the page, whatever part of it is open.
  const seen = acknowledger(client)
  inbox.on('notification', ({ id }) => seen.show(id))
  onScopeDispose(seen.end)
  provide(KEY, realtime)
  return realtime
}

/** The first number, so that nobody waits for it until the first heartbeat. */
async function measure({ client, rtt }: Realtime): Promise<void> {
  const at = performance.now()
  await client.request('ping').then(
    () => {
      rtt.value = performance.now() - at
    },
    () => {},
  )
}

export function useRealtime(): Realtime {
  const realtime = inject(KEY)
  if (!realtime) throw new Error('there is no connection around this component')
  return realtime
}
