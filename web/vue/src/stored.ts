import { type Ref, ref, watch } from 'vue'

/** What is kept in this browser under `fanfare.<name>`. Storage may be full or forbidden: then it is not kept. */
export function stored<Value>(
  name: string,
  fallback: Value,
  isGood: (value: unknown) => boolean,
): Ref<Value> {
  const key = `fanfare.${name}`
  const kept = ref(read(key, fallback, isGood)) as Ref<Value>
  watch(
    kept,
    value => {
      try {
        localStorage.setItem(key, JSON.stringify(value))
      } catch {
        // Not kept.
      }
    },
    { deep: true },
  )
  return kept
}

function read<Value>(key: string, fallback: Value, isGood: (value: unknown) => boolean): Value {
  try {
    const value: unknown = JSON.parse(localStorage.getItem(key) ?? 'null')
    return isGood(value) ? (value as Value) : fallback
  } catch {
    return fallback
  }
}
