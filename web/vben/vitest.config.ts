import { defineConfig } from 'vitest/config'

export default defineConfig({
  // Each starts a server and a browser: one at a time.
  test: {
    include: ['tests/browser/**/*.test.ts'],
    testTimeout: 90_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
})
