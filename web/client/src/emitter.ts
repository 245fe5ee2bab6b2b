/** Ends what returned it. Calling it again does nothing. */
export type Off = () => void

type Listener = (...values: unknown[]) => void

/** Listeners by event, called in the order they came. */
export class Emitter<Events extends { [Event in keyof Events]: unknown[] }> {
  readonly #listeners = new Map<keyof Events, Set<Listener>>()

  on<Event extends keyof Events>(event: Event, listener: (...values: Events[Event]) => void): Off {
    const own = this.#listeners.get(event) ?? new Set()
    // The same function may listen twice, and each `off` ends one of them.
    const entry: Listener = (...values) => listener(...(values as Events[Event]))
    this.#listeners.set(event, own.add(entry))
    return () => {
      own.delete(entry)
    }
  }

  /** @internal */
  emit<Event extends keyof Events>(event: Event, ...values: Events[Event]): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) {
      try {
        listener(...values)
      } catch (error) {
        // As with DOM events: one listener's fault is reported as uncaught, and the others are called all the same.
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
