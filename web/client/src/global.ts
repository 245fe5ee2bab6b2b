// Everything, for a page without a bundler: `<script src="fanfare.global.js">` makes `Fanfare`.
export * from './index.js'
