import { defaultServerConditions } from 'vite'
import { defineConfig } from 'vitest/config'

// @fanfare/vue as it is here, not as it was built.
const conditions = ['@fanfare/source', ...defaultServerConditions]

export default defineConfig({
  test: {
    projects: [
      {
        resolve: { conditions },
        ssr: { resolve: { conditions } },
        test: { name: 'unit', include: ['tests/unit/**/*.test.ts'] },
      },
      {
        // Each starts a server and a browser: one at a time.
        test: {
          name: 'browser',
          include: ['tests/browser/**/*.test.ts'],
          setupFiles: ['tests/browser/support/setup.ts'],
          testTimeout: 90_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
    ],
  },
})
