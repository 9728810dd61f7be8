import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { equalSecrets, hashSecret, newSecret } from '../../../lib/crypto.ts'
import { DomainError } from '../../../lib/errors.ts'
import { ADMIN } from '../../../lib/roles.ts'
import { HOUR, MINUTE } from '../../../lib/time.ts'
import { readTypedCode } from '../../../lib/typed-code.ts'
import {
  findOneTimeToken,
  type IssueInput,
  issueOneTimeToken,
  linkTo,
  redeemOneTimeToken,
} from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { findMaintenance } from '../../maintenance/service.ts'
import {
  createUser,
  findUserByEmail,
  isEmailConfirmed,
  isSignInAllowed,
  normalizeEmail,
  recipientOf,
} from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { linkInvalid } from '../errors.ts'
import { mailRecoveryLink } from './account-restore.ts'
import { maySignUp } from './attempts.ts'
import { mayMailLink, requireMailTransport } from './mailed-links.ts'
import { allowedRedirectOf, findLastRedirect, requireAllowedRedirect } from './redirects.ts'
import { findRequiredSso } from './required-sso.ts'
import { finishFirstFactor, type SignInResult } from './sign-in.ts'
import { findSignInCode, issueSignInCode } from './sign-in-codes.ts'
import { takeOver } from './takeover.ts'
import { answerAlike } from './timing.ts'

export const LINK_LIFETIME_MS = 15 * MINUTE
/** Of the token that replaces a confirmed link: an application redeems it at once. */
const CONFIRMED_LIFETIME_MS = 5 * MINUTE
/** How long a resent link keeps the redirect of the link before. */
const REDIRECT_KEPT_MS = HOUR
const BINDING_PREFIX = 'pmb_'

const LinkData = z.object({
  redirectUrl: z.string().nullable(),
  /** Of the secret that the link works with alone; null when it works without. */
  bindingHash: z.string().nullable(),
  /** True for what an application redeems: its link was confirmed on our page. */
  isConfirmed: z.boolean(),
  /** Of the secret that was answered to whoever asked. Null in links that were mailed before there were sign-in codes. */
  askerHash: z.string().nullable().default(null),
  /** Of a link that was asked for on our page. */
  page: z
    .object({
      /** The query that its pages carry. */
      search: z.string(),
      /** Of the asking browser's secret. */
      browserHash: z.string(),
      /** "Keep me signed in". */
      isRemembered: z.boolean().default(false),
    })
    .nullable()
    .default(null),
})

type LinkData = z.infer<typeof LinkData>

export interface SendInput {
  readonly email: string
  readonly redirectUrl: string | null
  /** The link itself works only together with the secret that this call returns, not just the code of its page. */
  readonly bind: boolean
  /** It is asked for on our page, and opens the session of a browser. */
  readonly page?: { readonly search: string; readonly browserSecret: string; readonly isRemembered: boolean }
}

/** `binding` is the half of a sign-in code that its asker holds. */
export interface SentLink {
  readonly binding: string
}

/**
 * Mails a sign-in link, to new addresses too where sign-ups are open, or a recovery link (`mailRecoveryLink`). Answer and time
 * are the same for every address. Throws REDIRECT_NOT_ALLOWED, SSO_REQUIRED.
 */
export const sendMagicLink = (ctx: Ctx, input: SendInput): Promise<SentLink> => askLink(ctx, input, async () => null)

/** As `sendMagicLink`; a request without a redirect keeps that of the link before. */
export const resendMagicLink = (ctx: Ctx, input: SendInput): Promise<SentLink> =>
  askLink(ctx, input, (email) => findLastRedirect(ctx, 'magic_link', { email, since: ctx.now() - REDIRECT_KEPT_MS }))

const toLinkPage = async ({ browserSecret, ...page }: NonNullable<SendInput['page']>) => ({
  ...page,
  browserHash: await hashSecret(browserSecret),
})

async function askLink(
  ctx: Ctx,
  input: SendInput,
  findRedirect: (email: string) => Promise<string | null>,
): Promise<SentLink> {
  const redirectUrl = allowedRedirectOf(ctx, input.redirectUrl)
  const binding = newSecret(BINDING_PREFIX)
  const askerHash = await hashSecret(binding)
  const page = input.page && (await toLinkPage(input.page))
  await mailLink(ctx, input.email, async (email) => ({
    redirectUrl: redirectUrl ?? (await findRedirect(email)),
    bindingHash: input.bind ? askerHash : null,
    // The link of a page has no code.
    askerHash: page ? null : askerHash,
    isConfirmed: false,
    page: page ?? null,
  }))
  return { binding }
}

