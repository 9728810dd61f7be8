import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { cookiesNamed } from '../../../lib/cookies.ts'
import { equalSecrets, hashSecret, newSecret } from '../../../lib/crypto.ts'
import { toBase64Url } from '../../../lib/encoding.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { sealText, unsealText } from '../../../lib/root-keys.ts'
import { MINUTE } from '../../../lib/time.ts'
import { fillOneTimeToken, findOneTimeToken, issueOneTimeToken, redeemOneTimeToken } from '../../links/service.ts'
import type { OneTimeToken } from '../../links/types.ts'
import { redirectNotAllowed } from '../../sign-in/errors.ts'
import { findAppRedirect, requireAllowedRedirect } from '../../sign-in/service/redirects.ts'
import { stateInvalid } from '../errors.ts'

const PURPOSE = 'federated_sign_in'
const LIFETIME_MS = 10 * MINUTE
const SEAL_PURPOSE = 'federated sign-in'

const FlowData = z.object({
  /** A provider's name; of an organization's, `sso:` and the connection's id. */
  provider: z.string(),
  nonce: z.string(),
  verifierSealed: z.string(),
  /** Where the provider returns to, exactly as it is told again at the exchange of the code. */
  redirectUri: z.string(),
  /** The provider returns to the application, which calls us by a script of its own. */
  isClientMode: z.boolean(),
  /** Where the browser goes in the end. */
  returnTo: z.string().nullable(),
  /** What the application has given to compare at the end. */
  clientState: z.string().nullable(),
  /** S256, of the verifier that the application keeps. */
  codeChallenge: z.string().nullable(),
  /** Of the secret in the cookie of the browser that began; null until a browser has. */
  browserHash: z.string().nullable(),
  /** The session that began to link a provider; null for a sign-in. Whatever ends the session voids the link. */
  sessionId: z.string().nullable(),
  scopes: z.array(z.string()),
  prompt: z.string().nullable(),
  loginHint: z.string().nullable(),
})

type FlowData = z.infer<typeof FlowData>

/** A sign-in, or the link of a provider, that has begun and not ended. */
export interface Flow extends Omit<FlowData, 'verifierSealed'> {
  readonly state: string
  readonly startedAt: number
  /** Of a link: whose account it is for. */
  readonly userId: string | null
  /** The PKCE verifier. */
  readonly verifier: string
}

export interface FlowStart {
  readonly provider: string
  readonly redirectUri: string
  readonly isClientMode: boolean
  readonly returnTo: string | null
  readonly clientState: string | null
  readonly codeChallenge: string | null
  /** The cookie's secret, where the browser itself begins. */
  readonly browserSecret: string | null
  /** Who links a provider, and in which session. */
  readonly link: { readonly userId: string; readonly sessionId: string } | null
  readonly scopes: readonly string[]
  readonly prompt: string | null
  readonly loginHint: string | null
}

/** Begins a flow beside older ones. Its state is a one-time token, of which the database has the hash alone. */
export async function beginFlow(ctx: Ctx, start: FlowStart): Promise<Flow> {
  const { browserSecret, link, ...rest } = start
  const nonce = toBase64Url(ctx.random(32))
  const verifier = toBase64Url(ctx.random(32))
  const data: FlowData = {
    ...rest,
    scopes: [...start.scopes],
    nonce,
    verifierSealed: await sealText(ctx.config.rootKeys, SEAL_PURPOSE, nonce, verifier),
    browserHash: browserSecret === null ? null : await hashSecret(browserSecret),
    sessionId: link?.sessionId ?? null,
  }
  const { token: state } = await issueOneTimeToken(ctx, {
    purpose: PURPOSE,
    userId: link?.userId ?? null,
    email: null,
    data,
    lifetimeMs: LIFETIME_MS,
    keepsOlder: true,
  })
  return { ...data, state, startedAt: ctx.now(), verifier, userId: link?.userId ?? null }
}

