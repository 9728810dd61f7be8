import { and, desc, eq, gt, gte, inArray, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { identities } from '../../factors/identities/tables.ts'
import { passkeys } from '../../factors/passkeys/tables.ts'
import { backupCodes, totpFactors } from '../../factors/totp/tables.ts'
import { isRedeemed, oneTimeTokens } from '../../links/tables.ts'
import type { Redemption } from '../../links/types.ts'
import { formerAddresses, isEmailFree, type RowChange, users } from '../../users/tables.ts'
import type { FormerAddress, User } from '../../users/types.ts'
import { isRestorable, RESTORED, remainingFactors, voidLinks } from './credentials.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** A change of address to revert, and the account as it was read. */
export interface Revert {
  readonly former: FormerAddress
  readonly user: Pick<User, 'id' | 'email'>
}

/**
 * True while the change can be reverted: the account still has the address that was read, and got it by its user's own link.
 * Changes by an admin or a directory are not reverted.
 */
export function isRevertible({ db, now }: Store, { former, user }: Revert): SQL {
  const isLive = and(eq(formerAddresses.userId, user.id), gt(formerAddresses.until, now()))
  const lastChange = db
    .select({ replacedBy: formerAddresses.replacedBy })
    .from(formerAddresses)
    .where(isLive)
    .orderBy(desc(formerAddresses.changedAt), desc(sql`rowid`))
    .limit(1)
  return sql`exists (select 1 from ${users} where ${and(
    eq(users.id, user.id),
    eq(users.email, user.email),
    eq(users.email, lastChange),
    sql`exists (select 1 from ${formerAddresses} where ${and(isLive, eq(formerAddresses.id, former.id))})`,
    or(inArray(users.status, ['active', 'pending']), isRestorable(now())),
    isEmailFree(former.email, { userId: user.id, now: now() }),
  )})`
}

/**
 * Statements that remove what was added to the account since the change: factors, pending links and challenges, and the rows
 * of this and later changes of its address. They stand between the link's statement and the change `reverted`. Links that
 * revert an earlier change stay valid; those of the removed changes find no row.
 */
export function deleteAddedSince(store: Store, { userId, changedAt }: FormerAddress, redemption: Redemption) {
  const { db } = store
  const isReverting = isRedeemed(redemption)
  const isLater = and(
    eq(totpFactors.userId, userId),
    or(isNull(totpFactors.confirmedAt), gte(totpFactors.confirmedAt, changedAt)),
  )
  return [
    voidLinks(store, userId, and(gte(oneTimeTokens.createdAt, changedAt), isReverting)),
    db.delete(passkeys).where(and(eq(passkeys.userId, userId), gte(passkeys.createdAt, changedAt), isReverting)),
    db.delete(identities).where(and(eq(identities.userId, userId), gte(identities.createdAt, changedAt), isReverting)),
    db
      .delete(backupCodes)
      .where(
        and(
          eq(backupCodes.userId, userId),
          or(gte(backupCodes.createdAt, changedAt), sql`exists (select 1 from ${totpFactors} where ${isLater})`),
          isReverting,
        ),
      ),
    db.delete(totpFactors).where(and(isLater, isReverting)),
    db
      .delete(formerAddresses)
      .where(and(eq(formerAddresses.userId, userId), gte(formerAddresses.changedAt, changedAt), isReverting)),
  ] as const
}

/** Restores the previous address, and deletes the password: whoever changed the address may have set it. */
export const reverted = (
  { now }: Pick<Store, 'now'>,
  { email, emailUnansweredSince }: FormerAddress,
  redemption: Redemption,
): RowChange => ({
  set: {
    ...RESTORED,
    email,
    emailVerifiedAt: now(),
    emailUnansweredSince,
    passwordHash: null,
    mfaEnabled: remainingFactors,
  },
  when: isRedeemed(redemption),
})

/** Applies to a deleted account that its user may restore, within the grace period. */
export const restored = ({ now }: Pick<Store, 'now'>, redemption: Redemption): RowChange => ({
  set: RESTORED,
  when: and(isRestorable(now()), isRedeemed(redemption)),
})
