import type { ActorCtx, CallerCtx, Ctx } from '../../../context.ts'
import { narrow } from '../../../context.ts'
import {
  DomainError,
  malformedRequest,
  rateLimited,
  serviceUnavailable,
  tokenInvalid,
  unauthorized,
} from '../../../lib/errors.ts'
import { networkOf } from '../../../lib/network.ts'
import { HOUR, SECOND } from '../../../lib/time.ts'
import type { IdentityKey, ProvedIdentity } from '../../factors/identities/types.ts'
import type { SessionOrigin } from '../../sessions/types.ts'
import { getBindingUser } from '../../sign-in/service/current.ts'
import type { SignInResult } from '../../sign-in/service/sign-in.ts'
import { beginUse, failUse, giveBackUse, reportVerdicts } from '../../users/service/counted-use.ts'
import { findUser } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { providerDenied, stateInvalid } from '../errors.ts'
import type { Provider, ProviderAnswers } from '../types.ts'
import type { Settled } from './accounts.ts'
import { isProved, issueCode } from './codes.ts'
import { isIssuerOf } from './fixed-providers.ts'
import { type Flow, findFlow, type IsOf, requireReturn, useFlow } from './flow.ts'
import { addIdentity } from './linking.ts'
import { askProvider, providerFailed } from './protocol.ts'
import { finish } from './sign-in.ts'

/** What came back from the provider (RFC 6749 4.1.2, RFC 9207 2). */
export interface CallbackInput {
  readonly state: string
  readonly code: string | null
  readonly error: string | null
  readonly iss: string | null
  /** Of the application's challenge, in client mode. */
  readonly verifier: string | null
  /** What Apple posts beside the code. */
  readonly form: Readonly<Record<string, unknown>>
  readonly browserSecret: string | null
  /** Whether a program called, which gets tokens; a browser gets a code in an address, never a session's tokens. */
  readonly isProgram: boolean
  /** Whether a browser opened the address as a page. */
  readonly isNavigation: boolean
}

/** Somebody whom a provider has proved, and how they sign in. */
export interface Arrived extends Settled {
  readonly key: IdentityKey
  /** Recorded in `user.signed_in`. */
  readonly method: string
  readonly amr: readonly string[]
  /** The organization that the session is to be in. */
  readonly organizationId: string | null
  readonly origin: SessionOrigin | null
}

/** Through whose providers people come: those of the settings, or an organization's. */
export interface Way {
  readonly isOf: IsOf
  /** The provider of a flow; `settle` says whose account a sign-in is to. */
  readonly open: (
    ctx: Ctx,
    flow: Flow,
  ) => Promise<{ readonly provider: Provider; readonly settle: (answers: ProviderAnswers) => Promise<Arrived> }>
  /** What a refusal is answered as. */
  readonly refusal: (ctx: Ctx, flow: Flow, error: DomainError) => DomainError
}

/** How a callback ends. */
export type Ending =
  | { readonly to: 'address'; readonly url: URL; readonly isApp: boolean }
  | { readonly to: 'page'; readonly code: string }
  | {
      readonly to: 'program'
      readonly result: SignInResult
      readonly isNewUser: boolean
      readonly returnTo: string | null
    }
  | { readonly to: 'linker'; readonly user: User }
  | { readonly to: 'exchange'; readonly code: string; readonly state: string; readonly returnTo: string | null }

interface Target {
  readonly url: URL
  readonly isApp: boolean
}

/** With the address of the application to which the browser goes in the end. */
interface OpenFlow extends Flow {
  readonly target: Target | null
}

/** Refused callbacks of one network at one provider. */
const REFUSED = { limit: 60, windowMs: HOUR }

/**
 * Takes what a provider answered. A failure after the state was found in its browser goes to the application's address as `error`.
 * Throws OAUTH_STATE_INVALID, OAUTH_DENIED, OAUTH_EXCHANGE_FAILED,
 * RATE_LIMIT_EXCEEDED, and what settling, linking and a sign-in throw.
 */
