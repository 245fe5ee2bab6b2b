import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Sockets } from '../../../client/tests/support/socket'
import { CHECKS } from '../../src/websocket-test/checks/checks'

let sockets: Sockets

beforeEach(() => {
  vi.useFakeTimers()
  sockets = new Sockets()
  vi.stubGlobal('WebSocket', sockets.WebSocket)
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

function run(name: string, token: string | undefined = 'head.payload.signature') {
  const check = CHECKS.find(one => one.name === name)
  if (!check) throw new Error(`no check ${name}`)
  const outcome = check.run({ wsUrl: 'ws://fanfare.test', getToken: () => token })
  outcome.catch(() => {})
  return outcome
}

/** The socket of a check that has got so far. */
async function dialled() {
  await vi.advanceTimersByTimeAsync(0)
  return sockets.latest
}

test('a connection that goes silent after a refused frame is not said to go on', async () => {
  const outcome = run('unknownType')
  const socket = await dialled()
  socket.welcome()
  await vi.advanceTimersByTimeAsync(0)
  expect(socket.last('no_such_type')).toBeDefined()
  socket.receive({ type: 'error', code: 'unknown_type' })
  await vi.advanceTimersByTimeAsync(5_000)
  expect(await outcome).toEqual({ passed: false, observed: 'error unknown_type; 之后 ping 没有回答' })
})

test('a server that takes no connection is given up', async () => {
  const outcome = run('noToken')
  const socket = await dialled()
  await vi.advanceTimersByTimeAsync(5_000)
  await expect(outcome).rejects.toThrow('没有在限期内连上')
  expect(socket.closing).toBeDefined()
})

test.each(['badToken', 'noToken'])(
  '%s leaves no connection open that the server did not close',
  async name => {
    const outcome = run(name)
    const socket = await dialled()
    socket.open()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(await outcome).toEqual({ passed: false, observed: '没有等到回应' })
    expect(socket.closing).toBeDefined()
  },
)

test('nothing is forged where there is no token', async () => {
  await expect(run('badToken', '')).rejects.toThrow('there is no token')
  expect(sockets).toHaveLength(0)
})
