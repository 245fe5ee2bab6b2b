import type { Direction, LogEntry } from './entry'

export interface Filter {
  /** Words, or `/a regular expression/i`. */
  readonly text: string
  readonly direction: Direction | 'all'
  /** None: all. */
  readonly types: readonly string[]
  /** Empty: all. */
  readonly channel: string
  readonly errorsOnly: boolean
  readonly hideHeartbeats: boolean
}

export type Matches = (entry: LogEntry) => boolean

/** What a filter lets through, or `undefined` when its regular expression is none. */
export function matcher(filter: Filter): Matches | undefined {
  const { direction, channel, errorsOnly, hideHeartbeats } = filter
  const types = new Set(filter.types)
  const hasText = textMatcher(filter.text.trim())
  if (!hasText) return undefined
  return entry =>
    !(hideHeartbeats && entry.isHeartbeat) &&
    (direction === 'all' || entry.direction === direction) &&
    (types.size === 0 || types.has(entry.type)) &&
    (channel === '' || entry.channel === channel) &&
    (!errorsOnly || entry.isError) &&
    hasText(entry.text)
}

function textMatcher(text: string): ((value: string) => boolean) | undefined {
  if (!text) return () => true
  const [, source, flags] = /^\/(.+)\/([imsu]*)$/.exec(text) ?? []
  if (source === undefined) {
    const wanted = text.toLowerCase()
    return value => value.toLowerCase().includes(wanted)
  }
  try {
    const expression = new RegExp(source, flags)
    return value => expression.test(value)
  } catch {
    return undefined
  }
}
