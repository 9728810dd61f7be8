import type { CallerCtx, Ctx } from '../../../context.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import { DomainError, rateLimited, serviceUnavailable, tokenInvalid } from '../../../lib/errors.ts'
import { networkOf } from '../../../lib/network.ts'
import { HOUR, SECOND } from '../../../lib/time.ts'
import type { IdentityKey, ProvedIdentity } from '../../factors/identities/types.ts'
import type { SessionOrigin } from '../../sessions/types.ts'
import { getBindingUser } from '../../sign-in/service/current.ts'
import type { SignInResult } from '../../sign-in/service/sign-in.ts'
import {
  type BegunUse,
  beginUse,
  type CountedUse,
  failUse,
  giveBackUse,
  reportVerdicts,
} from '../../users/service/counted-use.ts'
import { findUser } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import type { Settled } from './accounts.ts'
import { requireLinker } from './code-answer.ts'
import { issueCode } from './codes.ts'
import { type Flow, findFlow, type IsOf, requireReturn } from './flow.ts'
import { addIdentity } from './linking.ts'
import { finish } from './sign-in.ts'

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

/** What came back from a provider, in whatever protocol. */
export interface Returned {
  readonly state: string
  readonly browserSecret: string | null
  /** Whether a program called, which gets tokens; a browser gets a code in an address, never a session's tokens. */
  readonly isProgram: boolean
}

/** Whom a provider's answer proves. */
export interface Proved {
  /** Whose account a sign-in is to. */
  readonly settle: () => Promise<Arrived>
  /** What a link is to. */
  readonly identity: () => ProvedIdentity
}

/** Where a browser goes that signs in. */
export interface Destination {
  readonly isOf: IsOf
  /** The provider's address, with what it is asked there. */
  readonly addressOf: (ctx: Ctx, flow: Flow) => Promise<string>
}

/** Through whose providers people come, and in which protocol. */
export interface Way<R extends Returned> {
  readonly isOf: IsOf
  /** Reads the answer of the flow's provider, and uses the flow up. */
  readonly prove: (ctx: CallerCtx, flow: Flow, returned: R) => Promise<Proved>
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

/** Refused callbacks of one network at one provider, besides the first of each state. */
const REFUSED = { limit: 60, windowMs: HOUR }

/**
 * Takes what a provider answered. A failure after the state was found in its browser goes to the application's address as `error`.
 * Throws OAUTH_STATE_INVALID,
 * RATE_LIMIT_EXCEEDED, and what the way, settling, linking and a sign-in throw.
 */
export async function takeCallback<R extends Returned>(ctx: CallerCtx, way: Way<R>, input: R): Promise<Ending> {
  // Not counted until the state is found in its browser: any page could have its visitors refused.
  const found = await findFlow(ctx, { ...input, isOf: way.isOf })
  const flow = { ...found, target: findTarget(ctx, found) }
  try {
    return await countTries(ctx, flow, () => endFlow(ctx, way, flow, input))
  } catch (cause) {
    if (!(cause instanceof DomainError)) throw cause
    const error = way.refusal(ctx, flow, cause)
    const address = errorAddress(flow, input, error)
    if (address) return address
    throw error
  }
}

const isOutage = (cause: unknown): boolean => cause instanceof DomainError && cause.code === serviceUnavailable.code

const beginOfNetwork = (ctx: Ctx, { provider }: Pick<Flow, 'provider'>, network: string): Promise<BegunUse> =>
  beginUse(ctx, network, { subject: `federated:${provider}:${network}`, ...REFUSED })

const tooMany = ({ refusal }: Extract<BegunUse, { allowed: false }>): DomainError =>
  rateLimited({ retry_after: Math.ceil(refusal.retryAfterMs / SECOND) })

/** Counts the refusals of a network at a provider; an outage is none. Throws RATE_LIMIT_EXCEEDED. */
export async function countRefusals<T>(ctx: Ctx, of: Pick<Flow, 'provider'>, work: () => Promise<T>): Promise<T> {
  const begun = await beginOfNetwork(ctx, of, networkOf(ctx.ip))
  if (!begun.allowed) throw tooMany(begun)
  return withVerdict(ctx, [begun.use], work)
}

/**
 * As `countRefusals`, but takes the first answer of a state always: whoever has begun that sign-in is not hindered by what others
 * of the network send. Where these had too many refused, each costs them a sign-in that they begin.
 */
async function countTries<T>(ctx: Ctx, flow: Flow, work: () => Promise<T>): Promise<T> {
  const network = networkOf(ctx.ip)
  const ofState = { subject: `federated-state:${await hashSecret(flow.state)}`, limit: 1, windowMs: REFUSED.windowMs }
  const [first, begun] = await Promise.all([beginUse(ctx, network, ofState), beginOfNetwork(ctx, flow, network)])
  if (!first.allowed && !begun.allowed) throw tooMany(begun)
  const uses = [first, begun].flatMap((one) => (one.allowed ? [one.use] : []))
  return withVerdict(ctx, uses, work)
}

async function withVerdict<T>(ctx: Ctx, uses: readonly CountedUse[], work: () => Promise<T>): Promise<T> {
  const report = (what: string, verdict: typeof failUse) =>
    reportVerdicts(
      ctx,
      what,
      uses.map((use) => verdict(ctx, use)),
    )
  try {
    const done = await work()
    await report('callback_not_given_back', giveBackUse)
    return done
  } catch (cause) {
    await report('callback_not_counted', isOutage(cause) ? giveBackUse : failUse)
    throw cause
  }
}

async function endFlow<R extends Returned>(ctx: CallerCtx, way: Way<R>, flow: OpenFlow, input: R): Promise<Ending> {
  const proved = await way.prove(ctx, flow, input)
  return flow.userId === null
    ? endSignIn(ctx, flow, input, await proved.settle())
    : endLink(ctx, flow, input, proved.identity())
}

async function endSignIn(ctx: Ctx, flow: OpenFlow, input: Returned, arrived: Arrived): Promise<Ending> {
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
async function endLink(ctx: CallerCtx, flow: OpenFlow, input: Returned, proved: ProvedIdentity): Promise<Ending> {
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

function errorAddress(flow: OpenFlow, { isProgram }: Returned, error: DomainError): Ending | null {
  if (flow.isClientMode || isProgram || !flow.target) return null
  const { pending_token: pendingToken, authorization_url: authorizationUrl } = error.details
  return tell(flow, flow.target, {
    error: error.code,
    error_description: error.message,
    ...(typeof pendingToken === 'string' && { pending_token: pendingToken }),
    ...(typeof authorizationUrl === 'string' && { authorization_url: authorizationUrl }),
  })
}
