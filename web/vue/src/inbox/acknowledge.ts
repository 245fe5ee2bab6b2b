import type { Client } from '@fanfare/client'

/** As many as a bell lists: what lies under them nobody sees, and a flood of frames would end the connection. */
const SEEN_MAX = 20

/** Ids that are remembered as told: more than are looked at before they are read. */
const TOLD_MAX = 1_000

/** What tells whether somebody looks at the page. */
export type Viewed = EventTarget & Pick<Document, 'visibilityState'>

export interface Acknowledger {
  /** It is on the screen. */
  readonly show: (id: string) => void
  readonly end: () => void
}

/** What the server was told over a client, by whichever part of the page. */
const told = new WeakMap<Client, Set<string>>()

/**
 * Says of what is shown that the user has seen it, once: at once when he looks at the page, else when he comes back to
 * it.
 */
export function acknowledger(client: Client, page: Viewed = document): Acknowledger {
  const done = told.get(client) ?? new Set<string>()
  told.set(client, done)
  const waiting = new Set<string>()
  const tell = () => {
    if (page.visibilityState !== 'visible') return
    for (const id of waiting) {
      if (!done.has(id) && !client.send({ type: 'ack', id })) return
      waiting.delete(id)
      keep(done, id, TOLD_MAX)
    }
  }
  // A page in the background may have let its connection go.
  const off = client.on('state', tell)
  page.addEventListener('visibilitychange', tell)
  return {
    show(id) {
      keep(waiting, id, SEEN_MAX)
      tell()
    },
    end() {
      off()
      page.removeEventListener('visibilitychange', tell)
    },
  }
}

/** Adds it, and lets the oldest go when there are too many. */
function keep(ids: Set<string>, id: string, max: number): void {
  ids.delete(id)
  ids.add(id)
  const [oldest] = ids
  if (ids.size > max && oldest !== undefined) ids.delete(oldest)
}
