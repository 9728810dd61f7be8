import { and, asc, eq, inArray, isNotNull, isNull, lt, ne, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { ADMIN } from '../../lib/roles.ts'
import { isTarget, type Target, users } from '../users/tables.ts'
import type { User } from '../users/types.ts'
import { openIdMetadata } from './tables.ts'
import type { ProviderMetadata } from './types.ts'

const toTarget = ({ id: userId, email, authVersion }: User): Target => ({ userId, email, authVersion })

/** For later statements of a batch: the user's row is there. */
export const isThere = (userId: string): SQL => sql`exists (select 1 from ${users} where ${users.id} = ${userId})`

/** The account may sign in, and its address and credentials are those that were read. */
export const isUnchanged = (user: User): SQL => sql`exists (select 1 from ${users} where ${isTarget(toTarget(user))})`

/** As `isUnchanged`; its holder has confirmed the address, and it is no admin's. */
export const isTrustedHolder = (user: User): SQL =>
  sql`exists (select 1 from ${users} where ${and(
    isTarget(toTarget(user)),
    isNotNull(users.emailVerifiedAt),
    isNull(users.emailUnansweredSince),
    ne(users.role, ADMIN),
  )})`

type Store = Pick<Ctx, 'db' | 'now'>

export async function selectMetadata({ db }: Pick<Store, 'db'>, issuer: string): Promise<ProviderMetadata | undefined> {
  const row = await db.select().from(openIdMetadata).where(eq(openIdMetadata.issuer, issuer)).get()
  return row?.document
}

/** Of these issuers, those whose metadata was read before `before`. */
export async function selectOutdated(
  { db }: Pick<Store, 'db'>,
  issuers: readonly string[],
  before: number,
): Promise<string[]> {
  if (issuers.length === 0) return []
  const rows = await db
    .select({ issuer: openIdMetadata.issuer })
    .from(openIdMetadata)
    .where(and(inArray(openIdMetadata.issuer, [...issuers]), lt(openIdMetadata.readAt, before)))
    .orderBy(asc(openIdMetadata.readAt))
  return rows.map(({ issuer }) => issuer)
}

export const upsertMetadata = ({ db, now }: Store, document: ProviderMetadata) =>
  db
    .insert(openIdMetadata)
    .values({ issuer: document.issuer, document, readAt: now() })
    .onConflictDoUpdate({
      target: openIdMetadata.issuer,
      set: { document: sql`excluded.document`, readAt: sql`excluded.read_at` },
    })

/** A reading that failed is repeated a day later. */
export const postponeReading = ({ db, now }: Store, issuer: string) =>
  db.update(openIdMetadata).set({ readAt: now() }).where(eq(openIdMetadata.issuer, issuer))
