import { readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, test } from 'vitest'

const WEB = resolve(import.meta.dirname, '../../..')

test('no source makes HTML of a text', () => {
  const sources = ['client', 'vue', 'console', 'vben'].flatMap(part =>
    readdirSync(resolve(WEB, part, 'src'), { recursive: true, encoding: 'utf8' })
      .filter(name => /\.(ts|vue)$/.test(name))
      .map(name => resolve(WEB, part, 'src', name)),
  )
  expect(sources.length).toBeGreaterThan(100)
  const makers = /v-html|\b(innerHTML|outerHTML|insertAdjacentHTML|srcdoc)\b|document\.write/
  expect(sources.filter(path => makers.test(readFileSync(path, 'utf8')))).toEqual([])
})
