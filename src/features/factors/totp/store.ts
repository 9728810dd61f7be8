import { and, asc, eq, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { deletedRows, HIDDEN, shownRows, type UserData } from '../../../db/user-data.ts'
import { type RowChange, users } from '../../users/tables.ts'
import { backupCodes, totpFactors } from './tables.ts'

export const userData: readonly UserData[] = [
  {
    ...deletedRows(totpFactors, { userId: 'id' }),
    ...shownRows(totpFactors, {
      part: 'identities',
      by: { userId: 'id' },
      shows: ['createdAt', 'confirmedAt', 'lastUsedAt'],
      hides: { [HIDDEN.secret]: ['secretSealed'], [HIDDEN.internal]: ['userId', 'lastStep'] },
    }),
  },
  {
    ...deletedRows(backupCodes, { userId: 'id' }),
    ...shownRows(backupCodes, {
      part: 'identities',
      by: { userId: 'id' },
      shows: ['id', 'createdAt', 'usedAt'],
      hides: { [HIDDEN.secret]: ['salt', 'codeHash', 'hint'], [HIDDEN.internal]: ['userId'] },
    }),
  },
]

type Store = Pick<Ctx, 'db' | 'now'>
export type FactorRow = typeof totpFactors.$inferSelect
export type BackupCodeRow = typeof backupCodes.$inferSelect
export type NewBackupCode = Pick<BackupCodeRow, 'id' | 'salt' | 'codeHash' | 'hint'>

export async function selectFactor({ db }: Store, userId: string): Promise<FactorRow | undefined> {
  const [row] = await db.select().from(totpFactors).where(eq(totpFactors.userId, userId)).limit(1)
  return row
}

/** In the order in which they were shown. */
export const selectBackupCodes = ({ db }: Store, userId: string): Promise<BackupCodeRow[]> =>
  db.select().from(backupCodes).where(eq(backupCodes.userId, userId)).orderBy(asc(sql`rowid`))

interface PendingFactor {
  readonly userId: string
  readonly secretSealed: string
}

/** Writes a pending factor. Replaces an older pending one that meets `isReplaceable`, else returns no row. */
const writePending = ({ db, now }: Store, { userId, secretSealed }: PendingFactor, isReplaceable: SQL) =>
  db
    .insert(totpFactors)
    .values({ userId, secretSealed, createdAt: now() })
    .onConflictDoUpdate({
      target: totpFactors.userId,
      set: { secretSealed, createdAt: now(), lastStep: null, lastUsedAt: null },
      setWhere: isReplaceable,
    })
    .returning({ userId: totpFactors.userId })

/** Replaces an older pending factor. Returns no row when the user's factor is confirmed. */
export const upsertPending = (store: Store, factor: PendingFactor) =>
  writePending(store, factor, isNull(totpFactors.confirmedAt))

/** As `upsertPending`, but replaces only a pending factor from before `voidBefore`, or the one sealed as `foreignSeal`. */
export const insertPendingUnlessThere = (
  store: Store,
  { foreignSeal, voidBefore, ...factor }: PendingFactor & { foreignSeal: string | null; voidBefore: number },
) =>
  writePending(
    store,
    factor,
    sql`${totpFactors.confirmedAt} is null
      and (${totpFactors.createdAt} <= ${voidBefore} or ${totpFactors.secretSealed} = ${foreignSeal})`,
  )

/** For later statements of a batch: whether this batch wrote the pending factor. A sealed secret is unique, so finding it proves that. */
export const isPendingWith = (secretSealed: string): SQL =>
  sql`exists (select 1 from ${totpFactors} where ${totpFactors.secretSealed} = ${secretSealed} and ${totpFactors.confirmedAt} is null)`

export const isEnabled = (userId: string): SQL =>
  sql`exists (select 1 from ${users} where ${users.id} = ${userId} and ${users.mfaEnabled} = 1)`

/** Whether the codes may be replaced: those that one with the id `present` is of (null: none), or whichever there are. */
export const mayReplaceCodes = (userId: string, present: string | null | undefined): SQL =>
  present === undefined
    ? isEnabled(userId)
    : sql`${isEnabled(userId)}
        and exists (select 1 from ${backupCodes} where ${backupCodes.userId} = ${userId} and ${backupCodes.id} = ${present})`

export const lacksCodes = (userId: string): SQL =>
  sql`${isEnabled(userId)} and not exists (select 1 from ${backupCodes} where ${backupCodes.userId} = ${userId})`

export const deleteBackupCodes = ({ db }: Store, userId: string, condition: SQL) =>
  db.delete(backupCodes).where(and(eq(backupCodes.userId, userId), condition))

/** Inserts all rows if `condition` is true, else none. */
export function insertBackupCodes(
  { db, now }: Store,
  { userId, rows }: { userId: string; rows: readonly NewBackupCode[] },
  condition: SQL,
) {
  const made = sql`select
    value ->> '$.id', ${userId}, value ->> '$.salt', value ->> '$.codeHash', value ->> '$.hint', ${now()}, null
    from json_each(${JSON.stringify(rows)}) where ${condition}`
  return db.insert(backupCodes).select(made).returning({ id: backupCodes.id })
}

const isUnused = (step: number): SQL | undefined => or(isNull(totpFactors.lastStep), lt(totpFactors.lastStep, step))

/**
 * Confirms a pending factor by its first code, unless the factor was replaced since the code was verified (`secretSealed`) or
 * the user's credentials were changed (`authVersion`).
 */
export const updateConfirmed = (
  { db, now }: Store,
  {
    userId,
    secretSealed,
    step,
    authVersion,
  }: { userId: string; secretSealed: string; step: number; authVersion: number },
) =>
  db
    .update(totpFactors)
    .set({ confirmedAt: now(), lastStep: step, lastUsedAt: now() })
    .where(
      and(
        eq(totpFactors.userId, userId),
        eq(totpFactors.secretSealed, secretSealed),
        isNull(totpFactors.confirmedAt),
        isUnused(step),
        sql`exists (select 1 from ${users} where ${users.id} = ${userId} and ${users.authVersion} = ${authVersion})`,
      ),
    )

/** For the batch of `updateConfirmed`: applies when that statement confirmed the factor. */
export const enabledByStep = (userId: string, step: number): RowChange => ({
  set: { mfaEnabled: true },
  when: and(
    eq(users.mfaEnabled, false),
    sql`exists (select 1 from ${totpFactors} where ${totpFactors.userId} = ${userId}
      and ${totpFactors.confirmedAt} is not null and ${totpFactors.lastStep} = ${step})`,
  ),
})

/** Accepts each code once: returns no row for its step or an earlier one (RFC 6238 5.2). */
export const updateStep = (
  { db, now }: Store,
  { userId, secretSealed, step }: { userId: string; secretSealed: string; step: number },
) =>
  db
    .update(totpFactors)
    .set({ lastStep: step, lastUsedAt: now() })
    .where(
      and(
        eq(totpFactors.userId, userId),
        eq(totpFactors.secretSealed, secretSealed),
        isNotNull(totpFactors.confirmedAt),
        isUnused(step),
      ),
    )
    .returning({ userId: totpFactors.userId })

/** Returns no row when the code was used before. */
export const updateBackupCodeUsed = ({ db, now }: Store, { userId, id }: { userId: string; id: string }) =>
  db
    .update(backupCodes)
    .set({ usedAt: now() })
    .where(and(eq(backupCodes.userId, userId), eq(backupCodes.id, id), isNull(backupCodes.usedAt)))
    .returning({ id: backupCodes.id })

const deleteFactor = ({ db }: Store, userId: string) =>
  db.delete(totpFactors).where(and(eq(totpFactors.userId, userId), isNotNull(totpFactors.confirmedAt)))

/** The change that turns the second factor off, and the statements before it that delete secret and codes. */
export const disabling = (store: Store, userId: string) => ({
  with: [deleteBackupCodes(store, userId, isEnabled(userId)), deleteFactor(store, userId)],
  set: { mfaEnabled: false },
  when: eq(users.mfaEnabled, true),
})

/** Factors that are not sealed under the key with this id, at most `limit`. */
export const selectSealedBefore = ({ db }: Store, keyId: string, limit: number): Promise<FactorRow[]> =>
  db
    .select()
    .from(totpFactors)
    .where(sql`substr(${totpFactors.secretSealed}, 1, ${keyId.length + 1}) <> ${`${keyId}.`}`)
    .limit(limit)

export const updateSeal = ({ db }: Store, { userId, from, to }: { userId: string; from: string; to: string }) =>
  db
    .update(totpFactors)
    .set({ secretSealed: to })
    .where(and(eq(totpFactors.userId, userId), eq(totpFactors.secretSealed, from)))