/** Mails a link once more to the address that got it. It leads to where that one did, and its code is for the same asker. */
export const renewMagicLink = (ctx: Ctx, link: OneTimeToken): Promise<void> =>
  mailLink(ctx, link.email ?? '', async () => ({ ...LinkData.parse(link.data), isConfirmed: false }))

async function mailLink(ctx: Ctx, address: string, dataFor: (email: string) => Promise<LinkData>): Promise<void> {
  requireMailTransport(ctx)
  // By the domain alone, so the answer tells nothing; admins of the platform are mailed all the same.
  const required = await findRequiredSso(ctx, address)
  await answerAlike(
    ctx,
    () => findUserByEmail(ctx, address),
    async (user) => {
      if (required && user?.role !== ADMIN) return
      const isUser = user !== undefined && isSignInAllowed(user)
      if (!isUser && ((await mailRecoveryLink(ctx, address, user)) || !ctx.config.SIGNUPS_ENABLED)) return
      // A link to a new address counts as a sign-up: otherwise one network could mail any number of addresses.
      if (!user && !(await maySignUp(ctx))) return
      const email = user?.email ?? normalizeEmail(address)
      await sendLink(ctx, user, email, await dataFor(email))
    },
  )
  if (required) throw required
}

async function sendLink(ctx: Ctx, user: User | undefined, email: string, data: LinkData): Promise<void> {
  const userId = user?.id ?? null
  if (!(await mayMailLink(ctx, 'magic_link', { email, userId }))) return
  const { token } = await issueLink(ctx, { userId, email, data, lifetimeMs: LINK_LIFETIME_MS })
  const params = {
    link: linkTo(ctx, data.page ? '/sign-in/link/open' : '/magic-link', token),
    lifetimeMs: LINK_LIFETIME_MS,
  }
  const recipient = user ? recipientOf(user) : { to: email, userId, locale: null }
  await queueMail(ctx, { kind: 'magic_link', ...recipient, params })
}

/**
 * Voids older unbound links, so that only the newest works. Bound links and codes stay valid: a stranger who requests links
 * for the address cannot void them.
 */
const issueLink = (ctx: Ctx, link: Pick<IssueInput, 'userId' | 'email' | 'lifetimeMs'> & { readonly data: LinkData }) =>
  issueOneTimeToken(ctx, {
    ...link,
    purpose: 'magic_link',
    keepsOlder: link.data.bindingHash !== null,
    voidsOnly: { bindingHash: null, isConfirmed: false },
  })

/**
 * A link that was asked for on our page, not redeemed: whose it is, where its sign-in leads, and whether this browser asked.
 * `isRemembered` is null in another browser, where nobody was asked. Throws INVALID_TOKEN.
 */
export async function getPageLink(
  ctx: Ctx,
  { token, browserSecret }: { token: string; browserSecret: string | null },
): Promise<{ email: string; search: string; isForeign: boolean; isRemembered: boolean | null }> {
  const { email, data } = await getMagicLink(ctx, { token })
  if (!data.page) throw linkInvalid()
  const { search, browserHash, isRemembered } = data.page
  const isAsker = browserSecret !== null && (await equalSecrets(browserHash, await hashSecret(browserSecret)))
  return { email, search, isForeign: !isAsker, isRemembered: isAsker ? isRemembered : null }
}

/** Reads a link without redeeming it. Throws INVALID_TOKEN. */
export async function getMagicLink(
  ctx: Ctx,
  input: { token: string },
): Promise<{ link: OneTimeToken; email: string; data: LinkData }> {
  const link = await findOneTimeToken(ctx, 'magic_link', input.token)
  if (!link?.email) throw linkInvalid()
  return { link, email: link.email, data: LinkData.parse(link.data) }
}

async function isBoundTo({ bindingHash }: LinkData, binding: string | null): Promise<boolean> {
  if (bindingHash === null) return true
  return binding !== null && equalSecrets(bindingHash, await hashSecret(binding))
}

