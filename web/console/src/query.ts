import { computed, inject, ref, type WritableComputedRef } from 'vue'
import { routeLocationKey, routerKey } from 'vue-router'

/**
 * A value that is kept in the address, so that a link shows what its sender saw. `fallback` is not written. In a host
 * without a router it is kept in the component.
 */
export function query<Value extends string>(name: string, fallback: Value): WritableComputedRef<Value> {
  const route = inject(routeLocationKey, undefined)
  const router = inject(routerKey, undefined)
  if (!route || !router) {
    const kept = ref<string>(fallback)
    return computed({ get: () => kept.value as Value, set: value => (kept.value = value) })
  }
  return computed({
    get: () => (route.query[name]?.toString() ?? fallback) as Value,
    set: value => {
      // The router's own, not the component's: two that are set at once both count.
      const now = router.currentRoute.value.query
      const { [name]: _, ...others } = { ...now, ...pending }
      pending = value === fallback ? others : { ...others, [name]: value }
      void router.replace({ query: pending }).finally(() => {
        pending = undefined
      })
    },
  })
}

let pending: Record<string, string | null | (string | null)[]> | undefined
