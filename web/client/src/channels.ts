import type { Channel, ChannelData, ChannelOptions } from './channel.js'
import type { Client } from './client.js'
import { Subscriptions } from './subscriptions.js'

export type * from './channel.js'
export type { Presence } from './presence.js'

const known = new WeakMap<Client, Subscriptions>()

/**
 * The channel `name` of a client, which it subscribes now and on each new connection. Who asks for it again gets the
 * same one, and each has to `close` it; `resume` and `since` are those of the first.
 */
export function channel<Data = ChannelData>(
  client: Client,
  name: string,
  options: ChannelOptions = {},
): Channel<Data> {
  const subscriptions = known.get(client) ?? new Subscriptions(client)
  known.set(client, subscriptions)
  return subscriptions.open(name, options) as unknown as Channel<Data>
}
