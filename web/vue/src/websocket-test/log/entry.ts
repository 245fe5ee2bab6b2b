/** Characters of a frame that are kept: the server's own limit for a frame. */
export const KEPT = 65_536

/** Characters that one line shows, at most. */
export const PREVIEW = 400

/** Longer frames are not taken apart for one line. */
const PARSED = 8_192

export type Direction = 'in' | 'out' | 'local'

/** One line of the log. Never changes. */
export interface LogEntry {
  /** Counts from 1, without holes. */
  readonly seq: number
  /** Milliseconds since 1970. */
  readonly at: number
  /** Milliseconds since the entry before. */
  readonly delta: number
  readonly direction: Direction
  readonly type: string
  /** Bytes as UTF-8. */
  readonly size: number
  /** The frame as it went or came, tokens hidden; cut after 64 KiB. */
  readonly text: string
  readonly isCut: boolean
  readonly preview: string
  readonly channel: string | undefined
  /** Milliseconds from a question to this answer. */
  readonly rtt: number | undefined
  /** It was missed, and came late. */
  readonly isReplayed: boolean
  readonly isHeartbeat: boolean
  readonly isError: boolean
}

export type Draft = Omit<LogEntry, 'seq' | 'at' | 'delta'>

const encoder = new TextEncoder()

interface Fields {
  readonly type?: unknown
  readonly id?: unknown
  readonly token?: unknown
  readonly channel?: unknown
  readonly cursor?: unknown
  readonly timestamp?: unknown
  readonly [field: string]: unknown
}

/** What is known of a frame before it is an entry. */
export interface ReadFrame {
  readonly fields: Fields | undefined
  readonly draft: Draft
}

/** A frame as it passed on the wire. */
export function readFrame(direction: 'in' | 'out', original: string): ReadFrame {
  const fields = parse(original)
  // Whoever looks over a shoulder, or gets an export, gets no token.
  const masked = fields?.token === undefined ? fields : { ...fields, token: '…' }
  let text = masked === fields ? original : JSON.stringify(masked)
  const isCut = text.length > KEPT
  if (isCut) text = text.slice(0, KEPT)
  const type = typeof fields?.type === 'string' ? fields.type : '?'
  const draft: Draft = {
    direction,
    type,
    size: encoder.encode(original).length,
    text,
    isCut,
    preview: masked && text.length <= PARSED ? previewOf(masked) : text.slice(0, PREVIEW),
    channel: typeof fields?.channel === 'string' ? fields.channel : undefined,
    rtt: undefined,
    isReplayed: false,
    isHeartbeat: type === 'ping' || type === 'pong',
    isError: direction === 'in' && (type === 'error' || type === 'disconnect' || type === 'reset'),
  }
  return { fields, draft }
}

/** A line of the page's own. */
export function note(type: string, preview: string, isError = false): Draft {
  return {
    direction: 'local',
    type,
    size: 0,
    text: preview,
    isCut: false,
    preview,
    channel: undefined,
    rtt: undefined,
    isReplayed: false,
    isHeartbeat: false,
    isError,
  }
}

/** Whether all of a frame that was sent is there to be sent again: nothing is cut off, and no token hidden. */
export function canRepeat({ direction, text, isCut }: LogEntry): boolean {
  const fields = direction === 'out' && !isCut ? parse(text) : undefined
  return fields !== undefined && fields.token === undefined
}

function parse(text: string): Fields | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Fields)
      : undefined
  } catch {
    return undefined
  }
}

/** What of a frame a person looks for, in one line: its words first. */
function previewOf(fields: Fields): string {
  const { type: _type, id: _id, timestamp: _at, cursor: _cursor, channel: _channel, ...shown } = fields
  const { message, content, ...rest } = shown
  const words = [message, content].filter(value => value !== undefined).map(plain)
  const more = Object.entries(rest).map(([name, value]) => `${name}: ${plain(value)}`)
  return [...words, ...more].join('   ').replaceAll(/\s+/g, ' ').slice(0, PREVIEW)
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '')
}
