// Fails when a page would load more than the client is allowed to weigh.
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { bundle, entries } from './bundle.mjs'

// A third of what comparable clients weigh; kB are 1,000 bytes, as in every table of package sizes.
const limits = [
  ['core', entries.index, 5_000],
  ['everything', 'src/global.ts', 9_000],
]

let failed = 0
for (const [name, entry, limit] of limits) {
  const [{ output }] = await build(
    bundle({ entry, formats: ['iife'], name: 'Fanfare' }, { minify: true, sourcemap: false, write: false }),
  )
  const code = output.map(chunk => chunk.code ?? '').join('')
  const bytes = gzipSync(code, { level: 9 }).length
  if (bytes > limit) failed += 1
  console.log(`${bytes > limit ? 'TOO LARGE' : 'ok'} ${name}: ${bytes} of ${limit} bytes (gzip)`)
}
console.log(`${limits.length - failed} passed, ${failed} failed`)
process.exitCode = failed ? 1 : 0
