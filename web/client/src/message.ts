// What `data` of the frames of a room holds.

export interface Attachment {
  readonly url: string
  readonly name?: string
  readonly type?: string
  /** In bytes. */
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
  /** Plain text, to be shown as text. Not there when it was deleted. */
  readonly content?: string
  readonly created_at: string
  readonly reply_to?: number
  readonly thread?: number
  readonly attachments?: readonly Attachment[]
  readonly mentions?: readonly string[]
  readonly edited_at?: string
  readonly deleted?: { readonly by: string; readonly at: string }
  readonly reactions?: readonly Reaction[]
  /** Of the first message of a thread, when it was loaded. */
  readonly replies?: { readonly count: number; readonly last_n: number }
}

/** `edited`, `deleted` or `reaction`: what comes of a message later. */
export interface Amendment {
  /** Of the message. */
  readonly n: number
  readonly content?: string
  readonly mentions?: readonly string[]
  readonly edited_at?: string
  readonly by?: string
  readonly emoji?: string
  readonly user?: string
  readonly on?: boolean
}

/** The message as it is then. Doing it twice comes to the same. */
export function amended(message: MessageData, type: string, change: Amendment, at: string): MessageData {
  if (type === 'edited') return { ...message, ...change }
  if (type === 'deleted') {
    const { n, id, user, created_at } = message
    return { n, id, user, created_at, deleted: { by: change.by ?? user, at } }
  }
  const { emoji = '', user = '', on } = change
  const all = message.reactions ?? []
  const users = (all.find(one => one.emoji === emoji)?.users ?? []).filter(one => one !== user)
  if (on) users.push(user)
  const reactions = all.filter(one => one.emoji !== emoji)
  if (users.length > 0) reactions.push({ emoji, users, count: users.length })
  return { ...message, reactions }
}
