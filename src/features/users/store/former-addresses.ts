import { and, asc, desc, eq, gt, lte } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { prune } from '../../../db/prune.ts'
import { formerAddresses } from '../tables.ts'
import type { FormerAddress } from '../types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** In the order of the changes. */
export const selectFormerAddresses = ({ db, now }: Store, userId: string): Promise<FormerAddress[]> =>
  db
    .select()
    .from(formerAddresses)
    .where(and(eq(formerAddresses.userId, userId), gt(formerAddresses.until, now())))
    .orderBy(asc(formerAddresses.changedAt))

export async function selectFormerAddress(
  { db, now }: Store,
  key: { id: string } | { email: string },
): Promise<FormerAddress | undefined> {
  const isMatch = 'id' in key ? eq(formerAddresses.id, key.id) : eq(formerAddresses.email, key.email)
  const [row] = await db
    .select()
    .from(formerAddresses)
    .where(and(isMatch, gt(formerAddresses.until, now())))
    .orderBy(desc(formerAddresses.changedAt))
    .limit(1)
  return row
}

/** Deletes a limited number of rows whose reservation has ended. */
export const deleteFormerAddresses = (store: Store): Promise<void> =>
  prune(store, {
    table: formerAddresses,
    key: formerAddresses.id,
    where: lte(formerAddresses.until, store.now()),
    of: { users: [formerAddresses.userId] },
  })
