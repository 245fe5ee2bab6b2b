import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Sockets } from '../../../client/tests/support/socket'
import { Load } from '../../src/websocket-test/load/load'

const PLAN = { connections: 2, ramp: 200, rate: 1, payloadBytes: 0 }

let sockets: Sockets

beforeEach(() => {
  vi.useFakeTimers()
  sockets = new Sockets()
  vi.stubGlobal('WebSocket', sockets.WebSocket)
  vi.stubGlobal('window', globalThis)
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

test('it goes to where the connection goes when it is started, and ends with all of its connections', async () => {
  const load = new Load(() => 'token')
  await load.start('ws://one.test/', PLAN)
  vi.advanceTimersByTime(300)
  await load.start('ws://two.test/', PLAN)
  vi.advanceTimersByTime(300)
  expect(sockets.map(({ url, closing }) => [url.host, closing?.code])).toEqual([
    ['one.test', 1000],
    ['one.test', 1000],
    ['two.test', undefined],
    ['two.test', undefined],
  ])
  load.stop()
  expect(load.figures.value.isRunning).toBe(false)
  expect(vi.getTimerCount()).toBe(0)
})

test('started twice and stopped while the token is waited for, it leaves nothing behind', async () => {
  const tokens: ((token: string) => void)[] = []
  const load = new Load(() => new Promise(resolve => tokens.push(resolve)))
  const starts = [load.start('ws://one.test/', PLAN), load.start('ws://one.test/', PLAN)]
  expect(load.figures.value.isRunning).toBe(true)
  load.stop()
  for (const resolve of tokens) resolve('token')
  await Promise.all(starts)
  expect(vi.getTimerCount()).toBe(0)
  expect(load.figures.value.isRunning).toBe(false)
})

test('without a token it says so', async () => {
  const load = new Load(() => undefined)
  await load.start('ws://one.test/', PLAN)
  expect(load.figures.value).toMatchObject({ isRunning: false, problem: '没有令牌：请先登录' })
  const failing = new Load(() => Promise.reject(new Error('the login service is away')))
  await failing.start('ws://one.test/', PLAN)
  expect(failing.figures.value.problem).toBe('the login service is away')
})
