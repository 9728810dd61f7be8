import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { ADMIN } from '../../../lib/roles.ts'
import { MINUTE } from '../../../lib/time.ts'
import { readTypedCode } from '../../../lib/typed-code.ts'
import { linkIdentity } from '../../factors/identities/service.ts'
import type { ProvedIdentity } from '../../factors/identities/types.ts'
import { countTry, findOneTimeToken, issueOneTimeToken, linkTo, redeemOneTimeToken } from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { findMaintenance } from '../../maintenance/service.ts'
import { linkInvalid, signUpsDisabled } from '../../sign-in/errors.ts'
import { maySignUp } from '../../sign-in/service/attempts.ts'
import { mayMailLink, requireMailTransport } from '../../sign-in/service/mailed-links.ts'
import { requireNoSso } from '../../sign-in/service/required-sso.ts'
import { findSignInCode, issueSignInCode } from '../../sign-in/service/sign-in-codes.ts'
import { takeOver } from '../../sign-in/service/takeover.ts'
import { answerAlike } from '../../sign-in/service/timing.ts'
import {
  findUserByEmail,
  isEmailConfirmed,
  isSignInAllowed,
  normalizeEmail,
  recipientOf,
} from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { codeInvalid, emailRequired, linkRequired } from '../errors.ts'
import { isUnchanged } from '../store.ts'
import { isProved } from './codes.ts'
import { createUserWith, requireOpen } from './new-account.ts'
import { StoredIdentity } from './stored-identity.ts'

// Where a provider has proved no address, a mailed link does: whoever opens it sees which identity asks, and gets a code that works
// together with the token of the browser that asked. So a link that a stranger asked for attaches nothing.

const PENDING_LIFETIME_MS = 30 * MINUTE
const LINK_LIFETIME_MS = 15 * MINUTE
/** Addresses that one sign-in may name. */
const ADDRESSES = 5

const PendingData = z.object({ identity: StoredIdentity, codeChallenge: z.string().nullable() })
const ProofData = z.object({ identity: StoredIdentity })
const LinkData = z.object({ identity: StoredIdentity, bindingHash: z.string() })

/** EMAIL_REQUIRED with the token that `mailProof` and `settlePending` take. */
export async function addressRequired(
  ctx: Ctx,
  { proved: identity, codeChallenge }: { proved: ProvedIdentity; codeChallenge: string | null },
): Promise<DomainError> {
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'federated_pending',
    userId: null,
    email: null,
    data: { identity, codeChallenge } satisfies z.input<typeof PendingData>,
    lifetimeMs: PENDING_LIFETIME_MS,
    keepsOlder: true,
  })
  return emailRequired({ pending_token: token, provider: identity.provider })
}

/** The other half of the code: only who has the pending token can try one. */
const bindingOf = (pendingToken: string): string => `${pendingToken}:code`

/**
 * Mails a link to the address that somebody says is theirs. Answer and time are the same for every address. Throws
 * OAUTH_CODE_INVALID for a bad token, also after five addresses; SSO_REQUIRED.
 */
export async function mailProof(ctx: Ctx, input: { pendingToken: string; email: string }): Promise<void> {
  requireMailTransport(ctx)
  await requireNoSso(ctx, input.email)
  const pending = await countTry(ctx, 'federated_pending', input.pendingToken, ADDRESSES)
  if (!pending) throw codeInvalid()
  const { identity } = PendingData.parse(pending.data)
  const bindingHash = await hashSecret(bindingOf(input.pendingToken))
  await answerAlike(
    ctx,
    () => findUserByEmail(ctx, input.email),
    (user) => sendProof(ctx, user, { email: normalizeEmail(input.email), identity, bindingHash }),
  )
}

async function sendProof(
  ctx: Ctx,
  user: User | undefined,
  { email, ...data }: { email: string } & z.input<typeof LinkData>,
): Promise<void> {
  if (user ? !isSignInAllowed(user) : !ctx.config.SIGNUPS_ENABLED || !(await maySignUp(ctx))) return
  const userId = user?.id ?? null
  if (!(await mayMailLink(ctx, 'provider_email', { email, userId }))) return
  const { token } = await issueOneTimeToken(ctx, {
    purpose: 'federated_email',
    userId,
    email,
    data,
    lifetimeMs: LINK_LIFETIME_MS,
    keepsOlder: true,
  })
  const { providerLabel: provider } = data.identity
  const params = { link: linkTo(ctx, '/provider-email', token), lifetimeMs: LINK_LIFETIME_MS, provider }
  const recipient = user ? recipientOf(user) : { to: email, userId, locale: null }
  await queueMail(ctx, { kind: 'provider_email', ...recipient, params })
}

