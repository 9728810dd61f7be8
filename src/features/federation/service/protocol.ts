import type * as OAuth from 'oauth4webapi'
import type { Ctx } from '../../../context.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { late } from '../../../lib/late.ts'
import { OutboundError, outbound } from '../../../lib/outbound.ts'
import { toSeconds } from '../../../lib/time.ts'
import { exchangeFailed, SignInRefused } from '../errors.ts'
import type { ClientAuthentication, Provider, ProviderAnswers } from '../types.ts'

/** Loaded at first use: most isolates never sign anybody in with another provider. */
const library = late(() => import('oauth4webapi'))
const signing = late(() => import('jose'))

export interface AuthorizationRequest {
  readonly state: string
  readonly nonce: string
  readonly verifier: string
  readonly redirectUri: string
  readonly scopes?: readonly string[]
  readonly prompt?: string | null
  readonly loginHint?: string | null
}

/** The address to which a browser is sent (OAuth 2.1 4.1.1; OpenID Connect Core 3.1.2.1), always with PKCE S256 (RFC 7636). */
export async function authorizationUrl(provider: Provider, request: AuthorizationRequest): Promise<string> {
  const { state, nonce, verifier, redirectUri, scopes = [], prompt, loginHint } = request
  const { calculatePKCECodeChallenge } = await library.load()
  const url = new URL(provider.endpoints.authorization)
  const parameters = {
    ...provider.parameters,
    response_type: 'code',
    client_id: provider.clientId,
    redirect_uri: redirectUri,
    scope: [...new Set([...provider.scopes, ...scopes])].join(' '),
    state,
    code_challenge: await calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    ...(provider.algorithms.length > 0 && { nonce }),
    ...(prompt && { prompt }),
    ...(loginHint && { login_hint: loginHint }),
  }
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  return url.href
}

export interface CallbackInput extends Pick<AuthorizationRequest, 'nonce' | 'verifier' | 'redirectUri'> {
  readonly code: string
  readonly form: ProviderAnswers['form']
}

/** One exchange: the library's view of the provider, and what it makes requests with. */
interface Exchange {
  readonly ctx: Ctx
  readonly provider: Provider
  readonly oauth: typeof OAuth
  readonly server: OAuth.AuthorizationServer
  readonly client: OAuth.Client
  readonly options: Readonly<Record<symbol, unknown>>
}

/** Clocks of servers differ by so much. */
const SKEW_SECONDS = 60

async function openExchange(ctx: Ctx, provider: Provider): Promise<Exchange> {
  const oauth = await library.load()
  const { issuer, endpoints, algorithms, clientId } = provider
  const call = (address: string, init?: RequestInit) => outbound(ctx, address, init)
  return {
    ctx,
    provider,
    oauth,
    // A new object for each exchange: the library keeps keys by it.
    server: {
      issuer,
      token_endpoint: endpoints.token,
      id_token_signing_alg_values_supported: [...algorithms],
      ...(endpoints.userinfo && { userinfo_endpoint: endpoints.userinfo }),
      ...(endpoints.keys && { jwks_uri: endpoints.keys }),
    },
    client: { client_id: clientId, [oauth.clockTolerance]: SKEW_SECONDS },
    // `outbound` says which addresses may be called, and plain http is loopback's in local mode.
    options: { [oauth.customFetch]: call, [oauth.allowInsecureRequests]: true },
  }
}

/**
 * Exchanges a code and reads what the provider says of the person: ID token, verified by the provider's keys as they are now,
 * and userinfo. Throws OAUTH_EXCHANGE_FAILED for whatever goes wrong there; the log has the reason.
 */
export async function askProvider(ctx: Ctx, provider: Provider, input: CallbackInput): Promise<ProviderAnswers> {
  const exchange = await openExchange(ctx, provider)
  try {
    // Asked beside the code's exchange, and at each sign-in: a key that was withdrawn is gone at once.
    const [answer, keys] = await Promise.all([exchangeCode(exchange, input), askKeys(exchange)])
    const tokens = await readTokens(exchange, answer, input)
    const claims = keys ? await verifyIdToken(exchange, answer, tokens, keys) : {}
    const [userinfo, emails] = await Promise.all([
      askUserinfo(exchange, tokens, claims),
      askEmails(exchange, tokens.access_token),
    ])
    return { claims, userinfo, emails, form: input.form }
  } catch (cause) {
    throw providerFailed(ctx, provider, reasonOf(cause))
  }
}

/** Logs why; never what the provider sent, which may hold tokens. */
export function providerFailed(ctx: Pick<Ctx, 'log'>, { name }: Pick<Provider, 'name'>, reason: string): DomainError {
  ctx.log.info('provider_refused', { provider: name, reason })
  return new SignInRefused(exchangeFailed, reason)
}

/** A provider's answer that is of no use; the message is the reason in the log. */
class ProviderFault extends Error {
  override readonly name = 'ProviderFault'
}

function reasonOf(cause: unknown): string {
  if (cause instanceof OutboundError) return cause.reason
  if (cause instanceof ProviderFault) return cause.message
  const { code, error, name, cause: why } = cause as Values & { cause?: { claim?: unknown } }
  // The provider wrote `error`: anything else than a code of RFC 6749 may be a token.
  const named = typeof error === 'string' && /^[a-z_]{1,64}$/.test(error) ? error : null
  return [code ?? name, named, why?.claim].filter((part) => typeof part === 'string').join(' ')
}

type Values = Readonly<Record<string, unknown>>

