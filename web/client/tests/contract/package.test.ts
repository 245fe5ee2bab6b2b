// The package as it is built and published: plain Node, no bundler.

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'

const root = resolve(import.meta.dirname, '../..')
const exported = {
  '.': ['CLOSE_CODES', 'FanfareError', 'createClient', 'nextStep'],
  './channels': ['channel'],
  './inbox': ['createInbox'],
  './chat': ['createChat'],
  './compat': [
    'WebSocketManager',
    'configureWebSocket',
    'createNotificationWebSocket',
    'createTestWebSocket',
    'createWebSocket',
  ],
}

test('every entry point loads where there is no page and no WebSocket, and exports what it should', () => {
  const script = `
    const touched = []
    for (const name of ['WebSocket', 'document', 'navigator', 'location', 'addEventListener', 'fetch']) {
      Object.defineProperty(globalThis, name, { get: () => touched.push(name) })
    }
    const names = {}
    for (const entry of ${JSON.stringify(Object.keys(exported))}) {
      names[entry] = Object.keys(await import('@fanfare/client' + entry.slice(1))).sort()
    }
    console.log(JSON.stringify({ names, touched }))`
  const output = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(JSON.parse(output)).toEqual({ names: exported, touched: [] })
})

test('one file makes all of it for a script tag', () => {
  const page: { Fanfare?: Record<string, unknown> } = {}
  runInNewContext(readFileSync(resolve(root, 'dist/fanfare.global.js'), 'utf8'), page)
  expect(Object.keys(page.Fanfare ?? {}).sort()).toEqual(Object.values(exported).flat().sort())
})

test('there are types for every entry point, and nothing to install with it', () => {
  const manifest = JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8'))
  for (const entry of Object.keys(exported)) {
    const { types } = manifest.exports[entry]
    expect(readFileSync(resolve(root, types), 'utf8')).toContain('export')
  }
  expect(manifest.dependencies).toBeUndefined()
})
