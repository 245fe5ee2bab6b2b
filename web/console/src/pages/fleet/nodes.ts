import type { Client, FanfareError, SystemInfo } from '@fanfare/client'
import { channel as channelOf } from '@fanfare/client/channels'
import { useNow } from '@fanfare/vue/now'
import {
  type ComputedRef,
  computed,
  onScopeDispose,
  type ShallowRef,
  shallowReactive,
  shallowRef,
  watch,
} from 'vue'
import { type NodeFigures, next, stateOf } from './figures'

/** Nodes that are kept, so that names that come and go do not fill the page. */
const NODES = 200

/** By name. */
export type NodeMap = ReadonlyMap<string, NodeFigures>

export interface Nodes {
  /** With those that are gone, for a while. */
  readonly all: NodeMap
  /** Those that were heard of just now: what the fleet is. */
  readonly live: ComputedRef<NodeMap>
  /** Why nothing is heard of them. */
  readonly refusal: ShallowRef<FanfareError | undefined>
}

/** What `system:metrics` tells, for as long as the component lives. */
export function useNodes(client: Client): Nodes {
  const all = shallowReactive(new Map<string, NodeFigures>())
  const refusal = shallowRef<FanfareError>()
  const now = useNow()
  const live = computed(() => new Map([...all].filter(([, node]) => stateOf(node, now.value) === 'live')))
  watch(now, at => {
    for (const [name, node] of all) if (stateOf(node, at) === 'forgotten') all.delete(name)
  })
  const metrics = channelOf<{ system_info: SystemInfo }>(client, 'system:metrics')
  const offs = [
    metrics.on('system_info', (info, { timestamp }) => {
      const before = all.get(info.node)
      if (!before && all.size >= NODES) return
      all.set(info.node, next(before, info, Date.parse(timestamp), Date.now()))
    }),
    metrics.on('refused', error => {
      refusal.value = error
    }),
    metrics.on('subscribed', () => {
      refusal.value = undefined
    }),
  ]
  onScopeDispose(() => {
    for (const off of offs) off()
    metrics.close()
  })
  return { all, live, refusal }
}