/** What the page of a mailed link says. Throws INVALID_TOKEN. */
export async function getProof(ctx: Ctx, token: string): Promise<{ email: string; identity: ProvedIdentity }> {
  const link = await findOneTimeToken(ctx, 'federated_email', token)
  if (!link?.email) throw linkInvalid()
  return { email: link.email, identity: LinkData.parse(link.data).identity }
}

/** The code for the browser that asked. Uses the link up. Throws INVALID_TOKEN. */
export async function confirmProof(ctx: Ctx, token: string): Promise<{ code: string; lifetimeMs: number }> {
  const link = await redeemOneTimeToken(ctx, 'federated_email', token)
  if (!link) throw linkInvalid()
  const { bindingHash, identity } = LinkData.parse(link.data)
  const { userId, email } = link
  return issueSignInCode(ctx, 'federated_email_code', { bindingHash, userId, email, data: { identity } })
}

/**
 * Whose account the identity signs in to, by the code of the page and the pending token: it makes the account of the address, or
 * links the one that is there. An account that its holder has not confirmed is taken over (decision 0102). Throws
 * OAUTH_CODE_INVALID, also without the verifier of a challenge; ACCOUNT_LINK_REQUIRED for an admin's account and one with another
 * identity of the provider; INVALID_CREDENTIALS, ACCOUNT_LOCKED, SIGNUPS_DISABLED, MAINTENANCE.
 */
export async function settlePending(
  ctx: Ctx,
  input: { code: string; pendingToken: string; verifier: string | null },
): Promise<{ user: User; isNew: boolean; identity: ProvedIdentity }> {
  const pending = await findOneTimeToken(ctx, 'federated_pending', input.pendingToken)
  if (!pending || !(await isProved(PendingData.parse(pending.data), input.verifier))) throw codeInvalid()
  const binding = bindingOf(input.pendingToken)
  const typed = readTypedCode(input.code)
  const proof = typed === null ? undefined : await findSignInCode(ctx, 'federated_email_code', { code: typed, binding })
  if (!proof?.email) throw codeInvalid()
  const { identity } = ProofData.parse(proof.data)
  const user = await findUserByEmail(ctx, proof.email)
  if (proof.userId !== null && proof.userId !== user?.id) throw codeInvalid()
  const settled = user
    ? await linkHolder(ctx, { user, identity, binding })
    : await makeAccount(ctx, proof, identity, binding)
  await redeemOneTimeToken(ctx, 'federated_pending', input.pendingToken)
  return { ...settled, identity }
}

async function makeAccount(ctx: Ctx, { email }: OneTimeToken, identity: ProvedIdentity, binding: string) {
  if (!ctx.config.SIGNUPS_ENABLED) throw signUpsDisabled()
  const closed = await findMaintenance(ctx)
  if (closed) throw closed
  if (!(await redeemOneTimeToken(ctx, 'federated_email_code', binding))) throw codeInvalid()
  const user = await createUserWith(ctx, email ?? '', { proved: identity, isConfirmed: true })
  if (!user) throw codeInvalid()
  return { user, isNew: true }
}

async function linkHolder(
  ctx: Ctx,
  { user: found, identity, binding }: { user: User; identity: ProvedIdentity; binding: string },
) {
  requireOpen(found)
  if (found.role === ADMIN) throw linkRequired()
  const user = await redeemForHolder(ctx, found, binding)
  if (!(await linkIdentity(ctx, { user, proved: identity, when: isUnchanged(user) }))) throw linkRequired()
  return { user, isNew: false }
}

async function redeemForHolder(ctx: Ctx, user: User, token: string): Promise<User> {
  const purpose = 'federated_email_code'
  if (!isEmailConfirmed(user)) return takeOver(ctx, { user, purpose, token, answer: null })
  if (!(await redeemOneTimeToken(ctx, purpose, token))) throw codeInvalid()
  return user
}
