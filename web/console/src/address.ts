import type { Address } from '@fanfare/vue/query'
import type { Router } from 'vue-router'

/** What pages show, in the query of the route. */
export function routeAddress(router: Router): Address {
  let pending: Record<string, string | null | (string | null)[]> | undefined
  return {
    get: name => router.currentRoute.value.query[name]?.toString(),
    set: (name, value) => {
      // Two that are set at once both count.
      const { [name]: _, ...others } = { ...router.currentRoute.value.query, ...pending }
      pending = value === undefined ? others : { ...others, [name]: value }
      void router.replace({ query: pending }).finally(() => {
        pending = undefined
      })
    },
  }
}
