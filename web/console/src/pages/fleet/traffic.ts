import type { Traffic } from '@fanfare/client'

/** Deliveries by how long they took: as many as bounds, and one more for those above all of them. */
export interface Buckets {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
}

/** What a node did between two of its reports. */
export interface Interval {
  readonly messagesPerSecond: number
  readonly deliveries: Buckets
}

/** The time between two totals. Those of a node that was started again in between begin at none. */
export function intervalOf(before: Traffic, after: Traffic, seconds: number): Interval {
  const isNew = after.messages_total < before.messages_total
  const since = (now: number, then: number | undefined) => now - (isNew ? 0 : (then ?? 0))
  const { bounds_seconds: bounds, counts_total: counts } = after.delivery
  return {
    messagesPerSecond: since(after.messages_total, before.messages_total) / seconds,
    deliveries: {
      bounds,
      counts: counts.map((count, index) => Math.max(0, since(count, before.delivery.counts_total[index]))),
    },
  }
}

/**
 * The seconds that a share `q` of the deliveries took at most, or `undefined` when there were none. As Prometheus'
 * `histogram_quantile` has it: within a bucket they are taken to be spread evenly, and what is above the last bound took
 * that bound.
 */
export function quantile(q: number, { bounds, counts }: Buckets): number | undefined {
  const rank = q * counts.reduce((sum, count) => sum + count, 0)
  if (rank === 0) return undefined
  let below = 0
  for (const [index, count] of counts.entries()) {
    const upper = bounds[index]
    if (upper === undefined) break
    if (count > 0 && below + count >= rank) {
      const lower = bounds[index - 1] ?? 0
      return lower + (upper - lower) * ((rank - below) / count)
    }
    below += count
  }
  return bounds.at(-1)
}

/** Deliveries of several nodes together, which must have the same bounds. */
export function together(all: readonly Buckets[]): Buckets {
  const [first] = all
  const bounds = first?.bounds ?? []
  const same = all.filter(one => one.bounds.length === bounds.length)
  const counts = (first?.counts ?? []).map((_, index) =>
    same.reduce((sum, one) => sum + (one.counts[index] ?? 0), 0),
  )
  return { bounds, counts }
}

/** How often connections of these nodes ended by each code, the most frequent first. */
export function closesOf(nodes: readonly (Traffic | undefined)[]): [code: string, count: number][] {
  const sums = new Map<string, number>()
  for (const traffic of nodes) {
    for (const [code, count] of Object.entries(traffic?.closes_total ?? {}))
      sums.set(code, (sums.get(code) ?? 0) + count)
  }
  return [...sums].sort(([code, count], [otherCode, other]) => other - count || code.localeCompare(otherCode))
}
