// Everything, for a page without a bundler: `<script src="fanfare.global.js">` makes `Fanfare`.

export * from './channels.js'
export * from './chat.js'
export * from './compat.js'
export * from './inbox.js'
export * from './index.js'
