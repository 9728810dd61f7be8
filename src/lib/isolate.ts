/**
 * State that lives as long as one isolate: caches, the revocation view, rate counters.
 * It belongs to the context instead of to modules, so that a test can have two isolates in one process.
 */
export class Isolate {
  readonly #slots = new Map<symbol, unknown>()
  #startedAt: number | null = null

  /** When the isolate got its first request: `now` of the first call. */
  startedAt(now: number): number {
    this.#startedAt ??= now
    return this.#startedAt
  }

  slot<T>(key: symbol, create: () => T): T {
    if (!this.#slots.has(key)) this.#slots.set(key, create())
    return this.#slots.get(key) as T
  }
}

/** Declares a piece of isolate state and returns its accessor. */
export function isolateSlot<T>(name: string, create: () => T): (ctx: { isolate: Isolate }) => T {
  const key = Symbol(name)
  return (ctx) => ctx.isolate.slot(key, create)
}
