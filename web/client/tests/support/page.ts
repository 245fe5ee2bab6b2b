import type { Off, Page, PageEvent } from '../../src/index.js'

export class FakePage implements Page {
  isOnline = true
  readonly listeners = new Set<(event: PageEvent) => void>()

  online(): boolean {
    return this.isOnline
  }

  listen(listener: (event: PageEvent) => void): Off {
    this.listeners.add(listener)
    return () => this.listeners.delete(listener)
  }

  tell(event: PageEvent): void {
    if (event === 'online' || event === 'offline') this.isOnline = event === 'online'
    for (const listener of this.listeners) listener(event)
  }
}
