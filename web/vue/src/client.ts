import { type Client, type ClientOptions, createClient } from '@fanfare/client'
import { onScopeDispose } from 'vue'

/** A client that connects at once, and closes with the component that made it. */
export function useClient(options: ClientOptions): Client {
  const client = createClient(options)
  // Whoever listens to its state hears why.
  client.connect().catch(() => {})
  onScopeDispose(() => void client.close())
  return client
}
