import { and, desc, eq, isNotNull, lt, notInArray, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { organizations } from '../../memberships/tables.ts'
import { type SamlKeyRow, samlKeys, ssoCertificates } from '../tables.ts'

type Store = Pick<Ctx, 'db'>

/** Our keys, the one that signs last first. */
export const selectSamlKeys = ({ db }: Store): Promise<SamlKeyRow[]> =>
  db.select().from(samlKeys).orderBy(desc(samlKeys.signsFrom), desc(samlKeys.id))

/** The newest key that was read: the statements do nothing when a newer one was inserted meanwhile. */
export interface ExpectedKeys {
  readonly newest: string | null
  /** Rows that no known root secret opens: they are as if they were not there. */
  readonly except: readonly string[]
}

function newestIs({ db }: Store, { newest, except }: ExpectedKeys): SQL {
  const youngest = db
    .select({ id: samlKeys.id })
    .from(samlKeys)
    .where(except.length > 0 ? notInArray(samlKeys.id, [...except]) : undefined)
    .orderBy(desc(samlKeys.signsFrom), desc(samlKeys.id))
    .limit(1)
  return sql`(${youngest}) is ${newest}`
}

/** The key and, before it, until when the earlier ones stay published. The last statement returns no row for one that came second. */
export const insertSamlKey = (store: Store, row: SamlKeyRow, until: number, expected: ExpectedKeys) =>
  [
    store.db
      .update(samlKeys)
      .set({ publishedUntil: until })
      .where(and(sql`${samlKeys.publishedUntil} is null`, newestIs(store, expected))),
    store.db
      .insert(samlKeys)
      .select(
        sql`select ${row.id}, ${row.certificate}, ${row.privateSealed}, ${row.createdAt}, ${row.signsFrom}, ${row.publishedUntil}
          where ${newestIs(store, expected)}`,
      )
      .returning({ id: samlKeys.id }),
  ] as const

export const deleteRetiredSamlKeys = ({ db, now }: Store & Pick<Ctx, 'now'>) =>
  db.delete(samlKeys).where(and(isNotNull(samlKeys.publishedUntil), lt(samlKeys.publishedUntil, now())))

/** Does nothing when the sealed key has changed since it was read. */
export const updateSamlSeal = ({ db }: Store, { id, from, to }: { id: string; from: string; to: string }) =>
  db
    .update(samlKeys)
    .set({ privateSealed: to })
    .where(and(eq(samlKeys.id, id), eq(samlKeys.privateSealed, from)))

export const selectCertificates = ({ db }: Store, connectionId: string) =>
  db.select().from(ssoCertificates).where(eq(ssoCertificates.connectionId, connectionId))

/** Whether an organization is there. */
export const hasOrganization = async ({ db }: Store, id: string): Promise<boolean> =>
  (await db
    .select({ id: organizations.id })
    .from(organizations)
    .where(and(eq(organizations.id, id), sql`${organizations.deletedAt} is null`))
    .get()) !== undefined

/** The statement returns no row when another run has warned of it. */
export const updateWarned = (
  { db }: Store,
  {
    connectionId,
    fingerprint,
    days,
    before,
  }: { connectionId: string; fingerprint: string; days: number; before: number | null },
) =>
  db
    .update(ssoCertificates)
    .set({ warnedDays: days })
    .where(
      and(
        eq(ssoCertificates.connectionId, connectionId),
        eq(ssoCertificates.fingerprint, fingerprint),
        sql`${ssoCertificates.warnedDays} is ${before}`,
      ),
    )
    .returning({ fingerprint: ssoCertificates.fingerprint })
