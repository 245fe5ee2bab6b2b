import WebSocket from 'ws'
import { type Client, type ClientOptions, createClient, type StateChange } from '../../src/index.js'
import type { Server } from './server.js'

/** A client of `server`, as `user`, that comes back fast. */
export async function connect(
  server: Server,
  user: string,
  options: Partial<ClientOptions> & { path?: string; rights?: Record<string, unknown> } = {},
): Promise<Client> {
  const { path = '/ws/', rights = {}, ...more } = options
  const client = createClient({
    url: `${server.url}${path}`,
    getToken: () => server.token(user, rights),
    reconnect: { min: 50, max: 400 },
    WebSocket,
    ...more,
  })
  await client.connect()
  return client
}

/** Resolves with the first value of an event that fits. */
export function until<Value>(
  listen: (listener: (value: Value) => void) => () => void,
  fits: (value: Value) => boolean = () => true,
): Promise<Value> {
  return new Promise(resolve => {
    const off = listen(value => {
      if (!fits(value)) return
      off()
      resolve(value)
    })
  })
}

/** Resolves when the path has subscribed `channel`. */
export async function subscribed(client: Client, channel: string): Promise<void> {
  const isRead = () => channel in client.cursors
  if (!isRead()) await until<unknown>(listener => client.on('subscribed', listener), isRead)
}

/** Resolves when the client gets into `state`. */
export function entering(client: Client, state: StateChange['to']): Promise<StateChange> {
  return until<StateChange>(
    listener => client.on('state', listener),
    ({ to }) => to === state,
  )
}
