import { resolve } from 'node:path'
import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

/** Where `npm run dev` finds a server. */
const server = process.env.FANFARE_URL ?? 'http://127.0.0.1:8000'

const here = (path: string) => resolve(import.meta.dirname, path)

/** What is added to an application lies in `src`; whatever else it has, in `host`. */
const added = /^#\/(api\/system|views\/system|layouts\/notification-bell|router\/routes\/modules)/

export default defineConfig({
  root: here('host'),
  plugins: [vue()],
  resolve: {
    alias: [
      { find: added, replacement: `${here('src')}/$1` },
      { find: /^#\//, replacement: `${here('host')}/` },
      { find: /^@vben\//, replacement: `${here('host/vben')}/` },
    ],
  },
  build: { outDir: here('dist'), emptyOutDir: true, target: 'es2022', reportCompressedSize: false },
  server: { proxy: { '/v1': server, '/ws': { target: server, ws: true } } },
})
