import * as z from 'zod'
import type { ActorCtx, Ctx } from '../../../context.ts'
import { DAY } from '../../../lib/time.ts'
import { issueOneTimeToken, linkTo, redemptionOf } from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { FORMER_ADDRESS_MS, findEmailHolder } from '../../users/service/former-addresses.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import { emailTaken, isEmailConfirmed, normalizeEmail } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { type Allowed, changedEmail, insertFormerAddress } from '../store/credentials.ts'
import { requireCurrentCredentials } from './current.ts'
import { notifyFormerAddresses } from './email-revert.ts'
import { mayMailLinkElsewhere, requireMailTransport } from './mailed-links.ts'
import { requireNoSso } from './required-sso.ts'
import { type GivenFactors, requireFreshFactor } from './step-up.ts'

const LINK_LIFETIME_MS = 2 * DAY

/** Any change of credentials since the request voids the link. */
const ChangeRequest = z.object({ oldEmail: z.string(), authVersion: z.int(), sessionId: z.string() })

export interface VerifiedEmail {
  /** `already`: the link was used before, and its address is the verified one. */
  readonly outcome: 'verified' | 'already'
  readonly email: string
  /** Whether somebody has answered for the account (decision 0237). */
  readonly isConfirmed: boolean
  /** Where the person goes from the link's page. */
  readonly redirectUrl: string | null
  /** The query that our pages carry, of a link that was asked for on one. */
  readonly search: string
  /** Every isolate refuses the ended sessions within 5 seconds; true when none ended. */
  readonly propagated: boolean
}

/**
 * Checks that the caller may change to another address, and sends nothing. Needs a fresh factor (`requireFreshFactor`).
 * Throws SSO_REQUIRED, CONFLICT for a taken address; with HIDE_ACCOUNT_EXISTENCE the answer is the same, and no link is sent. Returns the
 * address for `mailEmailChange`, or null when it is the present one.
 */
export async function checkEmailChange(
  ctx: ActorCtx,
  user: User,
  { newEmail: typed, ...given }: GivenFactors & { newEmail: string },
): Promise<string | null> {
  const newEmail = normalizeEmail(typed)
  if (newEmail === user.email) return null
  await requireFreshFactor(ctx, given)
  // The people of such a domain come by their organization's provider: a stranger must not stand at one of its addresses.
  await requireNoSso(ctx, newEmail)
  requireMailTransport(ctx)
  await checkNewEmail(ctx, newEmail)
  return newEmail
}

/** Whether no other account has the address or has it reserved. If one does, throws CONFLICT unless HIDE_ACCOUNT_EXISTENCE. */
export async function checkNewEmail(ctx: ActorCtx, newEmail: string): Promise<boolean> {
  const holder = await findEmailHolder(ctx, newEmail)
  if (holder === undefined || holder === ctx.actor.id) return true
  if (ctx.config.HIDE_ACCOUNT_EXISTENCE) return false
  throw emailTaken()
}

/**
 * Mails the link to the new address (normalized) and a notice to the old one, after `checkEmailChange`. The address changes
 * when the link is used. Throws what `requireCurrentCredentials` throws.
 */
export async function mailEmailChange(ctx: ActorCtx, user: User, newEmail: string): Promise<void> {
  await requireCurrentCredentials(ctx, user)
  const isFree = await checkNewEmail(ctx, newEmail)
  // With HIDE_ACCOUNT_EXISTENCE a taken address must not differ by what happens to older links, by the hour's limit, or by time.
  const sending = isFree ? sendLink(ctx, user, newEmail) : issueLink(ctx, user, newEmail)
  if (ctx.config.HIDE_ACCOUNT_EXISTENCE) ctx.defer(sending)
  else await sending
  notifyOwner(ctx, user, { kind: 'email_change_notice', params: { newEmail } })
}

/** Null when the user or the address is over this hour's limit. */
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
  const params = { link, lifetimeMs: LINK_LIFETIME_MS }
  // To an address that is not proved to be the user's: nothing of the account is in it.
  await queueMail(ctx, { kind: 'email_change', to: newEmail, userId, locale, params })
}

/**
 * Changes the address; every session ends but the one that requested the change. The holder of the previous address, if it
 * was verified, can revert it. `isConfirmedByHolder`: whoever has the new address says that the account is theirs. Throws
 * INVALID_TOKEN, CONFLICT.
 */
export async function confirmEmailChange(
  ctx: Ctx,
  link: OneTimeToken,
  { token, isConfirmedByHolder }: { token: string; isConfirmedByHolder: boolean },
): Promise<VerifiedEmail> {
  const { userId, email: newEmail } = link
  if (userId === null || newEmail === null) throw linkInvalid()
  const { oldEmail, authVersion, sessionId } = ChangeRequest.parse(link.data)
  const { redemption, statement } = await redemptionOf(ctx, 'email_change', token)
  const change = { userId, email: oldEmail, authVersion, newEmail, isConfirmedByHolder, redemption }
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
  ctx.defer(notifyFormerAddresses(ctx, userId))
  const isConfirmed = isEmailConfirmed(changed.user)
  return {
    outcome: 'verified',
    email: newEmail,
    isConfirmed,
    redirectUrl: null,
    search: '',
    propagated: changed.propagated,
  }
}

/** The caller has the link and so the mailbox: to them it is no secret that the address has an account. */
async function refusal(ctx: Ctx, userId: string, newEmail: string) {
  const holder = await findEmailHolder(ctx, newEmail)
  return holder === undefined || holder === userId ? linkInvalid() : emailTaken()
}

/**
 * What `changeUser` takes where the owner of a domain gives an account another address in it, as part of another change: `allowed`
 * has to ask whether that holds. The former address is reserved, as after every change; `notifyFormerAddresses` tells it.
 */
export function ownedEmailParts(
  ctx: Ctx,
  { id: userId, email, authVersion }: User,
  { newEmail, ...by }: { newEmail: string } & Extract<Allowed, { allowed: unknown }>,
) {
  const change = { userId, email, authVersion, newEmail, ...by }
  const former = { ...change, id: ctx.newId(), until: ctx.now() + FORMER_ADDRESS_MS }
  const { when } = changedEmail(ctx, { ...change, isConfirmedByHolder: true })
  return {
    set: { email: newEmail, emailVerifiedAt: ctx.now(), emailUnansweredSince: null },
    when,
    with: [insertFormerAddress(ctx, former)],
    ends: { reason: 'email_changed' } as const,
    events: [{ type: 'user.email_changed', data: { before: { email }, after: { email: newEmail } } }] as const,
  }
}
