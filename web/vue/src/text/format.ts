import { errorMeaning, reasonText, saysMore } from './codes'
import { locale } from './text'

/** `1.2 KB`; kB are 1,000 bytes. */
export function bytes(count: number): string {
  if (count < 1_000) return `${count} B`
  const units = ['kB', 'MB', 'GB', 'TB']
  let value = count
  let unit = -1
  while (value >= 1_000 && unit < units.length - 1) {
    value /= 1_000
    unit += 1
  }
  return `${value.toFixed(value < 10 ? 1 : 0)} ${units[unit]}`
}

/** `0.8 ms`, `12 ms`, `3.1 s`. */
export function milliseconds(ms: number | undefined): string {
  if (ms === undefined || !Number.isFinite(ms)) return '–'
  if (ms < 10) return `${ms.toFixed(1)} ms`
  if (ms < 1_000) return `${Math.round(ms)} ms`
  return `${(ms / 1_000).toFixed(1)} s`
}

/** `1:02:03`. */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1_000))
  const two = (value: number) => String(value).padStart(2, '0')
  const [hours, minutes] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60]
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`
}

/** Of the day, local, with milliseconds. */
export function clock(at: number): string {
  const date = new Date(at)
  const pad = (value: number, length = 2) => String(value).padStart(length, '0')
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`
}

/** The same moment for whoever is elsewhere. */
export function utc(at: number): string {
  return `UTC ${new Date(at).toISOString()}`
}

/** `5 minutes ago`, `in 2 hours`. */
export function relative(at: number, now: number): string {
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86_400_000],
    ['hour', 3_600_000],
    ['minute', 60_000],
  ]
  const format = new Intl.RelativeTimeFormat(locale.value, { numeric: 'auto' })
  for (const [unit, size] of units) {
    if (Math.abs(at - now) >= size) return format.format(Math.trunc((at - now) / size), unit)
  }
  return format.format(0, 'second')
}

/** For what the platform puts into words: the order of a date, and marks between digits. */
export function tag(): string {
  return locale.value === 'zh' ? 'zh-CN' : 'en-GB'
}

export function dateTime(at: number | string): string {
  const date = new Date(at)
  if (Number.isNaN(date.getTime())) return String(at)
  return date.toLocaleString(tag(), { hour12: false })
}

export function number(value: number): string {
  return value.toLocaleString(tag())
}

/** What a person should read of whatever was thrown: never a bare code, nor what a browser says to programmers. */
export function problem(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { message, code } = error as Error & { code?: unknown }
  const meaning = typeof code === 'string' ? errorMeaning(code) : ''
  if (typeof code !== 'string' || !meaning) return message
  const told = reasonText(message)
  if (told !== message) return told
  if (!saysMore(code, message)) return meaning
  return locale.value === 'zh' ? `${meaning}（${message}）` : `${meaning} (${message})`
}
