/** What `data` of a chat frame holds. */

export interface Attachment {
  readonly url: string
  readonly name?: string
  readonly type?: string
  readonly size?: number
}

export interface Reaction {
  readonly emoji: string
  readonly users: readonly string[]
  readonly count: number
}

export interface MessageData {
  readonly n: number
  readonly id: string
  readonly client_id?: string
  readonly user: string
  readonly name?: string
  readonly content: string
  readonly created_at: string
  readonly reply_to?: number
  readonly thread?: number
  readonly attachments?: readonly Attachment[]
  readonly mentions?: readonly string[]
  readonly edited_at?: string
  readonly deleted?: boolean
  readonly reactions?: readonly Reaction[]
}

/** What follows a message and changes it. */
export interface Amendment {
  /** Of the message. */
  readonly n: number
  readonly content?: string
  readonly edited_at?: string
  readonly emoji?: string
  readonly user?: string
  readonly on?: boolean
}

/** The message as it is after `edited`, `deleted` or `reaction`. */
export function amended(message: MessageData, type: string, change: Amendment): MessageData {
  const { content = '', edited_at = '', emoji = '', user = '', on = true } = change
  if (type === 'edited') return { ...message, content, edited_at }
  if (type === 'deleted') return { ...message, content: '', deleted: true, reactions: [] }
  const others = (message.reactions ?? []).filter(one => one.emoji !== emoji)
  const before = message.reactions?.find(one => one.emoji === emoji)
  const users = (before?.users ?? []).filter(one => one !== user)
  if (on) users.push(user)
  // A large crowd is counted, not listed.
  const unlisted = (before?.count ?? 0) - (before?.users.length ?? 0)
  const count = users.length + unlisted
  return { ...message, reactions: count > 0 ? [...others, { emoji, users, count }] : others }
}
