import { beforeEach, expect, test, vi } from 'vitest'
import { canRepeat, note, readFrame } from '../../src/websocket-test/log/entry'
import { matcher } from '../../src/websocket-test/log/filter'
import { CAPACITY, Log } from '../../src/websocket-test/log/log'

const ALL = {
  text: '',
  direction: 'all',
  types: [],
  channel: '',
  errorsOnly: false,
  hideHeartbeats: false,
} as const

let draw: () => void

beforeEach(() => {
  vi.stubGlobal('document', { hidden: false })
  vi.stubGlobal('requestAnimationFrame', (callback: () => void) => {
    draw = callback
  })
})

const frame = (fields: object) => readFrame('in', JSON.stringify(fields)).draft

test('the token is hidden wherever a frame is shown', () => {
  const { draft } = readFrame('out', JSON.stringify({ type: 'auth', token: 'secret', since: { all: '1' } }))
  expect(JSON.stringify(draft)).not.toContain('secret')
  expect(draft.text).toBe('{"type":"auth","token":"…","since":{"all":"1"}}')
})

test('the log keeps the last entries and what a filter shows of them', () => {
  const log = new Log()
  log.show(matcher({ ...ALL, types: ['b'] }) ?? (() => false))
  for (let number = 0; number < CAPACITY + 10; number += 1) log.add(frame({ type: number % 2 ? 'a' : 'b' }))
  draw()
  expect(log.entries.length).toBe(CAPACITY)
  for (let number = 0; number < 10; number += 1) log.add(frame({ type: 'b' }))
  draw()
  expect(log.entries.length).toBe(CAPACITY)
  expect(log.entries[0]?.seq).toBe(21)
  expect(log.shown.every(({ seq, type }) => type === 'b' && seq >= 21)).toBe(true)
  expect(log.shownDropped).toBeGreaterThan(0)
  expect(log.types.get('a')).toBe(log.entries.filter(({ type }) => type === 'a').length)
})

test('as many are kept as somebody wants', () => {
  const log = new Log()
  for (let number = 0; number < 300; number += 1) log.add(frame({ type: 'a' }))
  draw()
  log.capacity = 100
  expect([log.entries.length, log.shown.length, log.shown[0]?.seq, log.types.get('a')]).toEqual([
    100, 100, 201, 100,
  ])
  log.add(frame({ type: 'a' }))
  draw()
  expect([log.entries.length, log.shown[0]?.seq]).toEqual([100, 202])
})

test('a paused log stands still, and loses nothing', () => {
  const log = new Log()
  log.add(frame({ type: 'a' }))
  draw()
  log.pause(true)
  log.add(frame({ type: 'b' }))
  draw()
  expect(log.shown.map(({ type }) => type)).toEqual(['a'])
  log.pause(false)
  expect(log.shown.map(({ type }) => type)).toEqual(['a', 'b'])
})

test('neither another filter nor a log from a file ends a pause', () => {
  const log = new Log()
  const types = () => log.shown.map(({ type }) => type)
  log.add(frame({ type: 'a' }))
  log.pause(true)
  log.add(frame({ type: 'b' }))
  draw()
  log.show(() => true)
  expect(types()).toEqual(['a'])
  expect(log.heldBack).toBe(1)
  log.load(log.entries)
  draw()
  expect(types()).toEqual(['a', 'b'])
  expect([log.isPaused, log.heldBack]).toEqual([true, 0])
  log.add(frame({ type: 'c' }))
  draw()
  expect(types()).toEqual(['a', 'b'])
  log.pause(false)
  expect(types()).toEqual(['a', 'b', 'c'])
})

test('a filter takes words and expressions, and says when it is none', () => {
  const log = new Log()
  const seqs = (filter: object) => {
    log.show(matcher({ ...ALL, ...filter }) ?? (() => false))
    return log.shown.map(({ seq }) => seq)
  }
  log.add(frame({ type: 'publication', channel: 'topic:a', data: { price: 12 } }))
  log.add(frame({ type: 'error', code: 'bad_json' }))
  log.add(frame({ type: 'pong' }))
  log.add(note('closed', 'The Network failed'))
  draw()
  expect(seqs({ text: 'NETWORK' })).toEqual([4])
  expect(seqs({ text: '/price":1\\d/' })).toEqual([1])
  expect(seqs({ hideHeartbeats: true })).toEqual([1, 2, 4])
  expect(seqs({ errorsOnly: true })).toEqual([2])
  expect(seqs({ channel: 'topic:a' })).toEqual([1])
  expect(seqs({ direction: 'local' })).toEqual([4])
  expect(matcher({ ...ALL, text: '/(/' })).toBeUndefined()
})

test('only what is there in full is sent again', () => {
  const log = new Log()
  const sent = (fields: object) => canRepeat(log.add(readFrame('out', JSON.stringify(fields)).draft))
  expect(sent({ type: 'echo', content: 'hi' })).toBe(true)
  expect(sent({ type: 'echo', content: 'x'.repeat(70_000) })).toBe(false)
  expect(sent({ type: 'auth', token: 'secret' })).toBe(false)
  expect(canRepeat(log.add(readFrame('out', '(3 bytes)').draft))).toBe(false)
  expect(canRepeat(log.add(frame({ type: 'echo_response' })))).toBe(false)
})
