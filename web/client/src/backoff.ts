export interface Reconnect {
  /** Shortest wait, in milliseconds. */
  readonly min: number
  /** Longest wait, in milliseconds. */
  readonly max: number
  /** Attempts in a row, without a connection that lasted, after which the client stops. */
  readonly maxAttempts: number
  /** How long a connection lasts, in milliseconds, until earlier failures are forgotten. */
  readonly minUptime: number
}

/**
 * The wait before attempt 1, 2, 3, …: anywhere between `min` and a bound that doubles, so that many who lose their
 * server together do not come back together.
 */
export function backoffMs(attempt: number, { min, max }: Reconnect, random: () => number): number {
  return min + random() * Math.max(0, Math.min(max, min * 2 ** attempt) - min)
}
