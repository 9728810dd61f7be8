import { and, eq, getTableColumns, gt, isNull, ne, not, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import type { Statement } from '../../../db/commit.ts'
import { oneTimeTokens, takesFactorAway } from '../../links/tables.ts'
import type { OneTimePurpose } from '../../links/types.ts'
import type { Transition } from '../rules.ts'
import { type RowChange, users } from '../tables.ts'
import type { Profile, UserStatus } from '../types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** The versions that a change increments. Only `changeUser` sets them, because each has consequences. */
interface VersionIncrements {
  readonly claims: boolean
  /** Null for a change that ends no sessions. */
  readonly auth: { readonly keptSessionId: string | null; readonly isOfFactor: boolean } | null
}

const nextAuthVersion = sql`${users.authVersion} + 1`

const nextVersions = ({ claims, auth }: VersionIncrements) => ({
  ...(claims && { claimsVersion: sql`${users.claimsVersion} + 1` }),
  ...(auth && { authVersion: nextAuthVersion, keptSessionId: auth.keptSessionId }),
  ...(auth?.isOfFactor && { factorVersion: nextAuthVersion }),
})

/** The statement returns no row when the user does not exist or the condition does not hold. */
export const updateUser = (
  { db, now }: Store,
  { userId, set, when, increments }: RowChange & { userId: string; increments: VersionIncrements },
) =>
  db
    .update(users)
    .set({ ...set, ...nextVersions(increments), updatedAt: now() })
    .where(and(eq(users.id, userId), when))
    .returning(getTableColumns(users))

/** The claims version, for statements of the batch that follow the change. */
export const claimsVersionOf = (userId: string): SQL =>
  sql`(select ${users.claimsVersion} from ${users} where ${users.id} = ${userId})`

/** Raises the claims version of many users, in the batch of what changes their claims. Their events carry it. */
export const raiseClaims = ({ db, now }: Store, isAffected: SQL) =>
  db
    .update(users)
    .set({ claimsVersion: sql`${users.claimsVersion} + 1`, updatedAt: now() })
    .where(isAffected)

type ProfileRow = Partial<Profile> & { readonly usernameKey?: string | null; readonly phoneVerified?: false }

const isFree = (usernameKey: string, userId: string): SQL =>
  sql`not exists (select 1 from ${users} as other where other.username_key = ${usernameKey} and other.id <> ${userId})`

const isAsRead = (before: Partial<Profile>): SQL[] =>
  Object.entries(before).map(([name, value]) => {
    const column = users[name as keyof Profile]
    return sql`${column} is ${sql.param(value, column)}`
  })

/** Applies while the user is not deleted, each field is as in `before`, and no other user has the username. */
export const profileChange = (userId: string, before: Partial<Profile>, row: ProfileRow): RowChange => ({
  set: row,
  when: and(
    ne(users.status, 'deleted'),
    ...isAsRead(before),
    row.usernameKey ? isFree(row.usernameKey, userId) : undefined,
  ),
})

/** Holds unless the user is the only admin who can sign in. D1 has one writer, so two concurrent demotions cannot both pass. */
const isNotLastAdmin = (userId: string): SQL => sql`(${users.role} <> 'admin' or exists (
  select 1 from ${users} as other where other.role = 'admin' and other.status in ('active', 'pending') and other.id <> ${userId}))`

/** A transition, and the status that the row was read with. */
export interface ChangeOfState {
  readonly userId: string
  readonly from: UserStatus
  readonly transition: Transition
  /** A further condition. */
  readonly when?: SQL | undefined
}

const isChangeable = ({ now }: Pick<Ctx, 'now'>, { userId, from, transition, when }: ChangeOfState): SQL | undefined =>
  and(
    when,
    eq(users.id, userId),
    eq(users.status, from),
    transition.ends === null ? undefined : isNotLastAdmin(userId),
    from === 'deleted'
      ? and(isNull(users.erasingSince), or(isNull(users.eraseAt), gt(users.eraseAt, now())))
      : undefined,
  )

/**
 * For the batch of a `stateChange` that ends sessions: voids the user's mailed links and challenges, which would otherwise
 * work again once the measure is lifted, and links that were sent to the address before the account existed. Links that revert a
 * change of address stay: they are the owner's only way back, and refused while the account is closed. `sparesReports` keeps
 * the links that remove an added factor: whoever deletes an account may have added one before, to use it after a restore.
 */
export const voidLinks = (store: Store, change: ChangeOfState, { sparesReports }: { sparesReports: boolean }) => {
  const address = sql`(select ${users.email} from ${users} where ${users.id} = ${change.userId})`
  return store.db
    .update(oneTimeTokens)
    .set({ usedAt: store.now(), redemption: 'void' })
    .where(
      and(
        or(
          eq(oneTimeTokens.userId, change.userId),
          and(isNull(oneTimeTokens.userId), eq(oneTimeTokens.email, address)),
        ),
        isNull(oneTimeTokens.usedAt),
        ne(oneTimeTokens.purpose, 'email_revert' satisfies OneTimePurpose),
        sparesReports ? not(takesFactorAway) : undefined,
        sql`exists (select 1 from ${users} where ${isChangeable(store, change)})`,
      ),
    )
}

/** Applies while the user has the status `from` and, if the change ends sessions, is not the last admin. */
export const stateChange = (
  store: Pick<Ctx, 'now'>,
  { eraseAt, userRestorable, ...change }: ChangeOfState & { eraseAt: number | null; userRestorable: boolean },
): RowChange => {
  const { to } = change.transition
  const deletedAt = to === 'deleted' ? store.now() : null
  return { set: { status: to, deletedAt, eraseAt, userRestorable }, when: isChangeable(store, change) }
}

/** Statements of later features for the batch of a change. They change nothing unless the condition holds. */
export type Along = (when: SQL) => readonly Statement[]

/** Whether a change applies, for statements on other tables that precede it. */
export const appliesTo = (userId: string, { when }: RowChange): SQL =>
  sql`exists (select 1 from ${users} where ${and(eq(users.id, userId), when)})`

/** Applies while the user is not deleted, has the role `from`, and is not the last admin. */
export const roleChange = ({ userId, from, role }: { userId: string; from: string; role: string }): RowChange => ({
  set: { role },
  when: and(ne(users.status, 'deleted'), eq(users.role, from), role === 'admin' ? undefined : isNotLastAdmin(userId)),
})
