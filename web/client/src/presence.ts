import type { Person, PresenceData } from './data.js'
import type { Frame } from './frame.js'

/** Who is in a channel, as far as the server tells. */
export class Presence {
  /** By user. Empty while there are too many to list. */
  readonly people = new Map<string, Person>()
  /** Some gateways have not told yet. */
  atLeast = false
  #count = 0

  /** How many there are, also where they are not listed. */
  get count(): number {
    return Math.max(this.#count, this.people.size)
  }

  /** Takes one frame in; `false` when it is about something else. */
  apply({ type, data }: Frame): boolean {
    if (type === 'joined') {
      const person = data as Person
      this.people.set(person.user, person)
    } else if (type === 'left') {
      this.people.delete((data as Person).user)
    } else if (type === 'presence' || type === 'presence_response') {
      const { users, count, at_least = false } = data as PresenceData
      this.people.clear()
      for (const person of users ?? []) this.people.set(person.user, person)
      this.#count = users ? 0 : count
      this.atLeast = at_least
    } else {
      return false
    }
    return true
  }
}
