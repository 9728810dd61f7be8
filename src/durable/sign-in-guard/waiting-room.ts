import { SECOND } from '../../lib/time.ts'

/** How long an attempt waits for those before it. */
const WAIT_MS = SECOND

interface Waiting {
  readonly lane: string
  /** False while there is still no room. */
  readonly retry: () => boolean
}

const isBusy = (answer: object): boolean => 'isBusy' in answer && answer.isBusy === true

/** Attempts that wait for room. `key` is what they are counted on; those of one `lane` find room or none together. */
export interface WaitingRoom {
  /** Asks; while the answer is busy, again at each `wake` of the key, and for the last time after a second. */
  ask<T extends object>(place: { readonly key: string; readonly lane: string }, ask: () => T): Promise<T>
  /** Something of the key has changed: those who came first ask first. */
  wake(key: string): void
}

/** Kept in memory: callers of an object that is gone have their call fail. */
export function createWaitingRoom(): WaitingRoom {
  const rooms = new Map<string, Set<Waiting>>()

  function leave(key: string, waiting: Waiting): void {
    const room = rooms.get(key)
    room?.delete(waiting)
    if (room?.size === 0) rooms.delete(key)
  }

  function enter<T extends object>({ key, lane }: { key: string; lane: string }, ask: () => T): Promise<T> {
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
      const waiting: Waiting = { lane, retry: () => settle(false) }
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
      const full = new Set<string>()
      for (const { lane, retry } of [...(rooms.get(key) ?? [])]) if (!full.has(lane) && !retry()) full.add(lane)
    },
  }
}
