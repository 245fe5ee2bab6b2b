/** What of a WebSocket is used. The browsers', Deno's, Node 22's and `ws` all are one. */
export interface Socket {
  readonly readyState: number
  readonly bufferedAmount: number
  send(text: string): void
  close(code?: number, reason?: string): void
  addEventListener(type: 'open' | 'error', listener: (event: unknown) => void): void
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void
  addEventListener(type: 'close', listener: (event: { code: number; reason: string }) => void): void
}

export type SocketConstructor = new (url: string, protocols: string[]) => Socket

/** `readyState` of an open one. */
export const OPEN = 1
