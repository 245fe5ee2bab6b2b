// Fails when the first load of a page is larger than a slow connection should have to bear. Bytes are those of brotli,
// as the server sends them; kB are 1,000 bytes.
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { brotliCompressSync } from 'node:zlib'

const dist = resolve(import.meta.dirname, '../dist')
const manifest = JSON.parse(readFileSync(`${dist}/.vite/manifest.json`, 'utf8'))

const limits = [
  ['Login', ['index.html', 'src/pages/login/Login.vue'], 120_000],
  ['WebSocket test', ['index.html', 'src/frame/Frame.vue', 'src/pages/test/Test.vue'], 260_000],
]

/** The files of a chunk and of all that it imports at once. */
function filesOf(key, known = new Set()) {
  const chunk = manifest[key]
  if (!chunk) throw new Error(`${key} is not in the manifest: build the console first`)
  if (known.has(chunk.file)) return known
  for (const file of [chunk.file, ...(chunk.css ?? [])]) known.add(file)
  for (const one of chunk.imports ?? []) filesOf(one, known)
  return known
}

let failed = 0
for (const [name, entries, limit] of limits) {
  const files = new Set(['index.html', ...entries.flatMap(entry => [...filesOf(entry)])])
  const bytes = [...files].reduce(
    (sum, file) => sum + brotliCompressSync(readFileSync(`${dist}/${file}`)).length,
    0,
  )
  if (bytes > limit) failed += 1
  console.log(
    `${bytes > limit ? 'TOO LARGE' : 'ok'} ${name}: ${bytes} of ${limit} bytes (brotli), ${files.size} files`,
  )
}
console.log(`${limits.length - failed} passed, ${failed} failed`)
process.exitCode = failed ? 1 : 0
