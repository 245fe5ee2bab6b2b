import type { Traffic } from '@fanfare/client'

/** Deliveries by how long they took: as many as bounds, and one more for those above all of them. */
export interface Buckets {
  readonly bounds: readonly number[]
  readonly counts: readonly number[]
}

/** What a node did between two of its reports. */
export interface Interval {
  readonly messagesPerSecond: number
  /** To sockets: as many as there were readers. */
  readonly framesPerSecond: number
  readonly deliveries: Buckets
  /** Connections that ended, by code; those of which none did are left out. */
  readonly closes: Readonly<Record<string, number>>
}

/** The time between two totals. Those of a node that was started again in between begin at none. */
export function intervalOf(before: Traffic, after: Traffic, seconds: number): Interval {
  const isNew = after.messages_total < before.messages_total
  const since = (now: number, then: number | undefined) => now - (isNew ? 0 : (then ?? 0))
  const { bounds_seconds: bounds, counts_total: counts } = after.delivery
  return {
    messagesPerSecond: since(after.messages_total, before.messages_total) / seconds,
    framesPerSecond: since(after.frames_total, before.frames_total) / seconds,
    deliveries: {
      bounds,
      counts: counts.map((count, index) => Math.max(0, since(count, before.delivery.counts_total[index]))),
    },
    closes: Object.fromEntries(
      Object.entries(after.closes_total)
        .map(([code, count]) => [code, since(count, before.closes_total[code])] as const)
        .filter(([, count]) => count > 0),
    ),
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

/** Closes of all nodes in each stretch of `everyMs`, the oldest first, of the codes that there were most of. */
export function closesOverTime(
  samples: readonly { readonly at: number; readonly closes: Readonly<Record<string, number>> }[],
  everyMs: number,
  most: number,
): Map<string, { at: number; value: number }[]> {
  const times = samples.map(({ at }) => Math.floor(at / everyMs) * everyMs)
  const sums = new Map<string, Map<number, number>>()
  for (const [index, { closes }] of samples.entries()) {
    for (const [code, count] of Object.entries(closes)) {
      const at = times[index] as number
      const ofCode = sums.get(code) ?? new Map<number, number>()
      sums.set(code, ofCode.set(at, (ofCode.get(at) ?? 0) + count))
    }
  }
  const total = (ofCode: Map<number, number>) => [...ofCode.values()].reduce((sum, count) => sum + count, 0)
  const stretches = [...new Set(times)].sort((one, other) => one - other)
  return new Map(
    [...sums]
      .sort(([, one], [, other]) => total(other) - total(one))
      .slice(0, most)
      .map(([code, ofCode]) => [code, stretches.map(at => ({ at, value: ofCode.get(at) ?? 0 }))]),
  )
}
