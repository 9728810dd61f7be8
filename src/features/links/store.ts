import { and, desc, eq, gt, isNotNull, isNull, lt, not, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import { prune } from '../../db/prune.ts'
import { byAddress, deletedRows, HIDDEN, shownRows, type UserData } from '../../db/user-data.ts'
import { oneTimeTokens, takesFactorAway } from './tables.ts'
import type { OneTimePurpose, Redemption, RequestingSessions, TokenData } from './types.ts'

const toAddress = byAddress(oneTimeTokens.email, oneTimeTokens.userId)

/** By address, too: a link may have been requested before the account existed. */
export const userData: readonly UserData[] = [
  {
    ...deletedRows(oneTimeTokens, { userId: 'id', email: toAddress }),
    ...shownRows(oneTimeTokens, {
      part: 'mails',
      name: 'links',
      by: { userId: 'id', email: toAddress },
      shows: ['purpose', 'email', 'createdAt', 'expiresAt', 'usedAt'],
      hides: { [HIDDEN.secret]: ['tokenHash', 'data'], [HIDDEN.internal]: ['id', 'userId', 'redemption'] },
    }),
  },
]

export type TokenRow = typeof oneTimeTokens.$inferSelect

const isToken = (purpose: OneTimePurpose, tokenHash: string): SQL | undefined =>
  and(eq(oneTimeTokens.purpose, purpose), eq(oneTimeTokens.tokenHash, tokenHash))

const live = (purpose: OneTimePurpose, tokenHash: string, now: number): SQL | undefined =>
  and(isToken(purpose, tokenHash), isNull(oneTimeTokens.usedAt), gt(oneTimeTokens.expiresAt, now))

export const insertToken = ({ db }: Pick<Ctx, 'db'>, row: typeof oneTimeTokens.$inferInsert) =>
  db.insert(oneTimeTokens).values(row)

const hasData = ([name, value]: [string, TokenData[string]]): SQL =>
  sql`${oneTimeTokens.data} -> ${`$.${name}`} = ${JSON.stringify(value)}`

/** Voids the tokens of an owner and purpose that have this data. */
export const voidTokens = (
  { db, now }: Pick<Ctx, 'db' | 'now'>,
  owned: { purpose: OneTimePurpose; userId: string | null; email: string | null; data: TokenData },
) => {
  const { purpose, userId, email, data } = owned
  return db
    .update(oneTimeTokens)
    .set({ usedAt: now(), redemption: 'void' })
    .where(
      and(
        eq(oneTimeTokens.purpose, purpose),
        userId === null ? eq(oneTimeTokens.email, email ?? '') : eq(oneTimeTokens.userId, userId),
        isNull(oneTimeTokens.usedAt),
        ...Object.entries(data).map(hasData),
      ),
    )
}

/** Voids tokens that were requested in one session, or in all but one. */
export async function voidTokensOfSessions(
  { db, now }: Pick<Ctx, 'db' | 'now'>,
  { userId, sessions }: { userId: string; sessions: RequestingSessions },
): Promise<void> {
  const asker = sql`${oneTimeTokens.data} ->> '$.sessionId'`
  const isTheirs =
    'only' in sessions
      ? sql`${asker} in (select value from json_each(${JSON.stringify(sessions.only)}))`
      : sql`${asker} <> ${sessions.except ?? ''}`
  await db
    .update(oneTimeTokens)
    .set({ usedAt: now(), redemption: 'void' })
    .where(and(eq(oneTimeTokens.userId, userId), isNull(oneTimeTokens.usedAt), isTheirs))
}

/** An additional condition for redeeming a token. */
export type Condition = SQL | undefined

/**
 * The database enforces single use: returns no row when the token is used, voided or expired. Returns none when `onlyIf` is
 * false, either; the token then stays valid.
 */
export const updateUsed = (
  { db, now }: Pick<Ctx, 'db' | 'now'>,
  {
    purpose,
    redemption: { id, tokenHash },
    onlyIf,
  }: { purpose: OneTimePurpose; redemption: Redemption; onlyIf: Condition },
) =>
  db
    .update(oneTimeTokens)
    .set({ usedAt: now(), redemption: id })
    .where(and(live(purpose, tokenHash, now()), onlyIf))
    .returning()

const tries = sql`coalesce(${oneTimeTokens.data} ->> '$.tries', 0)`

/** Counts a try in the token's data. No row when the token is not valid, or has had `limit` tries. */
export const updateTries = (
  { db, now }: Pick<Ctx, 'db' | 'now'>,
  { purpose, tokenHash, limit }: { purpose: OneTimePurpose; tokenHash: string; limit: number },
) =>
  db
    .update(oneTimeTokens)
    .set({ data: sql`json_set(${oneTimeTokens.data}, '$.tries', ${tries} + 1)` })
    .where(and(live(purpose, tokenHash, now()), sql`${tries} < ${limit}`))
    .returning()

/** Writes a value into a valid token's data where there is none: the first caller's stays. No row when there is one. */
export const updateData = (
  { db, now }: Pick<Ctx, 'db' | 'now'>,
  { purpose, tokenHash, name, value }: { purpose: OneTimePurpose; tokenHash: string; name: string; value: string },
) =>
  db
    .update(oneTimeTokens)
    .set({ data: sql`json_set(${oneTimeTokens.data}, ${`$.${name}`}, ${value})` })
    .where(and(live(purpose, tokenHash, now()), sql`${oneTimeTokens.data} ->> ${`$.${name}`} is null`))
    .returning()

export const deleteToken = ({ db }: Pick<Ctx, 'db'>, tokenHash: string) =>
  db.delete(oneTimeTokens).where(eq(oneTimeTokens.tokenHash, tokenHash))

async function selectOne({ db }: Pick<Ctx, 'db'>, condition: SQL | undefined): Promise<TokenRow | undefined> {
  const [row] = await db.select().from(oneTimeTokens).where(condition).limit(1)
  return row
}

export const selectLive = (store: Pick<Ctx, 'db' | 'now'>, purpose: OneTimePurpose, tokenHash: string) =>
  selectOne(store, live(purpose, tokenHash, store.now()))

/** A token of any purpose and state. */
export const selectToken = (store: Pick<Ctx, 'db'>, tokenHash: string) =>
  selectOne(store, eq(oneTimeTokens.tokenHash, tokenHash))

/** A used or voided token. */
export const selectSpent = (store: Pick<Ctx, 'db'>, purpose: OneTimePurpose, tokenHash: string) =>
  selectOne(store, and(isToken(purpose, tokenHash), isNotNull(oneTimeTokens.usedAt)))

export async function selectNewest(
  { db }: Pick<Ctx, 'db'>,
  purpose: OneTimePurpose,
  { email, since }: { email: string; since: number },
): Promise<TokenRow | undefined> {
  const [row] = await db
    .select()
    .from(oneTimeTokens)
    .where(and(eq(oneTimeTokens.email, email), eq(oneTimeTokens.purpose, purpose), gt(oneTimeTokens.createdAt, since)))
    .orderBy(desc(oneTimeTokens.createdAt), desc(sql`rowid`))
    .limit(1)
  return row
}

/** Tokens that expired before `before`. */
export const deleteExpired = (store: Pick<Ctx, 'db'>, before: number): Promise<void> =>
  prune(store, {
    table: oneTimeTokens,
    key: oneTimeTokens.id,
    where: lt(oneTimeTokens.expiresAt, before),
    of: { users: [oneTimeTokens.userId], addresses: [oneTimeTokens.email] },
  })

/** Voids report links that were mailed about activity, except those that remove an added factor. */
export const voidPlainReports = ({ db, now }: Pick<Ctx, 'db' | 'now'>, userId: string, condition: SQL) =>
  db
    .update(oneTimeTokens)
    .set({ usedAt: now(), redemption: 'void' })
    .where(
      and(
        eq(oneTimeTokens.userId, userId),
        eq(oneTimeTokens.purpose, 'activity_report' satisfies OneTimePurpose),
        isNull(oneTimeTokens.usedAt),
        not(takesFactorAway),
        condition,
      ),
    )
