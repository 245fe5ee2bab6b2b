import { computed, type InjectionKey, inject, ref, type WritableComputedRef } from 'vue'

/** Where a page keeps what it shows, so that a link shows it to somebody else. */
export interface Address {
  get(name: string): string | undefined
  /** `undefined` takes it away. */
  set(name: string, value: string | undefined): void
}

export const addressKey: InjectionKey<Address> = Symbol('address')

/** A value of the address; `fallback` is not written. A host that provides no address has it kept in the component. */
export function query<Value extends string>(name: string, fallback: Value): WritableComputedRef<Value> {
  const address = inject(addressKey, undefined)
  const kept = ref<string>()
  return computed({
    get: () => ((address ? address.get(name) : kept.value) ?? fallback) as Value,
    set: value => {
      if (address) address.set(name, value === fallback ? undefined : value)
      else kept.value = value
    },
  })
}
