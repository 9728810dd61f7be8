/**
 * A bounded cache of recently used entries, in two generations. A hit in the young generation moves nothing, so it costs one
 * look-up. When the young generation is full, it becomes the old one, and the previous old one is dropped.
 */
export interface BoundedCache<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
  /** Empties the cache; returns how many entries it had. */
  clear(): number
  readonly size: number
}

export function createBoundedCache<T>(max: number): BoundedCache<T> {
  const half = Math.max(1, Math.floor(max / 2))
  let young = new Map<string, T>()
  let old = new Map<string, T>()
  const set = (key: string, value: T): void => {
    if (young.size >= half && !young.has(key)) {
      old = young
      young = new Map()
    }
    old.delete(key)
    young.set(key, value)
  }
  return {
    get(key) {
      const known = young.get(key)
      if (known !== undefined) return known
      const aged = old.get(key)
      if (aged !== undefined) set(key, aged)
      return aged
    },
    set,
    clear() {
      const size = young.size + old.size
      young = new Map()
      old = new Map()
      return size
    },
    get size() {
      return young.size + old.size
    },
  }
}