/** A link or a sign-in code, and the secret that redeems it. Throws INVALID_TOKEN; what is refused stays valid. */
async function openLink(
  ctx: Ctx,
  { token, binding }: { token: string; binding: string | null },
): Promise<{ link: OneTimeToken; secret: string }> {
  const code = readTypedCode(token)
  if (code === null) {
    const { link, data } = await getMagicLink(ctx, { token })
    if (!(await isBoundTo(data, binding))) throw linkInvalid()
    return { link, secret: token }
  }
  const link = binding === null ? undefined : await findSignInCode(ctx, 'sign_in_code', { code, binding })
  if (!link || binding === null) throw linkInvalid()
  return { link, secret: binding }
}

/**
 * Signs in with a link or the code from its page. A bound link and every code need the asker's secret; without it they are
 * refused and stay valid. Throws INVALID_TOKEN; answers `mfa_required` when the user has a second factor.
 */
export async function signInWithMagicLink(
  ctx: Ctx,
  input: { token: string; binding: string | null },
): Promise<SignInResult> {
  const { link, secret } = await openLink(ctx, input)
  const user = await redeemForUser(ctx, link, secret)
  try {
    return await finishFirstFactor(ctx, { user, amr: ['email'], method: 'magic_link' })
  } catch (cause) {
    // The account was changed between link and session: the answer is that of any invalid link.
    if (cause instanceof DomainError && cause.code === 'INVALID_CREDENTIALS') throw linkInvalid({}, { cause })
    throw cause
  }
}

export type Confirmed =
  | { readonly outcome: 'redirect'; readonly url: string }
  | { readonly outcome: 'code'; readonly code: string; readonly lifetimeMs: number }

/**
 * Exchanges a link that was confirmed on our page for a token, which its application redeems, or for a code that a person
 * types. A session's tokens never stand in a URL, because histories and logs keep URLs. Throws INVALID_TOKEN.
 */
export async function confirmMagicLink(ctx: Ctx, input: { token: string }): Promise<Confirmed> {
  const { link, data } = await getMagicLink(ctx, input)
  const { redirectUrl, askerHash: bindingHash } = data
  const isUsable = !data.isConfirmed && (redirectUrl !== null || bindingHash !== null)
  if (!isUsable || !(await redeemOneTimeToken(ctx, 'magic_link', input.token))) throw linkInvalid()
  const { userId, email } = link
  if (redirectUrl === null)
    return {
      outcome: 'code',
      ...(await issueSignInCode(ctx, 'sign_in_code', { bindingHash: bindingHash ?? '', userId, email })),
    }
  const confirmed = { ...data, isConfirmed: true }
  const { token } = await issueLink(ctx, { userId, email, data: confirmed, lifetimeMs: CONFIRMED_LIFETIME_MS })
  // The allowed origins may have changed since the link was mailed.
  const url = requireAllowedRedirect(ctx, redirectUrl)
  url.searchParams.set('token', token)
  return { outcome: 'redirect', url: url.href }
}

/**
 * Redeems a link and returns the user of its address. A new address gets a verified account where sign-ups are open; an
 * account that its holder has not confirmed is taken over. Throws INVALID_TOKEN, also for users who may not sign in and when
 * the address now belongs to another account; MAINTENANCE leaves the link valid.
 */
async function redeemForUser(ctx: Ctx, link: OneTimeToken, token: string): Promise<User> {
  const email = link.email ?? ''
  const user = await findUserByEmail(ctx, email)
  if (link.userId !== null && user?.id !== link.userId) throw linkInvalid()
  if (user ? !isSignInAllowed(user) : !ctx.config.SIGNUPS_ENABLED) throw linkInvalid()
  const closed = user?.role === 'admin' ? null : await findMaintenance(ctx)
  if (closed) throw closed
  if (!user) return redeemForNewUser(ctx, link, token, email)
  if (!isEmailConfirmed(user)) return takeOver(ctx, { user, purpose: link.purpose, token, answer: null })
  if (!(await redeemOneTimeToken(ctx, link.purpose, token))) throw linkInvalid()
  return user
}

async function redeemForNewUser(ctx: Ctx, link: OneTimeToken, token: string, email: string): Promise<User> {
  if (!(await redeemOneTimeToken(ctx, link.purpose, token))) throw linkInvalid()
  return createUser(ctx, { email, emailVerifiedAt: ctx.now() })
}
