import type {
  Change,
  Counts,
  Disconnect,
  Notification,
  Person,
  PresenceData,
  Published,
  Reset,
  Retracted,
  SystemInfo,
  TokenExpiry,
  Welcome,
} from './data.js'

/** What a client sends. `id` comes back in the answer. */
export interface ClientFrame {
  readonly type: string
  readonly id?: string
  readonly [field: string]: unknown
}

/** What a server sends. `n` and `cursor` are there on what is kept in a channel's log. */
export interface Frame<Type extends string = string, Data = unknown> {
  readonly type: Type
  readonly id?: string
  /** Of an `error` only. */
  readonly code?: string
  /** A line for people; the content itself in `echo_response`. Text, never HTML. */
  readonly message?: unknown
  readonly user?: string
  /** RFC 3339 in UTC with milliseconds. */
  readonly timestamp: string
  readonly data: Data
  readonly channel?: string
  readonly n?: number
  readonly cursor?: string
}

/** The `data` of each type. Merge your own in: `declare module '@fanfare/client' { interface FrameData { … } }`. */
export interface FrameData {
  welcome: Welcome
  disconnect: Disconnect
  error: { readonly retry_after_ms: number } | undefined
  pong: { readonly server_time: string }
  echo_response: undefined
  chat_response: { readonly user: string; readonly original_message: unknown }
  system_info_response: SystemInfo
  system_info: SystemInfo
  custom_response: { readonly content?: unknown; readonly data?: unknown }
  auth_response: TokenExpiry
  token_expiring: TokenExpiry
  subscribed: { readonly recovered: boolean }
  unsubscribed: undefined
  reset: Reset
  published: Published
  publication: unknown
  notification: Notification
  retracted: Retracted
  read: Change
  read_response: Change
  counts: Counts
  history_response: { readonly items: readonly Frame[]; readonly more: boolean }
  presence: PresenceData
  presence_response: PresenceData
  joined: Person
  left: Person
}

export type FrameOf<Type extends string> = Frame<
  Type,
  Type extends keyof FrameData ? FrameData[Type] : unknown
>

/** The type that answers each request. */
export interface Replies {
  ping: 'pong'
  echo: 'echo_response'
  chat: 'chat_response'
  system_info: 'system_info_response'
  custom: 'custom_response'
  auth: 'auth_response'
  subscribe: 'subscribed'
  unsubscribe: 'unsubscribed'
  presence: 'presence_response'
  publish: 'published'
  history: 'history_response'
  read: 'read_response'
}

export type ReplyTo<Type extends string> = FrameOf<Type extends keyof Replies ? Replies[Type] : string>

/** A server's text as a frame; `undefined` when it is none. */
export function parseFrame(text: unknown): Frame | undefined {
  try {
    const value: { type?: unknown } | null = JSON.parse(text as string)
    return typeof value?.type === 'string' ? (value as Frame) : undefined
  } catch {
    return undefined
  }
}
