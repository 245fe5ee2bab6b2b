import type { Client } from '@fanfare/client'
import type { Inbox } from '@fanfare/client/inbox'

/** As many as a bell lists: what lies under them nobody sees, and a flood of frames would end the connection. */
const SEEN_MAX = 20

/** What tells whether somebody looks at the page. */
export type Viewed = EventTarget & Pick<Document, 'visibilityState'>

/**
 * Says of what has arrived that the user has seen it: at once when he looks at the page, else when he comes back to it.
 * Answers how to end it.
 */
export function acknowledgeSeen(client: Client, inbox: Inbox, page: Viewed): () => void {
  const unseen = new Set<string>()
  const tell = () => {
    if (page.visibilityState !== 'visible') return
    for (const id of unseen) if (inbox.ack(id)) unseen.delete(id)
  }
  const offs = [
    inbox.on('notification', ({ id }) => {
      unseen.add(id)
      const [oldest] = unseen
      if (unseen.size > SEEN_MAX && oldest !== undefined) unseen.delete(oldest)
      tell()
    }),
    // A page in the background may have let its connection go.
    client.on('state', tell),
  ]
  page.addEventListener('visibilitychange', tell)
  return () => {
    for (const off of offs) off()
    page.removeEventListener('visibilitychange', tell)
  }
}
