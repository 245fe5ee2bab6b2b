import type { Client, SystemInfo } from '@fanfare/client'
import { channel as channelOf } from '@fanfare/client/channels'
import { onScopeDispose, type ShallowRef, shallowReactive, shallowRef } from 'vue'

/** Figures of each node that are kept: at one in two seconds, some minutes. */
const KEPT = 120

/** Nodes that are kept, so that names that come and go do not fill the page. */
const NODES = 200

/** A node, as it has told last, and what it told before. */
export interface NodeFigures {
  readonly info: SystemInfo
  /** Milliseconds since 1970. */
  readonly seenAt: number
  readonly connections: readonly number[]
  readonly cpu: readonly number[]
  readonly rss: readonly number[]
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
    metrics.on('system_info', info => {
      const before = byName.get(info.node)
      const kept = (values: readonly number[] = [], value: number) => [...values, value].slice(-KEPT)
      if (!before && byName.size >= NODES) return
      byName.set(info.node, {
        info,
        seenAt: Date.now(),
        connections: kept(before?.connections, info.connections),
        cpu: kept(before?.cpu, info.cpu_percent),
        rss: kept(before?.rss, info.process_rss_bytes),
      })
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
