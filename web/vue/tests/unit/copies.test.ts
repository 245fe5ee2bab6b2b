import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { copyAs, copyForms } from '../../src/websocket-test/log/copies'
import type { LogEntry } from '../../src/websocket-test/log/entry'
import { readFrame } from '../../src/websocket-test/log/entry'
import { fromFile, toFile } from '../../src/websocket-test/log/files'

const place = { wsUrl: 'ws://localhost:8000/ws/test/', httpUrl: 'http://localhost:8000' }

function entry(direction: 'in' | 'out', fields: object): LogEntry {
  return { ...readFrame(direction, JSON.stringify(fields)).draft, seq: 1, at: 0, delta: 0 }
}

test('a quote in a message ends no word of a shell', () => {
  const content = `it's $(touch /tmp/never) \`x\` "quoted"`
  const command = copyAs('websocat', entry('out', { type: 'echo', content }), place)
  const [printed = ''] = command.split(' | ')
  expect(JSON.parse(execFileSync('sh', ['-c', printed], { encoding: 'utf8' })).content).toBe(content)
})

test('a notification is copied as the request that publishes it again', () => {
  const received = entry('in', {
    type: 'notification',
    channel: 'user:alice',
    data: { id: 'x', n: 1, title: 'Hi', created_at: 'now', level: 'info' },
  })
  expect(copyForms(received)).toContain('curl')
  const [, body = ''] = copyAs('curl', received, place).split("-d '")
  expect(JSON.parse(body.slice(0, -1))).toEqual({ to: { users: ['alice'] }, title: 'Hi', level: 'info' })
})

test('an exported log is read again, and a spreadsheet takes nothing for a formula', async () => {
  const entries = [entry('out', { type: 'echo', content: 'hi' }), { ...entry('in', {}), text: '=1+1' }]
  const text = await toFile('jsonl', entries).text()
  expect(fromFile(`${text}\nno entry\n{"at":1}`)).toEqual(JSON.parse(JSON.stringify(entries)))
  expect(await toFile('csv', entries).text()).toContain(`"'=1+1"`)
})

test('an entry of a file that could not be shown is passed over', async () => {
  const good = { ...entry('in', { type: 'a' }), rtt: 1, channel: 'topic:a' }
  const bad: Record<string, unknown> = {
    seq: 'one',
    at: 9e15,
    delta: null,
    direction: 'up',
    type: 7,
    size: { big: true },
    text: 'x'.repeat(70_000),
    isCut: 'no',
    preview: 'x'.repeat(1_000),
    channel: ['a'],
    rtt: -1,
    isReplayed: 0,
    isHeartbeat: null,
    isError: undefined,
  }
  expect(Object.keys(bad).sort()).toEqual(Object.keys(good).sort())
  for (const [field, value] of Object.entries(bad)) {
    expect(fromFile(JSON.stringify({ ...good, [field]: value })), field).toEqual([])
  }
  expect(fromFile(JSON.stringify({ ...good, more: 'of a newer page' }))).toEqual([good])
})
