import { and, eq, isNull, lt, ne, notInArray, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { signingKeys } from './tables.ts'

export type SigningKeyRow = typeof signingKeys.$inferSelect
type Store = Pick<Ctx, 'db'>

/** The youngest key that a writer knew of; its statements do nothing when there is a younger one by now. */
export interface Expected {
  readonly newest: string | null
  /** Rows that do not count: no known root secret opens them. */
  readonly except: readonly string[]
}

/** The whole ring: a handful of rows. */
export const listSigningKeys = ({ db }: Store): Promise<SigningKeyRow[]> => db.select().from(signingKeys).all()

function newestIs({ db }: Store, { newest, except }: Expected): SQL {
  const youngest = db
    .select({ kid: signingKeys.kid })
    .from(signingKeys)
    .where(and(isNull(signingKeys.revokedAt), except.length > 0 ? notInArray(signingKeys.kid, [...except]) : undefined))
    .orderBy(sql`${signingKeys.signsFrom} desc`, sql`${signingKeys.kid} desc`)
    .limit(1)
  return sql`(${youngest}) is ${newest}`
}

/** Inserts nothing when another isolate was faster. */
export function insertSuccessor(store: Store, row: SigningKeyRow, expected: Expected) {
  const values = sql`select ${row.kid}, ${row.alg}, ${JSON.stringify(row.publicJwk)}, ${row.privateSealed},
    ${row.createdAt}, ${row.signsFrom}, ${row.publishedUntil}, ${row.revokedAt} where ${newestIs(store, expected)}`
  return store.db.insert(signingKeys).select(values).returning({ kid: signingKeys.kid })
}

/** Says of all keys how long they stay published once their successor signs. */
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

/** Replaces exactly the seal that was read. */
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

/** Forgets keys that have not been published since `before`. */
export const deleteRetired = ({ db }: Store, before: number) =>
  db.delete(signingKeys).where(lt(signingKeys.publishedUntil, before))
