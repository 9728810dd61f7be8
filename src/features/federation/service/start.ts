import type { ActorCtx, Ctx } from '../../../context.ts'
import { redirectNotAllowed } from '../../sign-in/errors.ts'
import { requireAllowedRedirect } from '../../sign-in/service/redirects.ts'
import type { GivenFactors } from '../../sign-in/service/step-up.ts'
import type { Provider } from '../types.ts'
import type { Destination } from './callback.ts'
import { beginFlow, type Flow, type FlowStart, joinBrowser, requireReturn } from './flow.ts'
import { requireLinkable } from './linking.ts'
import { authorizationUrl } from './protocol.ts'
import { getProvider } from './providers.ts'

/** What somebody asks for who begins. */
export interface StartInput {
  readonly provider: string
  /** An address of the application, to which the provider returns; without it the provider returns to us. */
  readonly redirectUri: string | null
  readonly returnTo: string | null
  readonly clientState: string | null
  readonly codeChallenge: string | null
  readonly scopes: readonly string[]
  readonly prompt: string | null
  readonly loginHint: string | null
  /** The cookie's secret, where the browser itself begins. */
  readonly browserSecret: string | null
}

export interface Started {
  readonly state: string
  readonly provider: string
  /** Where the browser goes next. */
  readonly url: string
  /** What the browser that began keeps in its cookie; null where a program or a script of the application goes on. */
  readonly browserSecret: string | null
}

const callbackOf = ({ config }: Pick<Ctx, 'config'>, provider: string): string =>
  `${config.PUBLIC_URL}/api/v1/oauth/${provider}/callback`

/**
 * Begins a sign-in. A browser goes to the provider at once; a program is told our own address, which gives the browser that opens
 * it the cookie. Throws OAUTH_PROVIDER_UNKNOWN, OAUTH_PROVIDER_NOT_CONFIGURED, REDIRECT_NOT_ALLOWED, OAUTH_EXCHANGE_FAILED.
 */
export async function startSignIn(ctx: Ctx, input: StartInput): Promise<Started> {
  const provider = await getProvider(ctx, input.provider)
  return begin(ctx, provider, input, null)
}

/** Begins to link a provider to the caller's account. Throws what `startSignIn` and `requireLinkable` throw. */
export async function startLink(ctx: ActorCtx, input: StartInput & GivenFactors): Promise<Started> {
  const provider = await getProvider(ctx, input.provider)
  await requireLinkable(ctx, provider.name, input)
  return begin(ctx, provider, input, { userId: ctx.actor.id, sessionId: ctx.actor.sessionId })
}

async function begin(
  ctx: Ctx,
  provider: Provider,
  input: StartInput,
  link: { userId: string; sessionId: string } | null,
): Promise<Started> {
  const { redirectUri, browserSecret, provider: _, ...rest } = input
  const own = callbackOf(ctx, provider.name)
  const isClientMode = redirectUri !== null && redirectUri !== own
  if (isClientMode) requireNamed(provider)
  return startFlow(ctx, {
    ...rest,
    provider: provider.name,
    addressOf: (flow) => authorizationUrl(provider, flow),
    link,
    isClientMode,
    redirectUri: isClientMode ? requireCallback(ctx, redirectUri) : own,
    browserSecret: isClientMode ? null : browserSecret,
    continueAt: `/api/v1/oauth/${provider.name}/continue`,
  })
}

/** Begins a flow at any provider. `continueAt` is our own path for a browser that a program sends. Throws REDIRECT_NOT_ALLOWED. */
export async function startFlow(
  ctx: Ctx,
  {
    continueAt,
    addressOf,
    ...start
  }: FlowStart & { readonly continueAt: string; readonly addressOf: (flow: Flow) => Promise<string> },
): Promise<Started> {
  const { provider, returnTo, codeChallenge, isClientMode, browserSecret } = start
  if (returnTo !== null) requireReturn(ctx, returnTo, { hasChallenge: codeChallenge !== null })
  const flow = await beginFlow(ctx, start)
  const { state } = flow
  const goesOn = isClientMode || browserSecret !== null
  const url = goesOn ? await addressOf(flow) : `${ctx.config.PUBLIC_URL}${continueAt}?request=${state}`
  return { state, provider, url, browserSecret }
}

/**
 * In client mode all providers return to one address of the application, so a hostile one could send the browser to another for a
 * code. A provider that the settings describe has to name itself in its answers (RFC 9207), which the callback then wants.
 */
function requireNamed({ isFixed, promisesIssuer }: Provider): void {
  if (!isFixed && !promisesIssuer)
    throw redirectNotAllowed(
      { field: 'redirect_uri' },
      { message: 'This provider does not say who it is (iss, RFC 9207): leave redirect_uri out' },
    )
}

/** Exactly as it was given, for providers compare the text. */
function requireCallback(ctx: Ctx, address: string): string {
  requireAllowedRedirect(ctx, address)
  if (address.includes('#')) throw redirectNotAllowed({ field: 'redirect_uri' })
  return address
}

/** Where the browser goes that opened our own address. Good once. Throws OAUTH_STATE_INVALID. */
export async function continueFlow(
  ctx: Ctx,
  { isOf, addressOf }: Destination,
  { state, browserSecret }: { state: string; browserSecret: string },
): Promise<Pick<Started, 'url' | 'browserSecret'>> {
  return { url: await addressOf(ctx, await joinBrowser(ctx, { state, browserSecret, isOf })), browserSecret }
}
