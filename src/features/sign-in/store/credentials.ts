import { and, eq, gt, isNotNull, isNull, lte, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { passkeys } from '../../factors/passkeys/tables.ts'
import { backupCodes, totpFactors } from '../../factors/totp/tables.ts'
import { voidPlainReports } from '../../links/service.ts'
import { isRedeemed, oneTimeTokens } from '../../links/tables.ts'
import type { OneTimePurpose, Redemption } from '../../links/types.ts'
import {
  formerAddresses,
  isEmailFree,
  isTarget,
  maySignIn,
  type RowChange,
  type Target,
  users,
} from '../../users/tables.ts'
import type { AddedFactor, User } from '../../users/types.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** The link that a change rests on (`redemptionOf`); its statement stands before the change in the batch. */
export interface Redeemed {
  readonly redemption: Redemption
}

/** Of a deleted account that its user may bring back. */
export const isRestorable = (now: number): SQL | undefined =>
  and(eq(users.status, 'deleted'), eq(users.userRestorable, true), gt(users.eraseAt, now))

/** What an account that its user deleted has when it is back. */
export const RESTORED = { status: 'active', deletedAt: null, eraseAt: null, userRestorable: false } as const

/** `isEmailConfirmed` is false: whoever made the account may not be who has its address. */
const isUnanswered = or(isNull(users.emailVerifiedAt), isNotNull(users.emailUnansweredSince))

/** `removeUnansweredFactors` in the same batch takes them away while nobody has answered for the account. */
const answeredFactors = sql`case when ${isUnanswered} then 0 else ${users.mfaEnabled} end`

/** Who has a link that was mailed to an address reads its mails. */
const provenEmail = (now: number) => ({
  emailVerifiedAt: sql`coalesce(${users.emailVerifiedAt}, ${now})`,
  status: sql`case ${users.status} when 'pending' then 'active' else ${users.status} end`,
})

/** As `provenEmail`, for who says that the account is theirs or takes it over. */
const answeredEmail = (now: number) => ({ ...provenEmail(now), emailUnansweredSince: null })

/** As `provenEmail`, for who says nothing of the account. An answer that was given before stays. */
const unansweredEmail = (now: number) => ({
  ...provenEmail(now),
  emailUnansweredSince: sql`case when ${users.emailVerifiedAt} is null then ${now} else ${users.emailUnansweredSince} end`,
})

/** Holds while the link is good, and the address the user's. */
export const verifiedEmail = (
  { now }: Pick<Store, 'now'>,
  { email, isAnswered, redemption }: Redeemed & Pick<Target, 'email'> & { isAnswered: boolean },
): RowChange => ({
  set: isAnswered ? answeredEmail(now()) : unansweredEmail(now()),
  when: and(eq(users.email, email), ne(users.status, 'deleted'), isRedeemed(redemption)),
})

/**
 * For the batch of `passwordByLink`: what these reports would end has ended. Whoever copied one from a mailbox that is
 * its owner's again must not choose a password with it. A report that takes an added factor away is still of use: a thief
 * who added it may also have changed the password.
 */
export const voidSettledReports = (store: Store, { userId, redemption }: Redeemed & Pick<Target, 'userId'>) =>
  voidPlainReports(store, userId, isRedeemed(redemption))

/** By who has the link. Holds while the link is good, and until the credentials are changed. */
export const passwordByLink = (
  { now }: Pick<Store, 'now'>,
  {
    passwordHash,
    provesAddress,
    redemption,
    ...target
  }: Target & Redeemed & { passwordHash: string; provesAddress: boolean },
): RowChange => ({
  set: { passwordHash, ...(provesAddress && { ...answeredEmail(now()), mfaEnabled: answeredFactors }) },
  when: and(isTarget(target), isRedeemed(redemption)),
})

/**
 * Statements that take from an account for which nobody had answered what its maker may have bound: factors, what was begun,
 * and links that went to another address, which may be the maker's. They stand between the link's statement and the change
 * that proves the address. A verified address of before can still bring the account back: a thief who changes the address does
 * not answer, either, and would end the owner's way back by a reset at the new one.
 */
export function removeUnansweredFactors({ db, now }: Store, target: Target & Redeemed) {
  const { userId, email, redemption } = target
  const isTakenOver = sql`exists (select 1 from ${users} where ${and(
    isTarget(target),
    isUnanswered,
    isRedeemed(redemption),
  )})`
  return [
    db.delete(passkeys).where(and(eq(passkeys.userId, userId), isTakenOver)),
    db.delete(totpFactors).where(and(eq(totpFactors.userId, userId), isTakenOver)),
    db.delete(backupCodes).where(and(eq(backupCodes.userId, userId), isTakenOver)),
    db
      .update(oneTimeTokens)
      .set({ usedAt: now(), redemption: 'void' })
      .where(
        and(
          eq(oneTimeTokens.userId, userId),
          sql`${oneTimeTokens.email} is not ${email}`,
          ne(oneTimeTokens.purpose, 'email_revert' satisfies OneTimePurpose),
          isNull(oneTimeTokens.usedAt),
          isTakenOver,
        ),
      ),
  ] as const
}

/** The address's holder takes an account over for which nobody had answered: its password goes. */
export const takenOver = ({ now }: Pick<Store, 'now'>, target: Target & Redeemed): RowChange => ({
  set: { passwordHash: null, ...answeredEmail(now()), mfaEnabled: false },
  when: and(isTarget(target), isUnanswered, isRedeemed(target.redemption)),
})

/**
 * Statements that take away the factor that a reported mail told of at `toldAt`; one that came later stays. They stand
 * between the link's statement and the change that `reported` states.
 */
export function deleteReportedFactor(
  { db }: Store,
  { userId, redemption }: Redeemed & Pick<Target, 'userId'>,
  { added, toldAt }: { added: AddedFactor; toldAt: number },
) {
  const isReported = isRedeemed(redemption)
  if (added.kind === 'passkey')
    return [db.delete(passkeys).where(and(eq(passkeys.userId, userId), eq(passkeys.id, added.id), isReported))]
  const isTold = and(
    eq(totpFactors.userId, userId),
    isNotNull(totpFactors.confirmedAt),
    lte(totpFactors.confirmedAt, toldAt),
  )
  const hasTold = sql`exists (select 1 from ${totpFactors} where ${isTold})`
  return [
    db.delete(backupCodes).where(and(eq(backupCodes.userId, userId), hasTold, isReported)),
    db.delete(totpFactors).where(and(isTold, isReported)),
  ]
}

/** After what takes factors away in the same batch. */
export const remainingFactors = sql`${users.mfaEnabled} and exists (
  select 1 from ${totpFactors} where ${totpFactors.userId} = ${users.id} and ${totpFactors.confirmedAt} is not null)`

/** True while the account has the state that it was read with, and may be reported. */
export const isReportable = ({ now }: Pick<Store, 'now'>, { id, status }: Pick<User, 'id' | 'status'>): SQL =>
  sql`exists (select 1 from ${users} where ${and(
    eq(users.id, id),
    eq(users.status, status),
    or(maySignIn(id), isRestorable(now())),
  )})`

/**
 * Somebody else may know the password: it goes, until the holder of the link chooses another. Whatever was changed since
 * the account was read: who is in it must not be faster than its owner. `isRestored`: its user, or whoever was in it, had
 * deleted it.
 */
export const reported = ({ redemption, isRestored }: Redeemed & { isRestored: boolean }): RowChange => ({
  set: { passwordHash: null, ...(isRestored && RESTORED), mfaEnabled: remainingFactors },
  when: isRedeemed(redemption),
})

type EmailChange = Target & Redeemed & { newEmail: string }

const isEmailChangeable = (
  { now }: Pick<Store, 'now'>,
  { redemption, newEmail, ...target }: EmailChange,
): SQL | undefined =>
  and(isTarget(target), isRedeemed(redemption), isEmailFree(newEmail, { userId: target.userId, now: now() }))

/** For the batch of `changedEmail`, before it: a verified address stays reserved for the account until then. */
export const insertFormerAddress = (
  store: Store,
  { id, until, ...change }: EmailChange & { id: string; until: number },
) =>
  store.db.insert(formerAddresses).select(
    sql`select ${id}, ${users.id}, ${users.email}, ${change.newEmail}, ${store.now()}, ${until}, ${users.emailUnansweredSince} from ${users}
      where ${and(isEmailChangeable(store, change), isNotNull(users.emailVerifiedAt))}`,
  )

/** Holds while the link is good, until the credentials are changed, and while the address is neither taken nor reserved. */
export const changedEmail = (
  store: Pick<Store, 'now'>,
  { isAnswered, ...change }: EmailChange & { isAnswered: boolean },
): RowChange => ({
  set: {
    email: change.newEmail,
    emailVerifiedAt: store.now(),
    emailUnansweredSince: isAnswered ? null : store.now(),
    status: 'active',
  },
  when: isEmailChangeable(store, change),
})
