import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))

/** The entry points of the package. */
export const entries = Object.fromEntries(
  ['index', 'channels', 'inbox', 'chat', 'compat'].map(name => [name, `src/${name}.ts`]),
)

/** What Vite is told, whatever is bundled. */
export const bundle = (lib, options) => ({
  root,
  configFile: false,
  logLevel: 'warn',
  build: {
    target: 'es2022',
    outDir: 'dist',
    sourcemap: true,
    lib,
    // No tag that says that it is a module: nobody asks.
    rolldownOptions: { output: { generatedCode: { symbols: false } } },
    ...options,
  },
})
