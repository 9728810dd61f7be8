import type { ActorCtx, CallerCtx, Ctx } from '../../../context.ts'
import { narrow } from '../../../context.ts'
import { hmacSha256, sha256 } from '../../../lib/crypto.ts'
import { toBase64Url, utf8 } from '../../../lib/encoding.ts'
import { codeInvalid } from '../../federation/errors.ts'
import { type Exchanged, exchangeCode } from '../../federation/service/sign-in.ts'
import { type Started, startLink, startSignIn } from '../../federation/service/start.ts'
import type { SignInResult } from '../../sign-in/service/sign-in.ts'
import { startSso } from '../../sso/service/sign-in.ts'

/**
 * The verifier of a sign-in that begins on our page: only the browser that began has the secret of its flow cookie, so nobody
 * else's code signs it in.
 */
async function verifierOf({ config }: Pick<Ctx, 'config'>, browserSecret: string): Promise<string> {
  const key = config.rootKeys.current
  return toBase64Url(hmacSha256(await key.derive('page sign-in verifier'), utf8(browserSecret)))
}

const challengeOf = async (verifier: string): Promise<string> => toBase64Url(await sha256(utf8(verifier)))

interface Start {
  /** Our page that ends the sign-in. */
  readonly returnTo: string
  readonly browserSecret: string
}

const askedOf = async (ctx: Ctx, provider: string, start: Start) => ({
  ...start,
  provider,
  redirectUri: null,
  clientState: null,
  codeChallenge: await challengeOf(await verifierOf(ctx, start.browserSecret)),
  scopes: [],
  prompt: null,
  loginHint: null,
})

interface Ended {
  readonly code: string
  /** Of a sign-in whose address was proved by mail: then the code is the one of the mail's page. */
  readonly pendingToken?: string | null
  /** Of the browser that comes back. */
  readonly browserSecret: string | null
}

async function exchangeInBrowser(
  ctx: CallerCtx,
  { code, browserSecret, pendingToken = null }: Ended,
): Promise<Exchanged> {
  if (browserSecret === null) throw codeInvalid()
  const verifier = await verifierOf(ctx, browserSecret)
  return exchangeCode(ctx, { code, verifier, pendingToken, organizationId: null })
}

/** Begins a sign-in with a provider, which ends on our page. Throws what `startSignIn` throws. */
export async function startWithProvider(ctx: Ctx, provider: string, start: Start): Promise<Started> {
  return startSignIn(ctx, await askedOf(ctx, provider, start))
}

/**
 * Begins a sign-in at the provider of the organization that the address is of; `isAnew` where its own session of the person does
 * not suffice. Throws what `startSso` throws.
 */
export async function startWithOrganization(
  ctx: Ctx,
  email: string,
  { isAnew, ...start }: Start & { readonly isAnew: boolean },
): Promise<Started> {
  return startSso(ctx, {
    ...start,
    chosen: { email },
    clientState: null,
    codeChallenge: await challengeOf(await verifierOf(ctx, start.browserSecret)),
    prompt: isAnew ? 'login' : null,
    loginHint: null,
  })
}

/** Ends it: the code is good in the browser that began alone. Throws OAUTH_CODE_INVALID, and what every first factor throws. */
export async function endWithProvider(ctx: Ctx, ended: Ended): Promise<SignInResult> {
  const exchanged = await exchangeInBrowser(narrow(ctx, { actor: null }), ended)
  if (exchanged.outcome === 'linked') throw codeInvalid()
  return exchanged.result
}

/** Begins to link a provider to the caller's account. Throws what `startLink` throws. */
export async function linkWithProvider(ctx: ActorCtx, provider: string, start: Start): Promise<Started> {
  return startLink(ctx, await askedOf(ctx, provider, start))
}

/** Ends it, in the browser and the session that began. Throws OAUTH_CODE_INVALID, and what linking throws. */
export async function endLinkWithProvider(ctx: ActorCtx, ended: Ended): Promise<void> {
  const { outcome } = await exchangeInBrowser(ctx, ended)
  // Somebody else's sign-in is worth nothing here.
  if (outcome !== 'linked') throw codeInvalid()
}
