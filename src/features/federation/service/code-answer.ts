import { type ActorCtx, type CallerCtx, type Ctx, narrow } from '../../../context.ts'
import { unauthorized } from '../../../lib/errors.ts'
import type { ProvedIdentity } from '../../factors/identities/types.ts'
import { providerDenied, stateInvalid } from '../errors.ts'
import type { Provider, ProviderAnswers } from '../types.ts'
import type { Returned } from './callback.ts'
import { isProved } from './codes.ts'
import { isIssuerOf } from './fixed-providers.ts'
import { type Flow, useFlow } from './flow.ts'
import { askProvider, providerFailed } from './protocol.ts'

/** What came back from the provider (RFC 6749 4.1.2, RFC 9207 2). */
export interface CallbackInput extends Returned {
  readonly code: string | null
  readonly error: string | null
  readonly iss: string | null
  /** Of the application's challenge, in client mode. */
  readonly verifier: string | null
  /** What Apple posts beside the code. */
  readonly form: Readonly<Record<string, unknown>>
  /** Whether a browser opened the address as a page. */
  readonly isNavigation: boolean
}

/** What the provider says of the person for whom it gave the code. The state is used up before anything is asked of it. */
export async function askByCode(
  ctx: Ctx,
  provider: Provider,
  flow: Flow,
  input: CallbackInput,
): Promise<ProviderAnswers> {
  requireIssuer(provider, flow, input)
  await useFlow(ctx, flow)
  if (input.code === null) throw providerDenied({ error: (input.error ?? '').slice(0, 64) })
  return askProvider(ctx, provider, { ...flow, code: input.code, form: input.form })
}

/** In client mode tokens go to the script of the application that began: not to an address that somebody sends round. */
export async function requireScript(
  ctx: CallerCtx,
  flow: Flow,
  { isNavigation, verifier }: CallbackInput,
): Promise<void> {
  if (!flow.isClientMode) return
  if (isNavigation || !(await isProved(flow, verifier))) throw stateInvalid()
  if (flow.userId !== null) requireLinker(ctx, flow)
}

/** Who links is who began, in the same session. */
export function requireLinker(ctx: CallerCtx, { userId, sessionId }: Flow): ActorCtx {
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