/** GitHub refuses requests without one. */
const USER_AGENT = { 'user-agent': 'postern' }

async function askKeys({ ctx, provider }: Exchange): Promise<Response | null> {
  const { keys } = provider.endpoints
  return keys === null ? null : outbound(ctx, keys, { headers: { accept: 'application/json' } })
}

/** RFC 6749 4.1.3, with the PKCE verifier. */
async function exchangeCode(exchange: Exchange, { code, redirectUri, verifier }: CallbackInput): Promise<Response> {
  const { oauth, server, client, options } = exchange
  const parameters = oauth.validateAuthResponse(server, client, new URLSearchParams({ code }), oauth.expectNoState)
  const authentication = await authenticationOf(exchange)
  const withAgent = { ...options, headers: USER_AGENT }
  return oauth.authorizationCodeGrantRequest(
    server,
    client,
    authentication,
    parameters,
    redirectUri,
    verifier,
    withAgent,
  )
}

async function authenticationOf({ ctx, provider, oauth }: Exchange): Promise<OAuth.ClientAuth> {
  const { authentication: by, clientId } = provider
  if (by.method === 'apple') return oauth.ClientSecretPost(await makeAppleSecret(ctx, clientId, by))
  return (by.method === 'basic' ? oauth.ClientSecretBasic : oauth.ClientSecretPost)(by.secret)
}

const APPLE_SECRET_SECONDS = 300

/** Apple's client secret is a JWT ("Creating a client secret" of its documents; at most six months, ours lives minutes). */
async function makeAppleSecret(
  ctx: Ctx,
  clientId: string,
  by: Extract<ClientAuthentication, { method: 'apple' }>,
): Promise<string> {
  const { SignJWT, importPKCS8 } = await signing.load()
  const now = toSeconds(ctx.now())
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: by.keyId })
    .setIssuer(by.teamId)
    .setSubject(clientId)
    .setAudience('https://appleid.apple.com')
    .setIssuedAt(now)
    .setExpirationTime(now + APPLE_SECRET_SECONDS)
    .sign(await importPKCS8(by.privateKey, 'ES256'))
}

/** Checks the claims of an ID token too: algorithm, issuer, audience, `azp`, `exp`, nonce (OpenID Connect Core 3.1.3.7). */
async function readTokens(
  { oauth, server, client, provider }: Exchange,
  answer: Response,
  { nonce }: CallbackInput,
): Promise<OAuth.TokenEndpointResponse> {
  const { algorithms, issuerOf } = provider
  const expected = algorithms.length > 0 ? { expectedNonce: nonce, requireIdToken: true } : {}
  const named = issuerOf ? { ...server, issuer: issuerOf(await peekAtClaims(answer.clone())) } : server
  return oauth.processAuthorizationCodeResponse(named, client, answer, expected)
}

/** What an ID token claims before anything of it is verified: only to say which issuer it must have. */
async function peekAtClaims(answer: Response): Promise<Values> {
  const { decodeJwt } = await signing.load()
  const { id_token: token } = readObject(await answer.json())
  if (typeof token !== 'string') throw new ProviderFault('no_id_token')
  return decodeJwt(token)
}

/** The claims of the ID token, whose signature is by one of `keys`, also though it came over TLS. */
async function verifyIdToken(
  { ctx, provider, oauth, server, options }: Exchange,
  answer: Response,
  tokens: OAuth.TokenEndpointResponse,
  keys: Response,
): Promise<Values> {
  const withKeys = { ...options, [oauth.customFetch]: async () => keys }
  await oauth.validateApplicationLevelSignature(server, answer, withKeys)
  const claims = oauth.getValidatedIdTokenClaims(tokens)
  if (!claims) throw new ProviderFault('no_id_token')
  // The library asks for it of several audiences alone (OpenID Connect Core 3.1.3.7, 5).
  if (claims.azp !== undefined && claims.azp !== provider.clientId) throw new ProviderFault('wrong_azp')
  if (claims.iat > toSeconds(ctx.now()) + SKEW_SECONDS) throw new ProviderFault('issued_in_future')
  return claims
}

/** OpenID Connect Core 5.3: always where there is such an endpoint, and about the ID token's subject. */
async function askUserinfo(
  exchange: Exchange,
  { access_token: token }: OAuth.TokenEndpointResponse,
  claims: Values,
): Promise<Values> {
  const { oauth, server, client, provider, options } = exchange
  const { userinfo } = provider.endpoints
  if (userinfo === null) return {}
  if (typeof claims.sub !== 'string') return readObject(await askResource(exchange, userinfo, token))
  const answer = await oauth.userInfoRequest(server, client, token, options)
  return oauth.processUserInfoResponse(server, client, claims.sub, answer)
}

async function askEmails(exchange: Exchange, token: string): Promise<readonly unknown[]> {
  const { emails } = exchange.provider.endpoints
  if (emails === undefined) return []
  const list = await askResource(exchange, emails, token)
  if (!Array.isArray(list)) throw new ProviderFault('no_list_of_addresses')
  return list
}

async function askResource({ ctx }: Exchange, address: string, token: string): Promise<unknown> {
  const headers = { ...USER_AGENT, accept: 'application/json', authorization: `Bearer ${token}` }
  const answer = await outbound(ctx, address, { headers })
  if (answer.status !== 200) throw new ProviderFault(`status_${answer.status}`)
  return answer.json()
}

function readObject(json: unknown): Values {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new ProviderFault('no_object')
  return json as Values
}
