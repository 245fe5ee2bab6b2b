import vue from '@vitejs/plugin-vue'
import { defineConfig } from 'vite'

/** What the host has, once: its own Vue, its own Ant Design Vue. */
const isPeer = (id: string) => /^(vue|ant-design-vue|@fanfare\/client)(\/|$)/.test(id)

export default defineConfig({
  plugins: [vue()],
  build: {
    target: 'es2022',
    // The host does that, with all the rest.
    minify: false,
    reportCompressedSize: false,
    lib: {
      // Apart, so that what a page loads first does not bring the test page along.
      entry: {
        index: 'src/index.ts',
        'websocket-test': 'src/websocket-test/index.ts',
        'notification-bell': 'src/inbox/index.ts',
      },
      formats: ['es'],
      cssFileName: 'style',
    },
    rolldownOptions: { external: isPeer },
  },
})
