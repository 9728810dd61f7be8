import { and, eq, gt, isNull, ne, not, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { oneTimeTokens, takesFactorAway } from '../../links/tables.ts'
import type { Transition } from '../rules/transitions.ts'
import { type RowChange, users } from '../tables.ts'
import type { UserStatus } from '../types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** True unless the row is the only admin who can sign in: D1 has one writer, so two demotions never both pass. */
const isNotLastAdmin = (userId: string): SQL => sql`(${users.role} <> 'admin' or exists (
  select 1 from ${users} as other where other.role = 'admin' and other.status in ('active', 'pending') and other.id <> ${userId}))`

/** A change of state, as the row was read. */
export interface ChangeOfState {
  readonly userId: string
  readonly from: UserStatus
  readonly transition: Transition
}

const isChangeable = ({ now }: Pick<Ctx, 'now'>, { userId, from, transition }: ChangeOfState): SQL | undefined =>
  and(
    eq(users.id, userId),
    eq(users.status, from),
    transition.ends === null ? undefined : isNotLastAdmin(userId),
    from === 'deleted' ? or(isNull(users.eraseAt), gt(users.eraseAt, now())) : undefined,
  )

/**
 * For the batch of a `stateChange` that ends sessions: what was mailed to the user or begun by then is void, or
 * it would be good again when the measure is lifted. Also links that were sent to the address before the account existed. `sparesReports`: who
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

/** Holds while the user is in the state `from`, and for what ends sessions while somebody else is an admin. */
export const stateChange = (
  store: Pick<Ctx, 'now'>,
  { eraseAt, userRestorable, ...change }: ChangeOfState & { eraseAt: number | null; userRestorable: boolean },
): RowChange => {
  const { to } = change.transition
  const deletedAt = to === 'deleted' ? store.now() : null
  return { set: { status: to, deletedAt, eraseAt, userRestorable }, when: isChangeable(store, change) }
}

/** Holds while the user is there, has the role `from`, and is not the last admin. */
export const roleChange = ({ userId, from, role }: { userId: string; from: string; role: string }): RowChange => ({
  set: { role },
  when: and(ne(users.status, 'deleted'), eq(users.role, from), role === 'admin' ? undefined : isNotLastAdmin(userId)),
})
