/** An open session, as the server lists it. */
export interface Session {
  readonly session: string
  readonly user: string
  readonly node: string
  readonly path?: string
  readonly address?: string
  readonly connected_at?: string
}

/** Whether it comes from an address, or is at a node, of which `place` is a part. The server itself looks by user only. */
export function isAt({ address = '', node }: Session, place: string): boolean {
  const wanted = place.trim().toLowerCase()
  return [address, node].some(text => text.toLowerCase().includes(wanted))
}
