import { newId } from '../id'
import { stored } from '../stored'
import type { Draft } from './frame'

/** As many as a list is looked through at a glance. */
export const SAVED_MAX = 50

export interface SavedMessage {
  readonly id: string
  readonly name: string
  readonly draft: Draft
}

export const savedMessages = stored<SavedMessage[]>(
  'messages',
  [],
  value =>
    Array.isArray(value) &&
    value.length <= SAVED_MAX &&
    value.every(one => typeof one?.name === 'string' && typeof one?.draft?.content === 'string'),
)

export function saveMessage(name: string, draft: Draft): void {
  savedMessages.value = [...savedMessages.value, { id: newId(), name, draft: { ...draft } }].slice(-SAVED_MAX)
}

export function removeMessage(id: string): void {
  savedMessages.value = savedMessages.value.filter(one => one.id !== id)
}
