import { and, eq, isNull, lt, ne, notInArray, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { type SigningKeyRow, signingKeys } from '../tables.ts'

type Store = Pick<Ctx, 'db'>

/** The newest key that the writer has read: the statements do nothing when a newer one was inserted meanwhile. */
export interface Expected {
  readonly newest: string | null
  /** Kids of rows to ignore, because no known root secret can unseal them. */
  readonly except: readonly string[]
}

function newestIs({ db }: Store, { newest, except }: Expected): SQL {
  const youngest = db
    .select({ kid: signingKeys.kid })
    .from(signingKeys)
    .where(and(isNull(signingKeys.revokedAt), except.length > 0 ? notInArray(signingKeys.kid, [...except]) : undefined))
    .orderBy(sql`${signingKeys.signsFrom} desc`, sql`${signingKeys.kid} desc`)
    .limit(1)
  return sql`(${youngest}) is ${newest}`
}

/** Inserts nothing when another isolate has inserted a successor. */
export function insertSuccessor(store: Store, row: SigningKeyRow, expected: Expected) {
  const values = sql`select ${row.kid}, ${row.alg}, ${JSON.stringify(row.publicJwk)}, ${row.privateSealed},
    ${row.createdAt}, ${row.signsFrom}, ${row.publishedUntil}, ${row.revokedAt} where ${newestIs(store, expected)}`
  return store.db.insert(signingKeys).select(values).returning({ kid: signingKeys.kid })
}

/** Sets until when the earlier keys stay published. */
export function updateRetirement(store: Store, publishedUntil: number, expected: Expected) {
  return store.db
    .update(signingKeys)
    .set({ publishedUntil })
    .where(and(isNull(signingKeys.publishedUntil), newestIs(store, expected)))
}

export function updateRevoked({ db }: Store, kid: string, now: number) {
  return db
    .update(signingKeys)
    .set({ revokedAt: now, publishedUntil: now })
    .where(and(eq(signingKeys.kid, kid), isNull(signingKeys.revokedAt)))
    .returning({ kid: signingKeys.kid })
}

/** Does nothing when the sealed key has changed since it was read. */
export function updateSeal({ db }: Store, kid: string, seals: { before: string; after: string }) {
  return db
    .update(signingKeys)
    .set({ privateSealed: seals.after })
    .where(
      and(
        eq(signingKeys.kid, kid),
        eq(signingKeys.privateSealed, seals.before),
        ne(signingKeys.privateSealed, seals.after),
      ),
    )
}

/** Deletes keys that have not been published since `before`. */
export const deleteRetired = ({ db }: Store, before: number) =>
  db.delete(signingKeys).where(lt(signingKeys.publishedUntil, before))
