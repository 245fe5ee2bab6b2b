/** What was measured at one moment. */
export interface Point {
  /** Milliseconds since 1970. */
  readonly at: number
  readonly value: number | undefined
}

export interface Frame {
  readonly width: number
  readonly height: number
  /** The times at its left and at its right edge. */
  readonly from: number
  readonly to: number
  /** What lies at its upper edge; 0 lies at its lower one. */
  readonly max: number
  /** A line is broken where nothing was told for longer, in milliseconds. */
  readonly gapMs: number
}

/** Earliest and latest of all points. */
export function spanOf(series: Iterable<readonly Point[]>): { from: number; to: number } {
  const times = [...series].flat().map(({ at }) => at)
  return { from: Math.min(...times), to: Math.max(...times) }
}

/** The `d` of a path through the points, each where its time is. */
export function pathOf(points: readonly Point[], { width, height, from, to, max, gapMs }: Frame): string {
  const scale = width / Math.max(1, to - from)
  let before: number | undefined
  return points
    .flatMap(({ at, value }) => {
      if (value === undefined) return []
      const isJoined = before !== undefined && at - before <= gapMs
      before = at
      const [x, y] = [(at - from) * scale, height - (value / max) * height]
      return `${isJoined ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}
