import { sql } from 'drizzle-orm'
import { describe, expect, it, vi } from 'vitest'
import { connect } from '../../src/db/client.ts'
import { clients } from '../../src/features/clients/tables.ts'
import { DomainError } from '../../src/lib/errors.ts'
import { env } from '../support/app.ts'

/** A D1 whose statements run `answer`; `bind` and `prepare` work normally. */
function databaseThat(answer: () => Promise<never>): D1Database {
  const statement = { bind: () => statement, run: answer, all: answer, raw: answer }
  const session = { prepare: () => statement, batch: answer }
  return { withSession: () => session } as unknown as D1Database
}

/** The error of the work, without drizzle's wrapper. */
const causeOf = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (thrown: Error) => (thrown instanceof DomainError ? thrown : thrown.cause),
  )

describe('a connection to D1', () => {
  it('answers reads, writes and batches', async () => {
    const db = connect(env.DB)
    expect(await db.all(sql`select 1 as one`)).toEqual([{ one: 1 }])
    const [first] = await db.batch([db.select().from(clients).limit(1), db.run(sql`select 1`)])
    expect(Array.isArray(first)).toBe(true)
  })

  it('throws SERVICE_UNAVAILABLE when D1 fails', async () => {
    const db = connect(databaseThat(() => Promise.reject(new Error('D1_ERROR: Network connection lost.'))))
    expect(await causeOf(db.select().from(clients))).toMatchObject({ code: 'SERVICE_UNAVAILABLE', kind: 'unavailable' })
    expect(await causeOf(db.batch([db.select().from(clients)]))).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  })

  it('throws SERVICE_UNAVAILABLE when D1 does not answer', async () => {
    vi.useFakeTimers()
    try {
      const db = connect(databaseThat(() => new Promise<never>(() => undefined)))
      const answer = causeOf(db.select().from(clients))
      await vi.advanceTimersByTimeAsync(3000)
      expect(await answer).toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
    } finally {
      vi.useRealTimers()
    }
  })

  it('does not treat an error of SQLite as an outage', async () => {
    const db = connect(env.DB)
    expect(await causeOf(db.run(sql`select * from no_such_table`))).not.toMatchObject({ code: 'SERVICE_UNAVAILABLE' })
  })
})
