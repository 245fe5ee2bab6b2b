import { type ClientOptions, createClient, type StateChange, type TokenReason } from '../../src/index.js'
import { FakeClock, settle } from './clock.js'
import { FakePage } from './page.js'
import { type FakeSocket, Sockets } from './socket.js'

/** A client whose sockets, time, chance and page are the test's. */
export function harness(options: Partial<ClientOptions> = {}) {
  const clock = new FakeClock()
  const sockets = new Sockets()
  const page = new FakePage()
  const asked: TokenReason[] = []
  const changes: StateChange[] = []
  const client = createClient({
    url: 'ws://fanfare.test/ws/',
    getToken: ({ reason }) => {
      asked.push(reason)
      return `token-${asked.length}`
    },
    WebSocket: sockets.WebSocket,
    clock,
    page,
    random: () => 0.5,
    ...options,
  })
  client.on('state', change => changes.push(change))

  /** Waits for a socket of the attempt that is under way. */
  const dialled = async (): Promise<FakeSocket> => {
    await settle()
    return sockets.latest
  }
  const open = async (): Promise<FakeSocket> => {
    const connected = client.connect()
    const socket = await dialled()
    socket.welcome()
    await connected
    return socket
  }
  /** Lets time pass until there is another socket. */
  const nextSocket = async (): Promise<FakeSocket> => {
    const before = sockets.length
    for (let step = 0; step < 600 && sockets.length === before; step += 1) await clock.advance(100)
    if (sockets.length === before) throw new Error('no other socket was made within a minute')
    return sockets.latest
  }
  /** Loses the socket, waits for the next one, and lets the client in. */
  const comeBack = async (code = 1006): Promise<FakeSocket> => {
    sockets.latest.end(code)
    const socket = await nextSocket()
    socket.welcome()
    await settle()
    return socket
  }
  return { client, clock, sockets, page, asked, changes, dialled, open, nextSocket, comeBack }
}
