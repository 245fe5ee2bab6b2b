// Puts a compressed copy beside each file of the build that is smaller so. The server sends them as they are.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'

const dist = resolve(import.meta.dirname, '../dist')

// The server writes a nonce into the page, so that one is not sent as it is.
const isPacked = path => /\.(js|css|svg|json)$/.test(path) && !path.startsWith('.')

for (const path of readdirSync(dist, { recursive: true }).filter(isPacked)) {
  const bytes = readFileSync(`${dist}/${path}`)
  const brotli = brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } })
  const gzip = gzipSync(bytes, { level: 9 })
  if (brotli.length < bytes.length) writeFileSync(`${dist}/${path}.br`, brotli)
  if (gzip.length < bytes.length) writeFileSync(`${dist}/${path}.gz`, gzip)
}
