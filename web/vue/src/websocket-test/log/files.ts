import { KEPT, type LogEntry, PREVIEW } from './entry'
import { CAPACITY } from './log'

export type FileForm = 'jsonl' | 'csv'

const COLUMNS = [
  'seq',
  'time',
  'delta_ms',
  'direction',
  'type',
  'channel',
  'bytes',
  'rtt_ms',
  'text',
] as const

export function toFile(form: FileForm, entries: readonly LogEntry[]): Blob {
  const lines = form === 'jsonl' ? entries.map(entry => JSON.stringify(entry)) : toCsv(entries)
  const type = form === 'jsonl' ? 'application/jsonl' : 'text/csv'
  return new Blob([lines.map(line => `${line}\n`).join('')], { type })
}

/** The first entries of a file that was exported as JSON lines. What is none is passed over. */
export function fromFile(text: string, limit = CAPACITY): LogEntry[] {
  const entries: LogEntry[] = []
  for (const line of text.split('\n').slice(0, limit)) {
    const entry = readEntry(line)
    if (entry) entries.push(entry)
  }
  return entries
}

export function download(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}

function toCsv(entries: readonly LogEntry[]): string[] {
  const rows = entries.map(entry =>
    [
      entry.seq,
      new Date(entry.at).toISOString(),
      entry.delta,
      entry.direction,
      entry.type,
      entry.channel ?? '',
      entry.size,
      entry.rtt ?? '',
      entry.text,
    ]
      .map(cell)
      .join(','),
  )
  return [COLUMNS.join(','), ...rows]
}

/** A spreadsheet takes what begins with `=`, `+`, `-` or `@` for a formula, and somebody else wrote it. */
function cell(value: string | number): string {
  const text = typeof value === 'string' && /^[=+\-@\t\r]/.test(value) ? `'${value}` : String(value)
  return `"${text.replaceAll('"', '""')}"`
}

/** Somebody else may have made the file: what is not as it is shown here would end the page. */
const FIELDS: Readonly<Record<keyof LogEntry, (value: unknown) => boolean>> = {
  seq: isAmount,
  at: value => typeof value === 'number' && !Number.isNaN(new Date(value).getTime()),
  delta: isNumber,
  direction: value => value === 'in' || value === 'out' || value === 'local',
  type: isText,
  size: isAmount,
  text: value => isText(value) && value.length <= KEPT,
  isCut: isFlag,
  preview: value => isText(value) && value.length <= PREVIEW,
  channel: value => value === undefined || isText(value),
  rtt: value => value === undefined || isAmount(value),
  isReplayed: isFlag,
  isHeartbeat: isFlag,
  isError: isFlag,
}

function readEntry(line: string): LogEntry | undefined {
  try {
    const entry = Object(JSON.parse(line)) as Record<string, unknown>
    const fields = Object.entries(FIELDS).map(([name, isGood]) => {
      if (!isGood(entry[name])) throw new TypeError(name)
      return [name, entry[name]]
    })
    return Object.fromEntries(fields) as LogEntry
  } catch {
    return undefined
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

function isFlag(value: unknown): boolean {
  return typeof value === 'boolean'
}

function isNumber(value: unknown): value is number {
  return Number.isFinite(value)
}

function isAmount(value: unknown): boolean {
  return isNumber(value) && value >= 0
}
