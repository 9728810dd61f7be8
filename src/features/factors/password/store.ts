import { and, asc, eq, gt, isNull, lt, lte, or, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { MAX_HASH_MS } from '../../../lib/password-hash/cost.ts'
import { insertedUser } from '../../users/service/users.ts'
import { costlyHashes, type RowChange, users } from '../../users/tables.ts'
import type { User } from '../../users/types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

export interface HashCost {
  readonly userId: string
  /** Of verifying the hash, in ms of CPU. */
  readonly costMs: number
}

export interface CostlyHash extends HashCost {
  readonly passwordHash: string
}

const toList = (costs: readonly HashCost[]): string => JSON.stringify(costs)

/** For the batch that writes the hashes: inserts a row for each hash that was written. */
export const insertCostlyHashes = ({ db, now }: Store, costs: readonly CostlyHash[]) =>
  db
    .insert(costlyHashes)
    .select(
      sql`select row.value ->> '$.userId', row.value ->> '$.costMs', ${now()} from json_each(${toList(costs)}) as row
        where exists (select 1 from ${users}
          where ${users.id} = row.value ->> '$.userId' and ${users.passwordHash} = row.value ->> '$.passwordHash')`,
    )
    .onConflictDoNothing()

/** The highest cost of a hash that may be verified, in ms, and whether some hashes are not measured yet. */
export async function selectCostliest({ db }: Store): Promise<{ costMs: number; isUnmeasured: boolean }> {
  const [row] = await db.all<{ cost_ms: number | null; unmeasured: number }>(sql`select
    (select max(${costlyHashes.costMs}) from ${costlyHashes} where ${costlyHashes.costMs} <= ${MAX_HASH_MS}) as cost_ms,
    exists (select 1 from ${costlyHashes} where ${costlyHashes.costMs} is null) as unmeasured`)
  return { costMs: row?.cost_ms ?? 0, isUnmeasured: row?.unmeasured === 1 }
}

export const selectUnmeasured = ({ db }: Store, limit: number) =>
  db
    .select({ userId: users.id, passwordHash: users.passwordHash })
    .from(costlyHashes)
    .innerJoin(users, eq(users.id, costlyHashes.userId))
    .where(isNull(costlyHashes.costMs))
    .limit(limit)

/**
 * Writes measured costs to the rows that still exist, and deletes rows that cost no more than `ownMs`. It is an upsert, by
 * which SQLite finds each row by its key; an update would read the whole list for each row.
 */
export async function updateCosts({ db, now }: Store, costs: readonly HashCost[], ownMs: number): Promise<void> {
  const list = toList(costs)
  const measured = sql`select row.value ->> '$.userId', row.value ->> '$.costMs', ${now()} from json_each(${list}) as row
    where exists (select 1 from ${costlyHashes} as known where known.user_id = row.value ->> '$.userId')`
  const isListed = sql`${costlyHashes.userId} in (select row.value ->> '$.userId' from json_each(${list}) as row)`
  await db.batch([
    db
      .insert(costlyHashes)
      .select(measured)
      .onConflictDoUpdate({ target: costlyHashes.userId, set: { costMs: sql`excluded.cost_ms` } }),
    db.delete(costlyHashes).where(and(isListed, lte(costlyHashes.costMs, ownMs))),
  ])
}

/** Records the time of a use. Does nothing for a hash that is not costly. */
export const updateHashUsed = ({ db, now }: Store, userId: string) =>
  db.update(costlyHashes).set({ usedAt: now() }).where(eq(costlyHashes.userId, userId))

/** Users whose costly hash was not used since `before`, or costs too much to be verified; longest unused first. */
export async function selectUnusedHashes({ db }: Store, before: number, limit: number): Promise<User[]> {
  const rows = await db
    .select({ user: users })
    .from(costlyHashes)
    .innerJoin(users, eq(users.id, costlyHashes.userId))
    .where(or(lt(costlyHashes.usedAt, before), gt(costlyHashes.costMs, MAX_HASH_MS)))
    .orderBy(asc(costlyHashes.usedAt))
    .limit(limit)
  return rows.flatMap(({ user }) => insertedUser([user]) ?? [])
}

/** Deletes the hash, unless it was renewed or used since. */
export const droppedHash = ({ passwordHash }: User, before: number): RowChange => ({
  set: { passwordHash: null },
  when: and(
    eq(users.passwordHash, passwordHash ?? ''),
    sql`exists (select 1 from ${costlyHashes} where ${costlyHashes.userId} = ${users.id}
      and (${costlyHashes.usedAt} < ${before} or ${costlyHashes.costMs} > ${MAX_HASH_MS}))`,
  ),
})
