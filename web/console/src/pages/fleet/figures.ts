import type { SystemInfo } from '@fanfare/client'
import { type Interval, intervalOf, quantile } from './traffic'

/** Figures of each node that are kept: at one in two seconds, some minutes. */
const KEPT = 120

/** After so long without a word, a node is gone: it tells every two seconds. */
export const GONE_MS = 10_000

/** So long it is told that it is gone. */
const TOLD_MS = 300_000

/** What is drawn of a node at one moment. `undefined`: there was nothing to measure. */
export interface Sample {
  /** When the node told it: milliseconds since 1970. */
  readonly at: number
  readonly connections: number
  readonly cpu: number
  readonly rss: number
  readonly messages: number | undefined
  /** Milliseconds. */
  readonly p50: number | undefined
  readonly p99: number | undefined
  /** Connections that ended since the one before, by code. */
  readonly closes: Readonly<Record<string, number>>
}

/** A node, as it has told last, and what it told before. */
export interface NodeFigures {
  readonly info: SystemInfo
  /** When it has told, by its clock: milliseconds since 1970. */
  readonly toldAt: number
  /** The same by the clock here. */
  readonly seenAt: number
  /** Since what it told before. */
  readonly interval?: Interval
  /** The oldest first. */
  readonly samples: readonly Sample[]
}

/** A node of which one report more has come. */
export function next(
  before: NodeFigures | undefined,
  info: SystemInfo,
  toldAt: number,
  seenAt: number,
): NodeFigures {
  const seconds = before ? (toldAt - before.toldAt) / 1_000 : 0
  const earlier = before?.info.traffic
  const interval =
    earlier && info.traffic && seconds > 0 ? intervalOf(earlier, info.traffic, seconds) : undefined
  const took = (q: number) => {
    const value = interval && quantile(q, interval.deliveries)
    return value === undefined ? undefined : value * 1_000
  }
  const sample: Sample = {
    at: toldAt,
    connections: info.connections,
    cpu: info.cpu_percent,
    rss: info.process_rss_bytes,
    messages: interval?.messagesPerSecond,
    p50: took(0.5),
    p99: took(0.99),
    closes: interval?.closes ?? {},
  }
  const samples = [...(before?.samples ?? []), sample].slice(-KEPT)
  return { info, toldAt, seenAt, ...(interval && { interval }), samples }
}

/** Whether a node is there. One that is gone is told so for a while, and then forgotten. */
export function stateOf({ seenAt }: Pick<NodeFigures, 'seenAt'>, now: number): 'live' | 'gone' | 'forgotten' {
  if (now - seenAt <= GONE_MS) return 'live'
  return now - seenAt <= TOLD_MS ? 'gone' : 'forgotten'
}
