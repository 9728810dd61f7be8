import { and, eq, gt, isNotNull, isNull, lte, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import type { Statement } from '../../../db/commit.ts'
import { identities } from '../../factors/identities/tables.ts'
import { passkeys } from '../../factors/passkeys/tables.ts'
import { backupCodes, totpFactors } from '../../factors/totp/tables.ts'
import { voidPlainReports } from '../../links/service.ts'
import { isRedeemed, oneTimeTokens } from '../../links/tables.ts'
import type { OneTimePurpose, Redemption } from '../../links/types.ts'
import {
  formerAddresses,
  hasChanged,
  isEmailFree,
  isTarget,
  maySignIn,
  type RowChange,
  type Target,
  users,
} from '../../users/tables.ts'
import type { AddedFactor, User } from '../../users/types.ts'
import { removePlantedData } from './planted-data.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** The redeemed link that allows a change (`redemptionOf`); its statement precedes the change in the batch. */
export interface Redeemed {
  readonly redemption: Redemption
}

/** What allows a change: a redeemed link, or a condition that other statements of the batch have made true. */
export type Allowed = Redeemed | { readonly allowed: SQL }

const isAllowed = (by: Allowed): SQL => ('allowed' in by ? by.allowed : isRedeemed(by.redemption))

/** A deleted account that its user may restore. */
export const isRestorable = (now: number): SQL | undefined =>
  and(eq(users.status, 'deleted'), eq(users.userRestorable, true), gt(users.eraseAt, now), isNull(users.erasingSince))

export const RESTORED = { status: 'active', deletedAt: null, eraseAt: null, userRestorable: false } as const

/** The SQL of `!isEmailConfirmed`: whoever created the account may not have its address. */
const isUnconfirmed = or(isNull(users.emailVerifiedAt), isNotNull(users.emailUnansweredSince))

/** Zero when `removeUnconfirmedFactors` removes the factors in the same batch. */
const confirmedFactors = sql`case when ${isUnconfirmed} then 0 else ${users.mfaEnabled} end`

/** Using a link that was mailed to the address proves it. */
const provenEmail = (now: number) => ({
  emailVerifiedAt: sql`coalesce(${users.emailVerifiedAt}, ${now})`,
  status: sql`case ${users.status} when 'pending' then 'active' else ${users.status} end`,
})

/** As `provenEmail`, by a holder who confirms the account or takes it over. */
const confirmedEmail = (now: number) => ({ ...provenEmail(now), emailUnansweredSince: null })

/** As `provenEmail`, without a confirmation of the account. An earlier confirmation stays. */
const provenUnconfirmedEmail = (now: number) => ({
  ...provenEmail(now),
  emailUnansweredSince: sql`case when ${users.emailVerifiedAt} is null then ${now} else ${users.emailUnansweredSince} end`,
})

/** Confirms an account by what was mailed to its address, if the statement before it in the batch has changed a row. */
export const confirmedByMail = ({ now }: Pick<Store, 'now'>): RowChange => ({
  set: confirmedEmail(now()),
  when: hasChanged,
})

/** Applies while the link is valid and the address is the user's. */
export const verifiedEmail = (
  { now }: Pick<Store, 'now'>,
  { email, isConfirmedByHolder, redemption }: Redeemed & Pick<Target, 'email'> & { isConfirmedByHolder: boolean },
): RowChange => ({
  set: isConfirmedByHolder ? confirmedEmail(now()) : provenUnconfirmedEmail(now()),
  when: and(eq(users.email, email), ne(users.status, 'deleted'), isRedeemed(redemption)),
})

/**
 * For the batch of `passwordByLink`: voids report links whose purpose is fulfilled. A thief may have copied one from the
 * mailbox, and could set a password with it. A report that removes an added factor stays valid: the thief who added the
 * factor may have changed the password too.
 */
export const voidSettledReports = (store: Store, { userId, redemption }: Redeemed & Pick<Target, 'userId'>) =>
  voidPlainReports(store, userId, isRedeemed(redemption))

/** Applies while the link is valid and the credentials are unchanged. */
export const passwordByLink = (
  { now }: Pick<Store, 'now'>,
  {
    passwordHash,
    provesAddress,
    redemption,
    ...target
  }: Target & Redeemed & { passwordHash: string; provesAddress: boolean },
): RowChange => ({
  set: { passwordHash, ...(provesAddress && { ...confirmedEmail(now()), mfaEnabled: confirmedFactors }) },
  when: and(isTarget(target), isRedeemed(redemption)),
})

/** Voids the user's pending links and challenges, but not those that revert a change of address. */
export const voidLinks = ({ db, now }: Store, userId: string, condition: SQL | undefined) =>
  db
    .update(oneTimeTokens)
    .set({ usedAt: now(), redemption: 'void' })
    .where(
      and(
        eq(oneTimeTokens.userId, userId),
        ne(oneTimeTokens.purpose, 'email_revert' satisfies OneTimePurpose),
        isNull(oneTimeTokens.usedAt),
        condition,
      ),
    )

/** A condition of the batch says itself of which account it holds, also of one that may not sign in. */
const isMeant = (target: Target & Allowed): SQL | undefined =>
  'allowed' in target ? eq(users.id, target.userId) : isTarget(target)

const isTakeable = (target: Target & Allowed): SQL | undefined => and(isMeant(target), isUnconfirmed, isAllowed(target))

/**
 * Statements that remove from an unconfirmed account what its creator may have added: factors, pending enrolments, what
 * `removePlantedData` says, and links to other addresses, which may be the creator's. They stand between the link's statement and
 * the change that proves the address. Links that revert a change of address stay valid: otherwise a thief who changed the address could void the owner's
 * by a password reset at the new one.
 */
export function removeUnconfirmedFactors(
  ctx: Store & Pick<Ctx, 'ip' | 'userAgent'>,
  target: Target & Allowed,
): readonly Statement[] {
  const { db } = ctx
  const { userId, email } = target
  const isTakenOver = sql`exists (select 1 from ${users} where ${isTakeable(target)})`
  return [
    db.delete(passkeys).where(and(eq(passkeys.userId, userId), isTakenOver)),
    db.delete(identities).where(and(eq(identities.userId, userId), isTakenOver)),
    db.delete(totpFactors).where(and(eq(totpFactors.userId, userId), isTakenOver)),
    db.delete(backupCodes).where(and(eq(backupCodes.userId, userId), isTakenOver)),
    ...removePlantedData(ctx, userId, isTakenOver),
    voidLinks(ctx, userId, and(sql`${oneTimeTokens.email} is not ${email}`, isTakenOver)),
  ]
}

/** The holder of the address takes over an unconfirmed account. */
export const takenOver = ({ now }: Pick<Store, 'now'>, target: Target & Allowed): RowChange => ({
  set: { passwordHash: null, ...confirmedEmail(now()), mfaEnabled: false },
  when: isTakeable(target),
})

/**
 * Statements that remove the factor of which a mail was sent at `mailedAt`; one that was added later stays. They stand between
 * the link's statement and the change `reported`.
 */
export function deleteReportedFactor(
  { db }: Store,
  { userId, redemption }: Redeemed & Pick<Target, 'userId'>,
  { added, mailedAt }: { added: AddedFactor; mailedAt: number },
) {
  const isReported = isRedeemed(redemption)
  if (added.kind === 'passkey')
    return [db.delete(passkeys).where(and(eq(passkeys.userId, userId), eq(passkeys.id, added.id), isReported))]
  if (added.kind === 'identity')
    return [db.delete(identities).where(and(eq(identities.userId, userId), eq(identities.id, added.id), isReported))]
  const isReportedFactor = and(
    eq(totpFactors.userId, userId),
    isNotNull(totpFactors.confirmedAt),
    lte(totpFactors.confirmedAt, mailedAt),
  )
  const hasReportedFactor = sql`exists (select 1 from ${totpFactors} where ${isReportedFactor})`
  return [
    db.delete(backupCodes).where(and(eq(backupCodes.userId, userId), hasReportedFactor, isReported)),
    db.delete(totpFactors).where(and(isReportedFactor, isReported)),
  ]
}

/** Whether a second factor remains, after the statements that remove factors in the same batch. */
export const remainingFactors = sql`${users.mfaEnabled} and exists (
  select 1 from ${totpFactors} where ${totpFactors.userId} = ${users.id} and ${totpFactors.confirmedAt} is not null)`

/** True while the account has the status that was read, and may be reported. */
export const isReportable = ({ now }: Pick<Store, 'now'>, { id, status }: Pick<User, 'id' | 'status'>): SQL =>
  sql`exists (select 1 from ${users} where ${and(
    eq(users.id, id),
    eq(users.status, status),
    or(maySignIn(id), isRestorable(now())),
  )})`

/**
 * Deletes the password, which somebody else may know. Applies whatever was changed since the account was read: an intruder
 * must not be able to outrun the owner. `isRestored`: the account was deleted, by its user or by the intruder.
 */
export const reported = ({ redemption, isRestored }: Redeemed & { isRestored: boolean }): RowChange => ({
  set: { passwordHash: null, ...(isRestored && RESTORED), mfaEnabled: remainingFactors },
  when: isRedeemed(redemption),
})

type EmailChange = Target & Allowed & { newEmail: string }

const isEmailChangeable = ({ now }: Pick<Store, 'now'>, change: EmailChange): SQL | undefined =>
  and(isMeant(change), isAllowed(change), isEmailFree(change.newEmail, { userId: change.userId, now: now() }))

/** Precedes `changedEmail` in its batch: a verified address stays reserved for the account until `until`. */
export const insertFormerAddress = (store: Store, change: EmailChange & { id: string; until: number }) =>
  store.db.insert(formerAddresses).select(
    sql`select ${change.id}, ${users.id}, ${users.email}, ${change.newEmail}, ${store.now()}, ${change.until}, ${users.emailUnansweredSince} from ${users}
      where ${and(isEmailChangeable(store, change), isNotNull(users.emailVerifiedAt))}`,
  )

/** Applies while the link is valid, the credentials are unchanged, and the address is neither taken nor reserved. */
export const changedEmail = (
  store: Pick<Store, 'now'>,
  { isConfirmedByHolder, ...change }: EmailChange & { isConfirmedByHolder: boolean },
): RowChange => ({
  set: {
    email: change.newEmail,
    emailVerifiedAt: store.now(),
    emailUnansweredSince: isConfirmedByHolder ? null : store.now(),
    status: 'active',
  },
  when: isEmailChangeable(store, change),
})
