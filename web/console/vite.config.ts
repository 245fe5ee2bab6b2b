import vue from '@vitejs/plugin-vue'
import { defaultClientConditions, defineConfig } from 'vite'

/** Where `npm run dev` and `vite preview` find a server. */
const server = process.env.FANFARE_URL ?? 'http://127.0.0.1:8000'

const proxy = {
  '/v1': server,
  '/openapi.json': server,
  '/ws': { target: server, ws: true },
}

export default defineConfig({
  plugins: [vue()],
  // @fanfare/vue as it is here, not as it was built.
  resolve: { conditions: ['@fanfare/source', ...defaultClientConditions] },
  // The server puts a nonce in place of this, another one with each response.
  html: { cspNonce: '__CSP_NONCE__' },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    // A policy that lets no inline content pass is simpler than exceptions for a few small files.
    assetsInlineLimit: 0,
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1_000,
    manifest: true,
  },
  server: { proxy },
  preview: { proxy },
})
