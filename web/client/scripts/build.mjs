// Builds the ES modules, one for each entry point, and one file for a script tag.
import { build } from 'vite'
import { bundle, entries } from './bundle.mjs'

await build(bundle({ entry: entries, formats: ['es'] }, { emptyOutDir: true, minify: false }))
await build(
  bundle(
    {
      entry: { 'fanfare.global': 'src/global.ts' },
      formats: ['iife'],
      name: 'Fanfare',
      fileName: (_, name) => `${name}.js`,
    },
    { emptyOutDir: false, minify: true, sourcemap: false },
  ),
)
