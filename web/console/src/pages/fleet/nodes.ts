import type { Client, SystemInfo } from '@fanfare/client'
import { channel as channelOf } from '@fanfare/client/channels'
import { onScopeDispose, type ShallowRef, shallowReactive, shallowRef } from 'vue'
import { type Interval, intervalOf, quantile } from './traffic'

/** Figures of each node that are kept: at one in two seconds, some minutes. */
const KEPT = 120

/** Nodes that are kept, so that names that come and go do not fill the page. */
const NODES = 200

/** What is drawn of a node, oldest first. `undefined`: there was nothing to measure. */
export interface Trends {
  readonly connections: readonly number[]
  readonly cpu: readonly number[]
  readonly rss: readonly number[]
  readonly messages: readonly (number | undefined)[]
  /** Milliseconds. */
  readonly p50: readonly (number | undefined)[]
  readonly p99: readonly (number | undefined)[]
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
  readonly trends: Trends
}

export interface Nodes {
  readonly byName: Map<string, NodeFigures>
  readonly problem: ShallowRef<string>
}

/** What `system:metrics` tells, for as long as the component lives. */
export function useNodes(client: Client): Nodes {
  const byName = shallowReactive(new Map<string, NodeFigures>())
  const problem = shallowRef('')
  const metrics = channelOf<{ system_info: SystemInfo }>(client, 'system:metrics')
  const offs = [
    metrics.on('system_info', (info, { timestamp }) => {
      const before = byName.get(info.node)
      if (!before && byName.size >= NODES) return
      byName.set(info.node, figures(before, info, Date.parse(timestamp)))
    }),
    metrics.on('refused', error => {
      problem.value = error.message
    }),
    metrics.on('subscribed', () => {
      problem.value = ''
    }),
  ]
  onScopeDispose(() => {
    for (const off of offs) off()
    metrics.close()
  })
  return { byName, problem }
}

function figures(before: NodeFigures | undefined, info: SystemInfo, toldAt: number): NodeFigures {
  const seconds = before ? (toldAt - before.toldAt) / 1_000 : 0
  const earlier = before?.info.traffic
  const interval =
    earlier && info.traffic && seconds > 0 ? intervalOf(earlier, info.traffic, seconds) : undefined
  const took = (q: number) => {
    const value = interval && quantile(q, interval.deliveries)
    return value === undefined ? undefined : value * 1_000
  }
  const trends = before?.trends
  return {
    info,
    toldAt,
    seenAt: Date.now(),
    ...(interval && { interval }),
    trends: {
      connections: kept(trends?.connections, info.connections),
      cpu: kept(trends?.cpu, info.cpu_percent),
      rss: kept(trends?.rss, info.process_rss_bytes),
      messages: kept(trends?.messages, interval?.messagesPerSecond),
      p50: kept(trends?.p50, took(0.5)),
      p99: kept(trends?.p99, took(0.99)),
    },
  }
}

function kept<Value>(values: readonly Value[] = [], value: Value): readonly Value[] {
  return [...values, value].slice(-KEPT)
}
