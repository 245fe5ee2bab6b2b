import { call } from '../../session/session'

export interface Member {
  readonly user: string
  readonly name?: string
  /** Left out of one who is only invited. */
  readonly role?: 'owner' | 'moderator' | 'member'
  readonly muted?: boolean
}

export interface MemberPage {
  readonly items: readonly Member[]
  readonly next_cursor?: string
}

/** All members of a room, or, of a large one, the first 200 by id. */
export function membersOf(channel: string): Promise<MemberPage> {
  return call(`/v1/rooms/${encodeURIComponent(channel.slice('room:'.length))}/members?limit=200`)
}

/** A member, and whether he is in the room now. */
export type Seen = Member & { readonly isHere: boolean }

/** Whoever is here comes first, also one who is no member; then by what people are called. */
export function inOrder(members: readonly Member[], here: ReadonlySet<string>): readonly Seen[] {
  const known = new Set(members.map(({ user }) => user))
  const others: readonly Member[] = [...here].filter(user => !known.has(user)).map(user => ({ user }))
  return [...members, ...others]
    .map(one => ({ ...one, isHere: here.has(one.user) }))
    .sort(
      (one, other) =>
        Number(other.isHere) - Number(one.isHere) ||
        (one.name ?? one.user).localeCompare(other.name ?? other.user),
    )
}