export async function takeCallback(ctx: CallerCtx, way: Way, input: CallbackInput): Promise<Ending> {
  requireOneAnswer(input)
  // Not counted until the state is found in its browser: any page could have its visitors refused.
  const found = await findFlow(ctx, { ...input, isOf: way.isOf })
  const flow = { ...found, target: findTarget(ctx, found) }
  try {
    return await countRefusals(ctx, flow, () => endFlow(ctx, way, flow, input))
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause
    const error = way.refusal(ctx, flow, cause)
    const address = errorAddress(flow, input, error)
    if (address) return address
    throw error
  }
}

const isOutage = (cause: unknown): boolean => cause instanceof DomainError && cause.code === serviceUnavailable.code

/** Counts the refusals of a network at a provider; an outage is none. Throws RATE_LIMIT_EXCEEDED. */
export async function countRefusals<T>(
  ctx: Ctx,
  { provider }: Pick<Flow, 'provider'>,
  work: () => Promise<T>,
): Promise<T> {
  const network = networkOf(ctx.ip)
  const begun = await beginUse(ctx, network, { subject: `federated:${provider}:${network}`, ...REFUSED })
  if (!begun.allowed) throw rateLimited({ retry_after: Math.ceil(begun.refusal.retryAfterMs / SECOND) })
  try {
    const done = await work()
    await reportVerdicts(ctx, 'callback_not_given_back', [giveBackUse(ctx, begun.use)])
    return done
  } catch (cause) {
    const verdict = isOutage(cause) ? giveBackUse : failUse
    await reportVerdicts(ctx, 'callback_not_counted', [verdict(ctx, begun.use)])
    throw cause
  }
}

/** The state is used up before anything is asked of the provider. */
async function endFlow(ctx: CallerCtx, way: Way, flow: OpenFlow, input: CallbackInput): Promise<Ending> {
  await requireScript(ctx, flow, input)
  const { provider, settle } = await way.open(ctx, flow)
  requireIssuer(provider, flow, input)
  await useFlow(ctx, flow)
  if (input.code === null) throw providerDenied({ error: (input.error ?? '').slice(0, 64) })
  const answers = await askProvider(ctx, provider, { ...flow, code: input.code, form: input.form })
  return flow.userId === null
    ? endSignIn(ctx, flow, input, await settle(answers))
    : endLink(ctx, flow, input, requireIdentity(ctx, provider, answers))
}

/** One `code` or one `error`; a repeated parameter did not get here. */
function requireOneAnswer({ code, error }: CallbackInput): void {
  if ((code === null) === (error === null)) throw malformedRequest('One of code and error is required')
}

/** In client mode tokens go to the script of the application that began: not to an address that somebody sends round. */
async function requireScript(ctx: CallerCtx, flow: Flow, { isNavigation, verifier }: CallbackInput): Promise<void> {
  if (!flow.isClientMode) return
  if (isNavigation || !(await isProved(flow, verifier))) throw stateInvalid()
  if (flow.userId !== null) requireLinker(ctx, flow)
}

/** Who links is who began, in the same session. */
function requireLinker(ctx: CallerCtx, { userId, sessionId }: Flow): ActorCtx {
  const { actor } = ctx
  if (!actor) throw unauthorized()
  if (actor.id !== userId || actor.sessionId !== sessionId) throw stateInvalid()
  return narrow(ctx, { actor })
}

/** RFC 9207 2.4: an answer of another provider was mixed up with this one's. */
function requireIssuer(provider: Provider, { isClientMode }: Flow, { iss }: CallbackInput): void {
  const isMissing = provider.promisesIssuer || (isClientMode && !provider.isFixed)
  if (iss === null ? isMissing : !isIssuerOf(provider, iss)) throw stateInvalid()
}

/** OpenID Connect Core 2. */
export const MAX_SUBJECT_LENGTH = 255

