import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { createEventLog, EVENT_LOG_MIGRATIONS, type EventLog } from '../../src/durable/event-log.ts'
import type { RecordedEvent } from '../../src/lib/event.ts'
import { newUuid } from '../../src/lib/ids.ts'
import { DAY, HOUR } from '../../src/lib/time.ts'
import { env } from '../support/app.ts'

const NOW = Date.UTC(2026, 0, 1)

const event = (fields: Partial<RecordedEvent> = {}): RecordedEvent => ({
  id: newUuid(),
  type: 'user.updated',
  time: NOW,
  subject: 'subject',
  userId: null,
  actor: { type: 'system', id: 'test' },
  sessionId: null,
  organizationId: null,
  data: {},
  ip: null,
  userAgent: null,
  ...fields,
})

/** A new log in an object's real SQLite. */
function withLog<R>(use: (log: EventLog, sql: SqlStorage) => R): Promise<R> {
  return runInDurableObject(env.SIGN_IN_GUARD.getByName(`event-log ${newUuid()}`), (_, state) => {
    for (const step of EVENT_LOG_MIGRATIONS) state.storage.sql.exec(step)
    return use(createEventLog(state.storage.sql), state.storage.sql)
  })
}

const seqs = (events: readonly { seq: number }[]) => events.map(({ seq }) => seq)

describe('the event log', () => {
  it('numbers events from 1 and a repeated id only once', () =>
    withLog((log) => {
      const [a, b, c] = [event(), event(), event()]
      expect(seqs(log.append([a, b], NOW))).toEqual([1, 2])
      expect(log.append([b, c, a, c], NOW)).toEqual([{ seq: 3, event: c }])
      expect(log.head()).toBe(3)
    }))

  it('reads after a seq, oldest first, a page at a time', () =>
    withLog((log) => {
      log.append([event(), event(), event(), event()], NOW)
      expect(log.read(1, 2)).toMatchObject({ events: [{ seq: 2 }, { seq: 3 }], oldest: 1, head: 4 })
      expect(log.read(4, 2)).toEqual({ events: [], oldest: 1, head: 4 })
    }))

  it('has head 0 and oldest 1 before the first event', () =>
    withLog((log) => {
      expect(log.read(0, 10)).toEqual({ events: [], oldest: 1, head: 0 })
      expect(log.prune(NOW)).toBeNull()
    }))

  it('prunes events after 24 hours and keeps counting', () =>
    withLog((log) => {
      log.append([event(), event()], NOW)
      log.append([event()], NOW + HOUR)
      expect(log.prune(NOW + DAY)).toBe(NOW + HOUR + DAY)
      expect(log.read(0, 10)).toMatchObject({ events: [{ seq: 3 }], oldest: 3, head: 3 })
      log.prune(NOW + HOUR + DAY)
      expect(log.read(0, 10)).toEqual({ events: [], oldest: 4, head: 3 })
      expect(seqs(log.append([event()], NOW + 2 * DAY))).toEqual([4])
    }))

  it('does not give a new number to an id whose event was pruned', () =>
    withLog((log) => {
      const late = event()
      log.append([late], NOW)
      expect(log.prune(NOW + 2 * DAY)).toBe(NOW + 7 * DAY)
      expect(log.append([late], NOW + 2 * DAY)).toEqual([])
      expect(log.prune(NOW + 7 * DAY)).toBeNull()
    }))

  it('holds 10,000 events', () =>
    withLog((log) => {
      for (let batch = 0; batch < 11; batch += 1)
        log.append(
          Array.from({ length: 1000 }, () => event()),
          NOW,
        )
      expect(log.read(0, 1)).toMatchObject({ oldest: 1001, head: 11_000 })
    }))
})
