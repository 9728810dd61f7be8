import type { Ctx } from '../../../context.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { ADMIN } from '../../../lib/roles.ts'
import { findIdentityWithUser, linkIdentity, recordIdentityUse } from '../../factors/identities/service.ts'
import type { ProvedIdentity } from '../../factors/identities/types.ts'
import { findMaintenance } from '../../maintenance/service.ts'
import { signUpsDisabled } from '../../sign-in/errors.ts'
import { countSignUp } from '../../sign-in/service/attempts.ts'
import { canMail } from '../../sign-in/service/mailed-links.ts'
import { requireNoSso } from '../../sign-in/service/required-sso.ts'
import { sendVerification } from '../../sign-in/service/verification.ts'
import { findEmailHolder } from '../../users/service/former-addresses.ts'
import { findUserByEmail, isEmailConfirmed } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { linkRequired } from '../errors.ts'
import { isTrustedHolder } from '../store.ts'
import { createUserWith, requireOpen } from './new-account.ts'
import { addressRequired } from './pending-email.ts'

export interface Settled {
  /** The row as it was read. */
  readonly user: User
  readonly isNew: boolean
}

/** What a sign-in has proved, and whose it is: of a challenge, whoever has the verifier. */
export interface Arrival {
  readonly proved: ProvedIdentity
  readonly codeChallenge: string | null
}

/**
 * Whose account an identity signs in to: the one that it is linked to, else the one that its address decides (the table in
 * docs/social.md). Throws INVALID_CREDENTIALS for an account that may not sign in, ACCOUNT_LOCKED, EMAIL_REQUIRED,
 * ACCOUNT_LINK_REQUIRED, SSO_REQUIRED, SIGNUPS_DISABLED, MAINTENANCE, RATE_LIMIT_EXCEEDED.
 */
export async function settleIdentity(ctx: Ctx, arrival: Arrival): Promise<Settled> {
  const { proved } = arrival
  const known = await findKnown(ctx, proved)
  if (known) return known
  const { email, isEmailVerified } = proved
  if (email === null || !isEmailVerified) throw await addressRequired(ctx, arrival)
  await requireNoSso(ctx, email)
  const holder = await findUserByEmail(ctx, email)
  return holder ? joinHolder(ctx, holder, arrival) : makeAccount(ctx, email, arrival)
}

async function findKnown(ctx: Ctx, proved: ProvedIdentity): Promise<Settled | null> {
  const found = await findIdentityWithUser(ctx, proved)
  if (!found) return null
  const { identity, user } = found
  requireOpen(user)
  ctx.defer(recordIdentityUse(ctx, identity, proved))
  return { user, isNew: false }
}

/**
 * Links the account that has the address, where the provider speaks for that address today and the account's holder has
 * confirmed it; never an admin's. Whoever once verified an address may have lost it since.
 */
async function joinHolder(ctx: Ctx, holder: User, arrival: Arrival): Promise<Settled> {
  const { proved } = arrival
  const isTrusted = proved.speaksForEmail && isEmailConfirmed(holder) && holder.role !== ADMIN
  if (!isTrusted) throw await otherProofRequired(ctx, arrival)
  requireOpen(holder)
  if (await linkIdentity(ctx, { user: holder, proved, when: isTrustedHolder(holder) }))
    return { user: holder, isNew: false }
  // Lost to a racing sign-in of the same person, or the account has another identity of this provider.
  const known = await findKnown(ctx, proved)
  if (known) return known
  throw await otherProofRequired(ctx, arrival)
}

/** Where answers must not reveal who has an account, a mailed proof of the address stands in for the refusal. */
const otherProofRequired = async (ctx: Ctx, arrival: Arrival): Promise<DomainError> =>
  ctx.config.HIDE_ACCOUNT_EXISTENCE ? addressRequired(ctx, arrival) : linkRequired()

/** Counts as a sign-up, and is one: closed where they are. */
async function makeAccount(ctx: Ctx, email: string, arrival: Arrival): Promise<Settled> {
  const { proved } = arrival
  if (!ctx.config.SIGNUPS_ENABLED)
    throw ctx.config.HIDE_ACCOUNT_EXISTENCE ? await addressRequired(ctx, arrival) : signUpsDisabled()
  const closed = await findMaintenance(ctx)
  if (closed) throw closed
  if (await findEmailHolder(ctx, email)) throw await otherProofRequired(ctx, arrival)
  await countSignUp(ctx)
  const user = await createUserWith(ctx, email, { proved, isConfirmed: proved.speaksForEmail })
  if (user) {
    if (!proved.speaksForEmail && canMail(ctx)) ctx.defer(sendVerification(ctx, user))
    return { user, isNew: true }
  }
  // Lost to a racing sign-in of the same person, or to a sign-up with the address.
  const known = await findKnown(ctx, proved)
  if (known) return known
  throw await otherProofRequired(ctx, arrival)
}
