import type { Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { networkOf } from '../../../lib/network.ts'
import { HOUR, MINUTE } from '../../../lib/time.ts'
import { exchangeFailed, SignInRefused } from '../../federation/errors.ts'
import type { Arrived, Way } from '../../federation/service/callback.ts'
import { MAX_SUBJECT_LENGTH } from '../../federation/service/code-answer.ts'
import type { Flow } from '../../federation/service/flow.ts'
import { FEDERATED } from '../../federation/service/sign-in.ts'
import { SSO } from '../../sessions/types.ts'
import { ssoAuthenticationError } from '../errors.ts'
import { findConnectionOfAny } from '../store/connections.ts'
import type { Protocol } from '../types.ts'
import { settlePerson } from './accounts.ts'
import { type SeenConfiguration, seen } from './configuration.ts'
import { originOf, type ProviderNames } from './origin.ts'
import { connectionIdOf } from './provider.ts'
import type { SsoPerson } from './read-person.ts'

// What sign-ins through organizations' providers have in common, whatever they speak.

const notUsable = () => new SignInRefused(ssoAuthenticationError, 'configuration')

/** The configuration of a flow, while people may sign in through it. Throws SSO_AUTHENTICATION_ERROR. */
export async function openConfiguration(
  ctx: Ctx,
  { provider: name }: Pick<Flow, 'provider'>,
): Promise<SeenConfiguration> {
  const row = await findConnectionOfAny(ctx, connectionIdOf(name) ?? '')
  const configuration = row && seen(ctx, row)
  if (configuration?.status !== 'active') throw notUsable()
  return configuration
}

/** As `openConfiguration`, of one protocol. */
export async function openConfigurationIn<P extends Protocol>(ctx: Ctx, protocol: P, flow: Pick<Flow, 'provider'>) {
  const configuration = await openConfiguration(ctx, flow)
  if (configuration.protocol !== protocol) throw notUsable()
  return configuration as Extract<SeenConfiguration, { protocol: P }>
}

const reasonOf = (error: DomainError): string =>
  error instanceof SignInRefused ? error.reason : error.code.toLowerCase()

/** What a refusal is answered as, and recorded as for the organization's admins. */
export const refusalOf: Way<never>['refusal'] = (ctx, { provider }, error) => {
  const id = connectionIdOf(provider)
  ctx.log.info('sso_sign_in_refused', { connection: id, reason: reasonOf(error) })
  if (id !== null && error.kind !== 'rate_limited') ctx.defer(recordRefusal(ctx, id, error))
  return error.code === exchangeFailed.code ? ssoAuthenticationError() : error
}

/** Whether somebody is to sign in at the provider anew (OpenID Connect Core 3.1.2.1; in SAML, `ForceAuthn`). */
export const isForced = ({ prompt }: Pick<Flow, 'prompt'>): boolean => prompt?.split(' ').includes('login') ?? false

/** Clocks of servers differ by so much. */
const SKEW_MS = MINUTE

interface Arrival {
  readonly flow: Pick<Flow, 'prompt' | 'startedAt'>
  /** When the person signed in at the provider, as far as it says. */
  readonly authenticatedAt: number | null
  readonly person: SsoPerson
  /** As a logout names them. */
  readonly names: ProviderNames
  readonly hasLogout: boolean
  /** The provider's own session ends then. */
  readonly endsAt: number | null
  /** When the answer came: a logout or a change since then outweighs it. */
  readonly takenAt: number
}

/** Signs a person in whom the provider has proved. Throws what `settlePerson` throws. */
export async function arrive(
  ctx: Ctx,
  configuration: SeenConfiguration,
  { flow, authenticatedAt, person, names, hasLogout, endsAt, takenAt }: Arrival,
): Promise<Arrived> {
  if (authenticatedAt !== null && isForced(flow) && authenticatedAt < flow.startedAt - SKEW_MS)
    throw new SignInRefused(ssoAuthenticationError, 'not_fresh')
  requireShort(names)
  const settled = await settlePerson(ctx, configuration, person)
  const { organizationId } = settled
  const { id: connectionId, version: connectionVersion } = configuration
  const named = { connectionId, organizationId, hasLogout, secondFactor: person.hasSecondFactor }
  const origin = { ...(await originOf(ctx, named, names)), endsAt, takenAt, connectionVersion, authenticatedAt }
  return { ...settled, method: 'sso', amr: FEDERATED, origin }
}

/** The provider decides how long they are, and they are stored. */
function requireShort({ subject, session }: ProviderNames): void {
  if (subject.length > MAX_SUBJECT_LENGTH) throw new SignInRefused(ssoAuthenticationError, 'subject')
  if (session !== null && session.length > MAX_SUBJECT_LENGTH)
    throw new SignInRefused(ssoAuthenticationError, 'session')
}

/** Of one network at one provider: whoever sends answers again and again could flood the organization's record. */
const RECORDED = { limit: 60, windowMs: HOUR }

/** For the organization's admins: who signs in is told nothing. */
async function recordRefusal(ctx: Ctx, connectionId: string, error: DomainError): Promise<void> {
  const network = networkOf(ctx.ip)
  const rule = { subject: `sso-refusals:${connectionId}:${network}`, ...RECORDED }
  if (!(await ctx.objects.guard(network).use(rule)).allowed) return
  const connection = await findConnectionOfAny(ctx, connectionId)
  if (!connection) return
  await record(ctx, {
    type: 'sso.sign_in_refused',
    subject: connectionId,
    userId: null,
    organizationId: connection.organizationId,
    actor: SSO,
    data: { reason: reasonOf(error) },
  })
}
