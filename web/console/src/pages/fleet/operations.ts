import { FanfareError } from '@fanfare/client'
import { call } from '../../session/session'

export interface Session {
  readonly session: string
  readonly user: string
  readonly node: string
  readonly path?: string
  readonly address?: string
  readonly connected_at?: string
}

/** The open sessions of a user, or `undefined` where the server has no such list. */
export async function sessionsOf(user: string): Promise<readonly Session[] | undefined> {
  try {
    const { items } = await call<{ items: readonly Session[] }>(
      `/v1/fleet/sessions?${new URLSearchParams({ user })}`,
    )
    return items
  } catch (error) {
    if (isMissing(error)) return undefined
    throw error
  }
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
  return (await sessionsOf('-').catch(() => [])) !== undefined
}

function isMissing(error: unknown): boolean {
  return error instanceof FanfareError && error.code === 'not_found'
}
