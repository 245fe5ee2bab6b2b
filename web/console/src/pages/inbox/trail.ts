import { api } from '../../session/api'
import { call } from '../../session/session'

/** What is known of where a notification went. */
export interface Trail {
  readonly id: string
  readonly status: string
  readonly accepted_at: string
  readonly channels: readonly Place[]
  readonly addressees: readonly Addressee[]
  readonly acked: readonly Ack[]
}

export interface Place {
  readonly channel: string
  readonly status: string
  readonly n?: number
  readonly stored_at?: string
  readonly live_sessions: number
  readonly receipts: readonly { readonly node: string; readonly at: string; readonly sessions: number }[]
}

export interface Addressee {
  readonly user: string
  readonly read: boolean
  readonly acked_at?: string
  readonly delivered: readonly Delivered[]
  readonly not_delivered?: { readonly code: string; readonly reason: string } | null
}

export interface Delivered {
  readonly session: string
  readonly node: string
  readonly path: string
  readonly how: string
  readonly at?: string
}

export interface Ack {
  readonly user: string
  readonly session: string
  readonly at: string
}

/** With the API key that was pasted, or as whoever is logged in. */
export function readTrail(id: string, user: string, key: string): Promise<Trail> {
  const search = user ? `?${new URLSearchParams({ user })}` : ''
  const path = `/v1/notifications/${encodeURIComponent(id)}${search}`
  return key ? api<Trail>(path, { bearer: key }) : call<Trail>(path)
}

/** Whether everybody it went to has read and acknowledged it: nothing more is to be expected. */
export function isSettled({ addressees }: Trail): boolean {
  return addressees.every(one => one.read && one.acked_at !== undefined)
}