async function toFlow(ctx: Ctx, state: string, token: OneTimeToken | undefined): Promise<Flow> {
  if (!token) throw stateInvalid()
  const { verifierSealed, ...data } = FlowData.parse(token.data)
  const verifier = await unsealText(ctx.config.rootKeys, SEAL_PURPOSE, data.nonce, verifierSealed)
  return { ...data, state, startedAt: token.createdAt, verifier, userId: token.userId }
}

/** Whether a flow is of the provider, or of the kind of provider, that the path names. */
export type IsOf = (flow: Pick<Flow, 'provider' | 'redirectUri'>) => boolean

/** Gives a flow that a program began to the browser that goes on with it. Good once. Throws OAUTH_STATE_INVALID. */
export const joinBrowser = async (
  ctx: Ctx,
  { state, isOf, browserSecret }: { state: string; isOf: IsOf; browserSecret: string },
): Promise<Flow> => {
  const known = await toFlow(ctx, state, await findOneTimeToken(ctx, PURPOSE, state))
  if (!isOf(known) || known.isClientMode) throw stateInvalid()
  const filled = { name: 'browserHash', value: await hashSecret(browserSecret) }
  return toFlow(ctx, state, await fillOneTimeToken(ctx, PURPOSE, state, filled))
}

/**
 * The flow of a callback, not used up: of this browser, unless the application carries it. Throws OAUTH_STATE_INVALID.
 */
export async function findFlow(
  ctx: Ctx,
  { state, isOf, browserSecret }: { state: string; isOf: IsOf; browserSecret: string | null },
): Promise<Flow> {
  const flow = await toFlow(ctx, state, await findOneTimeToken(ctx, PURPOSE, state))
  if (!isOf(flow)) throw stateInvalid()
  if (!flow.isClientMode && !(await isOfBrowser(flow, browserSecret))) throw stateInvalid()
  return flow
}

async function isOfBrowser({ browserHash }: Flow, secret: string | null): Promise<boolean> {
  return browserHash !== null && secret !== null && equalSecrets(browserHash, await hashSecret(secret))
}

/** Uses the flow up: of racing callbacks one goes on. Throws OAUTH_STATE_INVALID, or what it is told to. */
export async function useFlow(ctx: Ctx, { state }: Flow, used: () => DomainError = stateInvalid): Promise<void> {
  if (!(await redeemOneTimeToken(ctx, PURPOSE, state))) throw used()
}

// The cookie that ties a flow to its browser. `SameSite=None`: Apple's answer, and those of SAML, are forms of another site, and
// no other cookie comes along with them.
const COOKIE = '__Host-postern-flow'
const SECRET = /^[\w-]{43}$/

/** The browser's secret; null where it has none, another beside it, or something else in its place. */
export function browserSecretOf(request: Request): string | null {
  const [found, ...others] = new Set(cookiesNamed(request.headers.get('cookie') ?? '', COOKIE))
  return found !== undefined && others.length === 0 && SECRET.test(found) ? found : null
}

/** Several tabs share one secret. */
export const browserSecretOrNew = (request: Request): string => browserSecretOf(request) ?? newSecret('')

/** `lifetimeMs` is that of what the secret ties to the browser. */
export const flowCookie = (secret: string, lifetimeMs = LIFETIME_MS): string =>
  `${COOKIE}=${secret}; Max-Age=${lifetimeMs / 1000}; Path=/; Secure; HttpOnly; SameSite=None`

/**
 * Where a browser may go in the end: an allowed address, or one of a scheme that an app owns, which must bring a challenge.
 * Throws REDIRECT_NOT_ALLOWED; a fragment would take the code along into it.
 */
export function requireReturn(
  ctx: Pick<Ctx, 'config'>,
  address: string,
  { hasChallenge }: { hasChallenge: boolean },
): { url: URL; isApp: boolean } {
  if (address.includes('#')) throw redirectNotAllowed({ field: 'redirect_to' })
  const app = findAppRedirect(ctx, address)
  if (app && !hasChallenge)
    throw redirectNotAllowed({ field: 'redirect_to' }, { message: 'An address of an app needs a code_challenge' })
  return app ? { url: app, isApp: true } : { url: requireAllowedRedirect(ctx, address), isApp: false }
}
