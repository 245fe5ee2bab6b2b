// Under Deno, with the package as it is built: connects, asks for an echo, and waits for a notification.

import { createClient } from '@fanfare/client'
import { createInbox } from '@fanfare/client/inbox'

declare const Deno: { readonly args: readonly [url: string, token: string] }

const [url, token] = Deno.args
await using client = createClient({ url: `${url}/ws/notifications/`, getToken: () => token })
const inbox = createInbox(client)
const notified = new Promise<string>(resolve => inbox.on('notification', ({ title }) => resolve(title)))
await client.connect()
const { message } = await client.request('echo', { content: { deep: [1, null, 'é'] } })
console.log(JSON.stringify({ user: client.welcome?.user, echo: message }))
console.log(JSON.stringify({ notification: await notified }))
await inbox.load()
console.log(JSON.stringify({ items: inbox.items.map(({ title }) => title) }))
