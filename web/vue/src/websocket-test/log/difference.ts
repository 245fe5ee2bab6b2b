export interface DifferenceLine {
  readonly mark: ' ' | '-' | '+'
  readonly text: string
}

/** Lines of each side that are compared: the table has their product as cells. */
const LINES = 400

/** What one text has that the other has not, by the longest lines they share. */
export function difference(before: string, after: string): DifferenceLine[] {
  const left = before.split('\n').slice(0, LINES)
  const right = after.split('\n').slice(0, LINES)
  const shared = sharedLengths(left, right)
  const lines: DifferenceLine[] = []
  let [i, j] = [0, 0]
  while (i < left.length || j < right.length) {
    const [one, other] = [left[i], right[j]]
    if (one !== undefined && one === other) {
      lines.push({ mark: ' ', text: one })
      i += 1
      j += 1
    } else if (other === undefined || (one !== undefined && at(shared, i + 1, j) >= at(shared, i, j + 1))) {
      lines.push({ mark: '-', text: one ?? '' })
      i += 1
    } else {
      lines.push({ mark: '+', text: other })
      j += 1
    }
  }
  return lines
}

/** For each pair of places, how many lines are shared from there on. */
function sharedLengths(left: readonly string[], right: readonly string[]): number[][] {
  const table = Array.from({ length: left.length + 1 }, () => new Array<number>(right.length + 1).fill(0))
  for (let i = left.length - 1; i >= 0; i -= 1) {
    for (let j = right.length - 1; j >= 0; j -= 1) {
      const longest =
        left[i] === right[j]
          ? at(table, i + 1, j + 1) + 1
          : Math.max(at(table, i + 1, j), at(table, i, j + 1))
      const row = table[i]
      if (row) row[j] = longest
    }
  }
  return table
}

function at(table: readonly (readonly number[])[], i: number, j: number): number {
  return table[i]?.[j] ?? 0
}
