import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { equalSecrets, hashSecret, newSecret } from '../../../lib/crypto.ts'
import { DomainError } from '../../../lib/errors.ts'
import { HOUR, MINUTE } from '../../../lib/time.ts'
import {
  findNewestOneTimeToken,
  findOneTimeToken,
  type IssueInput,
  issueOneTimeToken,
  linkTo,
  redeemOneTimeToken,
} from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { findUserByEmail, isSignInAllowed, normalizeEmail } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { maySignUp } from './attempts.ts'
import { mayMailLink, requireMailTransport } from './mailed-links.ts'
import { redeemForUser } from './proven-mailbox.ts'
import { isAllowedRedirect, requireAllowedRedirect } from './redirects.ts'
import { finishFirstFactor, type SignInResult } from './sign-in.ts'
import { answerAlike } from './timing.ts'
import { mailWayBack } from './way-back.ts'

export const LINK_LIFETIME_MS = 15 * MINUTE
/** Of the code that a confirmed link is exchanged for: an application takes it at once, a person copies it. */
const CODE_LIFETIME_MS = 5 * MINUTE
/** How long an address to return to is remembered for a link that is sent again. */
const REMEMBERED_MS = HOUR
const BINDING_PREFIX = 'pmb_'

const LinkData = z.object({
  redirectUrl: z.string().nullable(),
  bindingHash: z.string().nullable(),
  /** A code: its link was confirmed on our page. */
  isConfirmed: z.boolean(),
})

type LinkData = z.infer<typeof LinkData>

export interface SendInput {
  readonly email: string
  readonly redirectUrl: string | null
  /** Whoever uses the link must present the secret that this call answers. */
  readonly bind: boolean
}

/**
 * Mails a sign-in link, to new addresses too where sign-ups are open, or the way back (`mailWayBack`). Everybody is answered alike, in the same time.
 * Throws REDIRECT_NOT_ALLOWED.
 */
export const sendMagicLink = (ctx: Ctx, input: SendInput): Promise<{ binding: string | null }> =>
  mailLink(ctx, input, async () => null)

/** As `sendMagicLink`; a request that names no address to return to means the one of the link before. */
export const resendMagicLink = (ctx: Ctx, input: SendInput): Promise<{ binding: string | null }> =>
  mailLink(ctx, input, (email) => findLastRedirect(ctx, email))

async function mailLink(
  ctx: Ctx,
  input: SendInput,
  findRedirect: (email: string) => Promise<string | null>,
): Promise<{ binding: string | null }> {
  requireMailTransport(ctx)
  const redirectUrl = input.redirectUrl === null ? null : requireAllowedRedirect(ctx, input.redirectUrl).href
  const binding = input.bind ? newSecret(BINDING_PREFIX) : null
  const bindingHash = binding && (await hashSecret(binding))
  await answerAlike(
    ctx,
    () => findUserByEmail(ctx, input.email),
    async (user) => {
      const isUser = user !== undefined && isSignInAllowed(user)
      if (!isUser && ((await mailWayBack(ctx, input.email, user)) || !ctx.config.SIGNUPS_ENABLED)) return
      // A link to a new address begins a sign-up: else one network has us write to every address that it can think of.
      if (!user && !(await maySignUp(ctx))) return
      const email = user?.email ?? normalizeEmail(input.email)
      const data = { redirectUrl: redirectUrl ?? (await findRedirect(email)), bindingHash, isConfirmed: false }
      await sendLink(ctx, user, email, data)
    },
  )
  return { binding }
}

/** Where the newest link of the last hour led, if it may lead there still. */
async function findLastRedirect(ctx: Ctx, email: string): Promise<string | null> {
  const last = await findNewestOneTimeToken(ctx, 'magic_link', { email, since: ctx.now() - REMEMBERED_MS })
  const redirectUrl = last ? LinkData.parse(last.data).redirectUrl : null
  return redirectUrl !== null && isAllowedRedirect(ctx, redirectUrl) ? redirectUrl : null
}

async function sendLink(ctx: Ctx, user: User | undefined, email: string, data: LinkData): Promise<void> {
  const userId = user?.id ?? null
  if (!(await mayMailLink(ctx, 'magic_link', { email, userId }))) return
  const { token } = await issueLink(ctx, { userId, email, data, lifetimeMs: LINK_LIFETIME_MS })
  const params = { link: linkTo(ctx, '/magic-link', token) }
  await queueMail(ctx, { kind: 'magic_link', to: email, userId, locale: user?.locale ?? null, params })
}

/**
 * A link voids the older ones that anybody may use, so that the last of them is good. It leaves what somebody holds a secret to,
 * and a code that was just shown: who asks for links in another's name takes away neither.
 */
const issueLink = (ctx: Ctx, link: Pick<IssueInput, 'userId' | 'email' | 'lifetimeMs'> & { readonly data: LinkData }) =>
  issueOneTimeToken(ctx, {
    ...link,
    purpose: 'magic_link',
    keepsOlder: link.data.bindingHash !== null,
    voidsOnly: { bindingHash: null, isConfirmed: false },
  })

/** What a link asks, without using it. Throws INVALID_TOKEN. */
export async function getMagicLink(
  ctx: Ctx,
  input: { token: string },
): Promise<{ link: OneTimeToken; email: string; data: LinkData }> {
  const link = await findOneTimeToken(ctx, 'magic_link', input.token)
  if (!link?.email) throw linkInvalid()
  return { link, email: link.email, data: LinkData.parse(link.data) }
}

async function isFromAsker({ bindingHash }: LinkData, binding: string | null): Promise<boolean> {
  if (bindingHash === null) return true
  return binding !== null && equalSecrets(bindingHash, await hashSecret(binding))
}

/**
 * Signs in with a link or its code. A link that is bound and comes without its secret stays good for who has it.
 * Throws INVALID_TOKEN; `mfa_required` when the user has a second factor.
 */
export async function signInWithMagicLink(
  ctx: Ctx,
  input: { token: string; binding: string | null },
): Promise<SignInResult> {
  const { link, data } = await getMagicLink(ctx, input)
  if (!(await isFromAsker(data, input.binding))) throw linkInvalid()
  const user = await redeemForUser(ctx, link, input.token)
  try {
    return await finishFirstFactor(ctx, { user, amr: ['email'], method: 'magic_link' })
  } catch (cause) {
    // The account was changed between link and session: told like every other link that is not good.
    if (cause instanceof DomainError && cause.code === 'INVALID_CREDENTIALS') throw linkInvalid({}, { cause })
    throw cause
  }
}

export type Confirmed =
  | { readonly outcome: 'redirect'; readonly url: string }
  | { readonly outcome: 'code'; readonly code: string }

/**
 * A person confirmed a link on our page: it becomes a code, which the application exchanges. A session's tokens never
 * stand in an address, where histories and logs keep them. Throws INVALID_TOKEN.
 */
export async function confirmMagicLink(ctx: Ctx, input: { token: string }): Promise<Confirmed> {
  const { link, data } = await getMagicLink(ctx, input)
  if (data.isConfirmed || !(await redeemOneTimeToken(ctx, 'magic_link', input.token))) throw linkInvalid()
  const { userId, email } = link
  const confirmed = { ...data, isConfirmed: true }
  const { token: code } = await issueLink(ctx, { userId, email, data: confirmed, lifetimeMs: CODE_LIFETIME_MS })
  if (data.redirectUrl === null) return { outcome: 'code', code }
  // What is allowed may have changed since the link was mailed.
  const url = requireAllowedRedirect(ctx, data.redirectUrl)
  url.searchParams.set('token', code)
  return { outcome: 'redirect', url: url.href }
}
