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

/** A cache whose values differ in size: together they take `maxBytes` at most, and the least recently used go first. */
export interface SizedCache {
  /** The values of one kind, under keys of their own. All kinds share the bytes. */
  of<T>(kind: string): {
    get(key: string): T | undefined
    /** A value larger than the whole cache is not kept. */
    set(key: string, value: T, bytes: number): void
  }
  readonly bytes: number
}

export function createSizedCache(maxBytes: number): SizedCache {
  // Ordered by use, oldest first.
  const entries = new Map<string, { readonly value: unknown; readonly bytes: number }>()
  let total = 0
  const take = (key: string) => {
    const entry = entries.get(key)
    if (!entry) return undefined
    entries.delete(key)
    total -= entry.bytes
    return entry
  }
  const put = (key: string, entry: { readonly value: unknown; readonly bytes: number }) => {
    entries.set(key, entry)
    total += entry.bytes
  }
  return {
    of: <T>(kind: string) => ({
      get(key) {
        const entry = take(`${kind}:${key}`)
        if (!entry) return undefined
        put(`${kind}:${key}`, entry)
        return entry.value as T
      },
      set(key, value, bytes) {
        take(`${kind}:${key}`)
        if (bytes > maxBytes) return
        put(`${kind}:${key}`, { value, bytes })
        for (const oldest of entries.keys()) {
          if (total <= maxBytes) break
          take(oldest)
        }
      },
    }),
    get bytes() {
      return total
    },
  }
}
