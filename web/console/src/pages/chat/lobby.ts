import { call } from '../../session/session'
import { unique } from '../../unique'

/** A room as the HTTP API shows it. */
export interface ListedRoom {
  readonly id: string
  readonly channel: string
  readonly name: string
  readonly kind: 'public' | 'private' | 'direct'
  readonly members: number
  readonly role?: string
}

export interface NewRoom {
  readonly kind: 'public' | 'private' | 'direct'
  readonly name?: string
  readonly members?: readonly string[]
  readonly with?: string
}

export function createRoom(room: NewRoom): Promise<ListedRoom> {
  return call('/v1/rooms', { method: 'POST', body: room, idempotencyKey: unique() })
}

/** Public rooms, by id. */
export async function publicRooms(): Promise<readonly ListedRoom[]> {
  const { items } = await call<{ items: readonly ListedRoom[] }>('/v1/rooms?public=true&limit=100')
  return items
}

export function joinRoom(id: string): Promise<ListedRoom> {
  return call(`/v1/rooms/${encodeURIComponent(id)}/join`, { method: 'POST' })
}

export function leaveRoom(id: string): Promise<void> {
  return call(`/v1/rooms/${encodeURIComponent(id)}/leave`, { method: 'POST' })
}
