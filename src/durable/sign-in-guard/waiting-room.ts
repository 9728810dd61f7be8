import { SECOND } from '../../lib/time.ts'

/** How long an attempt waits for the outcome of those before it. */
const WAIT_MS = SECOND

interface Waiting {
  readonly group: string
  /** False while the answer is still busy. */
  readonly retry: () => boolean
}

const isBusy = (answer: object): boolean => 'isBusy' in answer && answer.isBusy === true

/** A queue of attempts that are refused for now. `key` is the subject that they count against; all of one `group` get the same answer. */
export interface WaitingRoom {
  /** Calls `ask`. While the answer is busy, calls it again at each `wake` of the key, and for the last time after a second. */
  ask<T extends object>(place: { readonly key: string; readonly group: string }, ask: () => T): Promise<T>
  /** The key's count has changed: asks again, in order of arrival. */
  wake(key: string): void
}

/** In memory: when the object stops, the waiting calls fail. */
export function createWaitingRoom(): WaitingRoom {
  const rooms = new Map<string, Set<Waiting>>()

  function leave(key: string, waiting: Waiting): void {
    const room = rooms.get(key)
    room?.delete(waiting)
    if (room?.size === 0) rooms.delete(key)
  }

  function enter<T extends object>({ key, group }: { key: string; group: string }, ask: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      const settle = (isLast: boolean): boolean => {
        try {
          const answer = ask()
          if (isBusy(answer) && !isLast) return false
          resolve(answer)
        } catch (cause) {
          reject(cause)
        }
        clearTimeout(timer)
        leave(key, waiting)
        return true
      }
      const waiting: Waiting = { group, retry: () => settle(false) }
      const timer = setTimeout(() => settle(true), WAIT_MS)
      const room = rooms.get(key) ?? new Set()
      rooms.set(key, room.add(waiting))
    })
  }

  return {
    async ask(place, ask) {
      const answer = ask()
      return isBusy(answer) ? enter(place, ask) : answer
    },
    wake(key) {
      const busy = new Set<string>()
      for (const { group, retry } of [...(rooms.get(key) ?? [])]) if (!busy.has(group) && !retry()) busy.add(group)
    },
  }
}
