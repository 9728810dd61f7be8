import { and, asc, eq, gt, isNull, lt, lte, or, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { MAX_HASH_MS } from '../../../lib/password-hash/cost.ts'
import { insertedUser } from '../../users/service/users.ts'
import { costlyHashes, type RowChange, users } from '../../users/tables.ts'
import type { User } from '../../users/types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

export interface HashCost {
  readonly userId: string
  /** In ms of CPU. */
  readonly costMs: number
}

export interface CostlyHash extends HashCost {
  readonly passwordHash: string
}

const toList = (costs: readonly HashCost[]): string => JSON.stringify(costs)

/** For the batch that writes the hashes: a row for each that was written. */
export const insertCostlyHashes = ({ db, now }: Store, costs: readonly CostlyHash[]) =>
  db
    .insert(costlyHashes)
    .select(
      sql`select row.value ->> '$.userId', row.value ->> '$.costMs', ${now()} from json_each(${toList(costs)}) as row
        where exists (select 1 from ${users}
          where ${users.id} = row.value ->> '$.userId' and ${users.passwordHash} = row.value ->> '$.passwordHash')`,
    )
    .onConflictDoNothing()

/** The dearest that may be verified, in ms, and whether there are some of which nobody knows what they cost. */
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
 * Writes what was measured, of rows that are still there; those that are not dearer than `ownMs` go. An upsert, for SQLite
 * finds each row by its key then: an update would read the whole list for each.
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

/** Moves the time of the last use. Does nothing for a hash that is not dear. */
export const updateHashUsed = ({ db, now }: Store, userId: string) =>
  db.update(costlyHashes).set({ usedAt: now() }).where(eq(costlyHashes.userId, userId))

/** Users whose dear hash nobody used since `before`, or which is beyond what is verified; longest unused first. */
export async function selectForgottenHashes({ db }: Store, before: number, limit: number): Promise<User[]> {
  const rows = await db
    .select({ user: users })
    .from(costlyHashes)
    .innerJoin(users, eq(users.id, costlyHashes.userId))
    .where(or(lt(costlyHashes.usedAt, before), gt(costlyHashes.costMs, MAX_HASH_MS)))
    .orderBy(asc(costlyHashes.usedAt))
    .limit(limit)
  return rows.flatMap(({ user }) => insertedUser([user]) ?? [])
}

/** Drops the hash. Holds until it is renewed or used. */
export const droppedHash = ({ passwordHash }: User, before: number): RowChange => ({
  set: { passwordHash: null },
  when: and(
    eq(users.passwordHash, passwordHash ?? ''),
    sql`exists (select 1 from ${costlyHashes} where ${costlyHashes.userId} = ${users.id}
      and (${costlyHashes.usedAt} < ${before} or ${costlyHashes.costMs} > ${MAX_HASH_MS}))`,
  ),
})
