// Listens with the shipped client, as several clients: `listen.mjs URL TOPIC COUNT`, the token in FANFARE_TOKEN. What
// each is told is a line of JSON.
import { createRequire } from 'node:module'
import { channel } from '../../web/client/dist/channels.js'
import { createClient } from '../../web/client/dist/index.js'

const WebSocket = createRequire(new URL('../../web/client/package.json', import.meta.url))('ws')
const [url, topic, count] = process.argv.slice(2)
const token = process.env.FANFARE_TOKEN

for (let number = 0; number < Number(count); number++) {
  const tell = what => process.stdout.write(`${JSON.stringify({ client: number, ...what })}\n`)
  const client = createClient({
    url: `${url}/ws/`,
    getToken: () => token,
    WebSocket,
    reconnect: { min: 100, max: 1_000 },
  })
  client.on('state', ({ to, close }) => tell({ state: to, node: client.welcome?.node, code: close?.code }))
  const read = channel(client, `topic:${topic}`)
  read.on('publication', data => tell({ publication: data }))
  read.on('gap', gap => tell({ lost: gap }))
  read.on('reset', reset => tell({ lost: reset }))
  await client.connect()
  await read.ready()
  tell({ ready: true })
}
