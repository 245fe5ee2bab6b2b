import type { ClientFrame } from '@fanfare/client'
import { t } from './text'

export const TYPES = ['echo', 'chat', 'ping', 'system_info', 'custom', 'raw'] as const

export type ComposedType = (typeof TYPES)[number]

/** What is in the composer. */
export interface Draft {
  readonly type: ComposedType
  /** Of `echo` and `chat`. */
  readonly content: string
  /** JSON, of `custom`. */
  readonly data: string
  /** Of `custom`. */
  readonly name: string
  /** JSON, of `raw`. */
  readonly raw: string
}

export const EMPTY: Draft = {
  type: 'echo',
  content: '',
  data: '{\n  "hello": "world"\n}',
  name: '',
  raw: '{\n  "type": "echo",\n  "content": "hi"\n}',
}

/** The frame that a draft stands for, or what is wrong with it. */
export function frameOf(draft: Draft): { frame: ClientFrame } | { problem: string } {
  const { type, content, data, name, raw } = draft
  if (type === 'echo' || type === 'chat') return { frame: { type, content } }
  if (type === 'ping' || type === 'system_info') return { frame: { type } }
  const text = type === 'raw' ? raw : data
  if (type === 'custom' && !text.trim()) return { frame: named(name, {}) }
  try {
    const value: unknown = JSON.parse(text)
    if (type === 'custom') return { frame: named(name, { data: value }) }
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return { problem: t('notObject') }
    return { frame: value as ClientFrame }
  } catch (error) {
    return { problem: t('badJson', { problem: (error as Error).message }) }
  }
}

function named(name: string, fields: Record<string, unknown>): ClientFrame {
  return { type: 'custom', ...(name.trim() ? { name: name.trim() } : {}), ...fields }
}
