import type { Off } from './emitter.js'

export type PageEvent = 'online' | 'offline' | 'visible' | 'hidden' | 'pagehide' | 'pageshow'

/** The page or worker that the client lives in, as far as a connection depends on it. */
export interface Page {
  /** `false` when the system says that there is no network. */
  online(): boolean
  listen(listener: (event: PageEvent) => void): Off
}

/** The page around this code. Where there is none, as in Node, it is always online and never tells anything. */
export const browserPage: Page = {
  online: () => globalThis.navigator?.onLine !== false,

  listen(listener) {
    const ending = new AbortController()
    const { signal } = ending
    for (const event of ['online', 'offline', 'pagehide', 'pageshow'] as const) {
      globalThis.addEventListener?.(event, () => listener(event), { signal })
    }
    const page = globalThis.document
    page?.addEventListener('visibilitychange', () => listener(page.hidden ? 'hidden' : 'visible'), { signal })
    return () => ending.abort()
  },
}