/** Who signs in at a provider of the settings. Throws OAUTH_EXCHANGE_FAILED. */
export function requireIdentity(ctx: Ctx, provider: Provider, answers: ProviderAnswers): ProvedIdentity {
  const read = provider.read(answers)
  if (!read) throw providerFailed(ctx, provider, 'not_admitted')
  if (read.subject.length > MAX_SUBJECT_LENGTH) throw providerFailed(ctx, provider, 'subject')
  const { email, isEmailVerified } = read
  if (provider.needsVerifiedEmail && (email === null || !isEmailVerified))
    throw providerFailed(ctx, provider, email === null ? 'no_email' : 'email_not_verified')
  return { ...read, connectionId: null, provider: provider.name, providerLabel: provider.label }
}

async function endSignIn(ctx: Ctx, flow: OpenFlow, input: CallbackInput, arrived: Arrived): Promise<Ending> {
  const { isNew: isNewUser, key, amr, ...factor } = arrived
  if (flow.isClientMode || input.isProgram) {
    const result = await finish(ctx, { ...factor, amr })
    return { to: 'program', result, isNewUser, returnTo: flow.returnTo }
  }
  const { codeChallenge } = flow
  const rest = { ...factor, amr: [...amr], key, isNewUser, codeChallenge, link: null, sessionId: null }
  return toBrowser(flow, (isShown) => issueCode(ctx, { ...rest, isShown }))
}

/** Made when the code is exchanged with a bearer of the same user; in client mode the call has one. */
async function endLink(ctx: CallerCtx, flow: OpenFlow, input: CallbackInput, proved: ProvedIdentity): Promise<Ending> {
  if (flow.isClientMode) return { to: 'linker', user: await linkNow(ctx, flow, proved) }
  const user = await findUser(ctx, flow.userId ?? '')
  if (!user) throw tokenInvalid()
  const { codeChallenge, sessionId, clientState, state, returnTo } = flow
  const issue = (isShown: boolean) =>
    issueCode(ctx, {
      user,
      isShown,
      codeChallenge,
      sessionId,
      method: proved.provider,
      key: null,
      amr: [],
      organizationId: null,
      origin: null,
      isNewUser: false,
      link: { ...proved, profile: { ...proved.profile } },
    })
  if (input.isProgram) return { to: 'exchange', code: await issue(false), state: clientState ?? state, returnTo }
  return toBrowser(flow, issue)
}

async function linkNow(ctx: CallerCtx, flow: Flow, proved: ProvedIdentity): Promise<User> {
  const caller = requireLinker(ctx, flow)
  const user = await getBindingUser(caller)
  await addIdentity(caller, { user, proved })
  return user
}

/** To the application's address, or a page that shows the code. */
async function toBrowser(flow: OpenFlow, issue: (isShown: boolean) => Promise<string>): Promise<Ending> {
  const { target } = flow
  return target ? tell(flow, target, { code: await issue(false) }) : { to: 'page', code: await issue(true) }
}

/** The address's own values of these names are not ours. */
const TOLD = ['code', 'error', 'error_description', 'pending_token', 'authorization_url'] as const

function tell(
  { clientState, state }: Flow,
  { url, isApp }: Target,
  parameters: { readonly [Name in (typeof TOLD)[number]]?: string },
): Ending {
  for (const name of TOLD) url.searchParams.delete(name)
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value)
  url.searchParams.set('state', clientState ?? state)
  return { to: 'address', url, isApp }
}

/** Allowed at the beginning, and still: the settings may have changed. Throws REDIRECT_NOT_ALLOWED. */
function findTarget(ctx: Ctx, { returnTo, codeChallenge }: Flow): Target | null {
  if (returnTo !== null) return requireReturn(ctx, returnTo, { hasChallenge: codeChallenge !== null })
  const { DEFAULT_RETURN_URL: address } = ctx.config
  return address === undefined ? null : { url: new URL(address), isApp: false }
}

function errorAddress(flow: OpenFlow, { isProgram }: CallbackInput, error: DomainError): Ending | null {
  if (flow.isClientMode || isProgram || !flow.target) return null
  const { pending_token: pendingToken, authorization_url: authorizationUrl } = error.details
  return tell(flow, flow.target, {
    error: error.code,
    error_description: error.message,
    ...(typeof pendingToken === 'string' && { pending_token: pendingToken }),
    ...(typeof authorizationUrl === 'string' && { authorization_url: authorizationUrl }),
  })
}
