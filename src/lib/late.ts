import { serviceUnavailable } from './errors.ts'

/** A module that is loaded at first use. */
export interface Late<T> {
  /** Loads it, or answers what is there. Throws SERVICE_UNAVAILABLE when it cannot be loaded. */
  load(): Promise<T>
  /** Throws before `load` has answered once. */
  get(): T
}

/**
 * Keeps the module, never the promise of it: a promise that another request made may never settle, and after a failure
 * the next caller tries again. Callers who come at once share the runtime's one evaluation.
 */
export function late<T>(load: () => Promise<T>): Late<T> {
  let loaded: T | undefined
  return {
    async load() {
      if (loaded !== undefined) return loaded
      try {
        loaded = await load()
        return loaded
      } catch (cause) {
        throw serviceUnavailable({}, { cause })
      }
    },
    get() {
      if (loaded === undefined) throw new Error('a module is used before it is loaded')
      return loaded
    },
  }
}
