import type { LogEntry } from './entry'
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

/** Entries of a file that was exported as JSON lines. What is none is passed over. */
export function fromFile(text: string): LogEntry[] {
  const entries: LogEntry[] = []
  for (const line of text.split('\n').slice(0, CAPACITY)) {
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

function readEntry(line: string): LogEntry | undefined {
  try {
    const entry = JSON.parse(line) as LogEntry
    const isGood =
      typeof entry.at === 'number' &&
      typeof entry.type === 'string' &&
      typeof entry.text === 'string' &&
      typeof entry.preview === 'string' &&
      ['in', 'out', 'local'].includes(entry.direction)
    return isGood ? entry : undefined
  } catch {
    return undefined
  }
}
