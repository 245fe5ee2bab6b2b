import { FanfareError } from '@fanfare/client'
import { call } from '../../session/session'
import type { Session } from './session'

/** The newest open sessions. */
export interface Found {
  readonly items: readonly Session[]
  /** With those that are not listed. */
  readonly total: number
  /** Whether there may be more at nodes that have not answered. */
  readonly incomplete: boolean
  /** Those of them that are known. */
  readonly missing: readonly string[]
}

/** As many as the server lists at once. */
const LIMIT = '200'

/** The newest open sessions of a user, or of all where that is empty. */
export function sessionsOf(user: string): Promise<Found> {
  return call<Found>(`/v1/fleet/sessions?${new URLSearchParams({ limit: LIMIT, ...(user && { user }) })}`)
}

export function kick(session: string): Promise<void> {
  return call(`/v1/fleet/sessions/${encodeURIComponent(session)}`, { method: 'DELETE' })
}

export function drain(node: string): Promise<void> {
  return call(`/v1/fleet/nodes/${encodeURIComponent(node)}/drain`, { method: 'POST' })
}

/** Ends the user's connections, too: within a second, everywhere. */
export function revoke(user: string): Promise<void> {
  return call('/v1/auth/revoke', { method: 'POST', body: { user } })
}

/** Whether the server offers these paths at all; asked for a user that nobody is. */
export async function isOffered(): Promise<boolean> {
  try {
    await sessionsOf('-')
    return true
  } catch (error) {
    return !(error instanceof FanfareError && error.code === 'not_found')
  }
}
