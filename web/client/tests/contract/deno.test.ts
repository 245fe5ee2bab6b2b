// The package as it is built, under Deno, which has a WebSocket of its own.

import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { cpSync } from 'node:fs'
import { resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { expect, test } from 'vitest'
import { Server } from '../support/server.js'

const root = resolve(import.meta.dirname, '../..')
const folder = resolve(root, 'tests/deno')

test('Deno connects, asks, and hears a notification', async () => {
  // Where a package lies that is installed, so that its types are found as they are then.
  for (const part of ['package.json', 'dist'])
    cpSync(resolve(root, part), resolve(folder, 'node_modules/@fanfare/client', part), { recursive: true })
  const server = await Server.own()
  const script = ['run', '--check', '--no-remote', '--quiet', '--allow-net', 'smoke.ts']
  const child = execFile(
    resolve(folder, 'node_modules/.bin/deno'),
    [...script, server.url, await server.token('ann')],
    { cwd: folder },
  )
  let complaint = ''
  child.stderr?.on('data', some => {
    complaint += some
  })
  const ended = once(child, 'exit')
  const told: unknown[] = []
  if (child.stdout) {
    for await (const line of createInterface(child.stdout)) {
      told.push(JSON.parse(line))
      if (told.length === 1) await server.notify('ann', 'hello, Deno')
    }
  }
  expect([await ended, complaint]).toEqual([[0, null], ''])
  expect(told).toEqual([
    { user: 'ann', echo: { deep: [1, null, 'é'] } },
    { notification: 'hello, Deno' },
    { items: ['hello, Deno'] },
  ])
})
