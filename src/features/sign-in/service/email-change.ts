import * as z from 'zod'
import type { ActorCtx, Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { issueOneTimeToken, linkTo, redemptionOf } from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { FORMER_ADDRESS_MS, findEmailHolder } from '../../users/service/former-addresses.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import { emailTaken, normalizeEmail } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { changedEmail, insertFormerAddress } from '../store/credentials.ts'
import { requireCurrentCredentials } from './current.ts'
import { tellFormerAddresses } from './email-revert.ts'
import { mayMailLinkElsewhere, requireMailTransport } from './mailed-links.ts'
import { type GivenFactors, requireFreshFactor } from './step-up.ts'

const LINK_LIFETIME_MS = 2 * DAY

/** What the link remembers of the request: any change of credentials since then voids it. */
const ChangeRequest = z.object({ oldEmail: z.string(), authVersion: z.int(), sessionId: z.string() })

export interface VerifiedEmail {
  /** `already`: the link was used before, and its address is the verified one. */
  readonly outcome: 'verified' | 'already'
  readonly email: string
  /** Whether every isolate refuses within 5 seconds what a change of address ended; true when nothing ended. */
  readonly propagated: boolean
}

/**
 * Whether the caller may ask for another address; nothing is sent. Wants a fresh factor (`requireFreshFactor`). Throws
 * CONFLICT for a taken address, unless HIDE_ACCOUNT_EXISTENCE: then whoever has it gets no link, and the answer is the same.
 * Returns the address for `mailEmailChange`, or null when it is the present one.
 */
export async function checkEmailChange(
  ctx: ActorCtx,
  user: User,
  { newEmail: typed, ...given }: GivenFactors & { newEmail: string },
): Promise<string | null> {
  const newEmail = normalizeEmail(typed)
  if (newEmail === user.email) return null
  await requireFreshFactor(ctx, given)
  requireMailTransport(ctx)
  await checkNewEmail(ctx, newEmail)
  return newEmail
}

/** Whether nobody else has the address, or had it until now. Throws CONFLICT otherwise, unless HIDE_ACCOUNT_EXISTENCE. */
export async function checkNewEmail(ctx: ActorCtx, newEmail: string): Promise<boolean> {
  const holder = await findEmailHolder(ctx, newEmail)
  if (holder === undefined || holder === ctx.actor.id) return true
  if (ctx.config.HIDE_ACCOUNT_EXISTENCE) return false
  throw emailTaken()
}

/**
 * For who has proven to be the user: the link to the new address, in its normal form, and the notice to the old one.
 * Nothing counts until the link is used. Throws what `requireCurrentCredentials` throws.
 */
export async function mailEmailChange(ctx: ActorCtx, user: User, newEmail: string): Promise<void> {
  await requireCurrentCredentials(ctx, user)
  const isFree = await checkNewEmail(ctx, newEmail)
  // Where accounts are not shown to exist, neither what becomes of an older link, nor what is left of the hour, nor the time
  // of the answer must show it either.
  const sending = isFree ? sendLink(ctx, user, newEmail) : issueLink(ctx, user, newEmail)
  if (ctx.config.HIDE_ACCOUNT_EXISTENCE) ctx.defer(sending)
  else await sending
  notifyOwner(ctx, user, { kind: 'email_change_notice', params: { newEmail } })
}

/** Null when the user, or the address, has had its links of this hour. */
async function issueLink(ctx: ActorCtx, user: User, newEmail: string): Promise<string | null> {
  const { id: userId, email: oldEmail, authVersion } = user
  if (!(await mayMailLinkElsewhere(ctx, 'email_change', { userId, email: newEmail }))) return null
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'email_change',
    userId,
    email: newEmail,
    data: { oldEmail, authVersion, sessionId: ctx.actor.sessionId } satisfies z.input<typeof ChangeRequest>,
    lifetimeMs: LINK_LIFETIME_MS,
  })
  return linkTo(ctx, '/verify-email', token)
}

async function sendLink(ctx: ActorCtx, user: User, newEmail: string): Promise<void> {
  const link = await issueLink(ctx, user, newEmail)
  if (link === null) return
  const { id: userId, locale } = user
  await queueMail(ctx, { kind: 'email_change', to: newEmail, userId, locale, params: { link } })
}

/**
 * The new address counts from now on; every session ends but the one that asked. Who had the one before, if it was verified,
 * can take the change back. `isAnswered`: who proved the address says that the account is theirs. Throws INVALID_TOKEN,
 * CONFLICT.
 */
export async function confirmEmailChange(
  ctx: Ctx,
  link: OneTimeToken,
  { token, isAnswered }: { token: string; isAnswered: boolean },
): Promise<VerifiedEmail> {
  const { userId, email: newEmail } = link
  if (userId === null || newEmail === null) throw linkInvalid()
  const { oldEmail, authVersion, sessionId } = ChangeRequest.parse(link.data)
  const { redemption, statement } = await redemptionOf(ctx, 'email_change', token)
  const change = { userId, email: oldEmail, authVersion, newEmail, isAnswered, redemption }
  const former = { ...change, id: ctx.newId(), until: ctx.now() + FORMER_ADDRESS_MS }
  const changed = await changeUser(ctx, {
    userId,
    ...changedEmail(ctx, change),
    actor: { type: 'user', id: userId },
    with: [statement, insertFormerAddress(ctx, former)],
    changesClaims: true,
    ends: { reason: 'email_changed', keeps: sessionId },
    events: [{ type: 'user.email_changed', data: { before: { email: oldEmail }, after: { email: newEmail } } }],
  })
  if (!changed) throw await refusal(ctx, userId, newEmail)
  ctx.defer(tellFormerAddresses(ctx, userId))
  return { outcome: 'verified', email: newEmail, propagated: changed.propagated }
}

/** Who has the link has the mailbox: that the address is somebody's already is no secret to them. */
async function refusal(ctx: Ctx, userId: string, newEmail: string) {
  const holder = await findEmailHolder(ctx, newEmail)
  return holder === undefined || holder === userId ? linkInvalid() : emailTaken()
}
