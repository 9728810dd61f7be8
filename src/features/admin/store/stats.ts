import { eq, gte, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { counts } from '../../../db/tables.ts'
import { ALL_USERS, userCounts, users } from '../../users/tables.ts'

/** Reads of statistics, in one batch: rows by kind of user, named counts, and an index range. Nothing is scanned. */
export async function selectStats(
  { db }: Pick<Ctx, 'db'>,
  { names, since }: { names: readonly string[]; since: number },
) {
  const [kinds, named, [recent]] = await db.batch([
    db
      .select({ status: userCounts.status, mfaEnabled: userCounts.mfaEnabled, count: userCounts.count })
      .from(userCounts)
      .where(eq(userCounts.bucket, ALL_USERS)),
    db
      .select()
      .from(counts)
      .where(inArray(counts.name, [...names])),
    db.select({ count: sql<number>`count(*)` }).from(users).where(gte(users.createdAt, since)),
  ])
  return { kinds, counts: new Map(named.map(({ name, value }) => [name, value])), recent: recent?.count ?? 0 }
}
