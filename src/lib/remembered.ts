/**
 * A bounded memory of what was used last, in two generations: a hit in the young one moves nothing, so it costs one look-up.
 * What was not asked for while half a memory of others came is forgotten.
 */
export interface Remembered<T> {
  get(key: string): T | undefined
  set(key: string, value: T): void
  /** Forgets everything; returns how much that was. */
  clear(): number
  readonly size: number
}

export function createRemembered<T>(max: number): Remembered<T> {
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
