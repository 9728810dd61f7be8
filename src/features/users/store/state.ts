import { and, eq, getTableColumns, gt, isNull, ne, not, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { oneTimeTokens, takesFactorAway } from '../../links/tables.ts'
import type { Transition } from '../rules/transitions.ts'
import { users } from '../tables.ts'
import type { UserStatus } from '../types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** True unless the row is the only admin who can sign in: D1 has one writer, so two demotions never both pass. */
const isNotLastAdmin = (userId: string): SQL => sql`(${users.role} <> 'admin' or exists (
  select 1 from ${users} as other where other.role = 'admin' and other.status in ('active', 'pending') and other.id <> ${userId}))`

const raisedClaims = { claimsVersion: sql`${users.claimsVersion} + 1` }

/** A change of state, as the row was read. */
export interface ChangeOfState {
  readonly userId: string
  readonly from: UserStatus
  readonly transition: Transition
}

const isChangeable = ({ now }: Store, { userId, from, transition }: ChangeOfState): SQL | undefined =>
  and(
    eq(users.id, userId),
    eq(users.status, from),
    transition.ends === null ? undefined : isNotLastAdmin(userId),
    from === 'deleted' ? or(isNull(users.eraseAt), gt(users.eraseAt, now())) : undefined,
  )

/**
 * For the batch of an `updateState` that ends sessions, before it: what was mailed to the user or begun by then is void, or
 * it would be good again when the measure is lifted. An address of nobody may have become the user's since. `sparesReports`: who
 * deletes an account may have added a factor before, to keep its owner out of what comes back.
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
        sparesReports ? not(takesFactorAway) : undefined,
        sql`exists (select 1 from ${users} where ${isChangeable(store, change)})`,
      ),
    )
}

/** The statement returns no row when the user is not in the state `from`, or is the last admin. */
export const updateState = (
  store: Store,
  { eraseAt, userRestorable, ...change }: ChangeOfState & { eraseAt: number | null; userRestorable: boolean },
) => {
  const { db, now } = store
  const { transition } = change
  return db
    .update(users)
    .set({
      status: transition.to,
      deletedAt: transition.to === 'deleted' ? now() : null,
      eraseAt,
      userRestorable,
      ...raisedClaims,
      ...(transition.ends === null ? {} : { authVersion: sql`${users.authVersion} + 1`, keptSessionId: null }),
      updatedAt: now(),
    })
    .where(isChangeable(store, change))
    .returning(getTableColumns(users))
}

/** The statement returns no row when the user is gone, has not the role `from`, or is the last admin. */
export const updateRole = (
  { db, now }: Store,
  { userId, from, role }: { userId: string; from: string; role: string },
) =>
  db
    .update(users)
    .set({ role, ...raisedClaims, updatedAt: now() })
    .where(
      and(
        eq(users.id, userId),
        ne(users.status, 'deleted'),
        eq(users.role, from),
        role === 'admin' ? undefined : isNotLastAdmin(userId),
      ),
    )
    .returning(getTableColumns(users))
