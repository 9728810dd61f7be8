import { and, asc, desc, eq, gt, lte } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { prune } from '../../../db/prune.ts'
import { formerAddresses } from '../tables.ts'
import type { FormerAddress } from '../types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

const COLUMNS = {
  id: formerAddresses.id,
  userId: formerAddresses.userId,
  email: formerAddresses.email,
  changedAt: formerAddresses.changedAt,
  until: formerAddresses.until,
  emailUnansweredSince: formerAddresses.emailUnansweredSince,
}

/** In the order of the changes. */
export const selectFormerAddresses = ({ db, now }: Store, userId: string): Promise<FormerAddress[]> =>
  db
    .select(COLUMNS)
    .from(formerAddresses)
    .where(and(eq(formerAddresses.userId, userId), gt(formerAddresses.until, now())))
    .orderBy(asc(formerAddresses.changedAt))

export async function selectFormerAddress(
  { db, now }: Store,
  key: { id: string } | { email: string },
): Promise<FormerAddress | undefined> {
  const isIt = 'id' in key ? eq(formerAddresses.id, key.id) : eq(formerAddresses.email, key.email)
  const [row] = await db
    .select(COLUMNS)
    .from(formerAddresses)
    .where(and(isIt, gt(formerAddresses.until, now())))
    .orderBy(desc(formerAddresses.changedAt))
    .limit(1)
  return row
}

/** Deletes at most `limit` rows whose time is over; returns how many. */
export const deleteFormerAddresses = (store: Store): Promise<void> =>
  prune(store, { table: formerAddresses, key: formerAddresses.id, where: lte(formerAddresses.until, store.now()) })
