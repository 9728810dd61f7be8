import type { Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import type { DomainError } from '../../../lib/errors.ts'
import { findDomainOwner } from '../../domains/service.ts'
import { exchangeFailed, SignInRefused } from '../../federation/errors.ts'
import { type Arrived, MAX_SUBJECT_LENGTH, type Way } from '../../federation/service/callback.ts'
import { FEDERATED } from '../../federation/service/sign-in.ts'
import { continueFlow, type Started, startFlow } from '../../federation/service/start.ts'
import type { ProviderAnswers } from '../../federation/types.ts'
import { findMailDomain, mailDomainOf, normalizeEmail } from '../../users/service/users.ts'
import { ssoAuthenticationError } from '../errors.ts'
import { findConnectionOfAny, findConnectionOfSlug, selectActiveOfIssuer } from '../store.ts'
import { settlePerson } from './accounts.ts'
import { callbackOf } from './addresses.ts'
import { configurationNotFound, isUsable, mappingOf, type SeenConfiguration, seen } from './configurations.ts'
import { originOf, type ProviderNames } from './origin.ts'
import { connectionIdOf, providerOf } from './provider.ts'
import { readPerson } from './read-person.ts'

/** Whose identity provider somebody goes to. */
export type Chosen =
  | { readonly organization: string }
  | { readonly domain: string }
  | { readonly email: string }
  /** The provider began (OpenID Connect Core 4). */
  | { readonly issuer: string; readonly loginHint: string | null }

export interface SsoStart {
  readonly chosen: Chosen
  readonly returnTo: string | null
  readonly clientState: string | null
  readonly codeChallenge: string | null
  readonly prompt: string | null
  readonly loginHint: string | null
  /** The cookie's secret, where the browser itself begins. */
  readonly browserSecret: string | null
}

/**
 * Begins a sign-in at an organization's provider. Throws SSO_CONFIGURATION_NOT_FOUND where nobody can sign in so,
 * REDIRECT_NOT_ALLOWED, SSO_AUTHENTICATION_ERROR.
 */
export async function startSso(ctx: Ctx, { chosen, ...start }: SsoStart): Promise<Started> {
  const configuration = await findChosen(ctx, chosen)
  if (configuration?.status !== 'active') throw configurationNotFound()
  return startFlow(ctx, await providerOf(ctx, configuration), {
    ...start,
    loginHint: start.loginHint ?? ('email' in chosen ? normalizeEmail(chosen.email) : null),
    redirectUri: configuration.redirectUri,
    isClientMode: false,
    link: null,
    scopes: [],
    continueAt: '/api/v1/sso/continue',
  })
}

async function findChosen(ctx: Ctx, chosen: Chosen): Promise<SeenConfiguration | undefined> {
  if ('organization' in chosen) {
    const { organization } = chosen
    const row = (await findConnectionOfSlug(ctx, organization)) ?? (await findConnectionOfAny(ctx, organization))
    return row && seen(ctx, row)
  }
  if ('issuer' in chosen) return findOfIssuer(ctx, chosen)
  return findOfDomain(ctx, 'domain' in chosen ? (findMailDomain(chosen.domain) ?? '') : domainOf(chosen.email))
}

const domainOf = (email: string): string => mailDomainOf(normalizeEmail(email))

async function findOfDomain(ctx: Ctx, domain: string): Promise<SeenConfiguration | undefined> {
  const owner = await findDomainOwner(ctx, domain)
  const row = owner && (await findConnectionOfAny(ctx, owner.organizationId))
  return row && isUsable(row, domain) ? seen(ctx, row) : undefined
}

/** Several organizations may have one issuer, as Google's: then the address that the provider expects decides. */
async function findOfIssuer(
  ctx: Ctx,
  { issuer, loginHint }: { issuer: string; loginHint: string | null },
): Promise<SeenConfiguration | undefined> {
  const named = loginHint === null ? undefined : await findOfDomain(ctx, domainOf(loginHint))
  if (named?.issuer === issuer) return named
  const [only, ...others] = await selectActiveOfIssuer(ctx, issuer, 2)
  return only && others.length === 0 ? seen(ctx, only) : undefined
}

/** Where a browser goes on with a sign-in that a program began. Good once. Throws OAUTH_STATE_INVALID, SSO_AUTHENTICATION_ERROR. */
export const continueSso = (ctx: Ctx, input: { state: string; browserSecret: string }) =>
  continueFlow(ctx, { ...ssoWay, isOf: ({ provider }) => connectionIdOf(provider) !== null }, input)

/**
 * Sign-ins at organizations' providers, whose answer came to this address of ours. One at the address of another connection was
 * mixed up with that one's (RFC 9700 4.4).
 */
export const ssoWayAt = (ctx: Pick<Ctx, 'config'>, connectionId: string | null): Way => ({
  ...ssoWay,
  isOf: ({ provider, redirectUri }) =>
    connectionIdOf(provider) !== null && redirectUri === callbackOf(ctx, connectionId),
})

const ssoWay: Omit<Way, 'isOf'> = {
  open: async (ctx, { provider: name }) => {
    const row = await findConnectionOfAny(ctx, connectionIdOf(name) ?? '')
    const configuration = row && seen(ctx, row)
    if (configuration?.status !== 'active') throw new SignInRefused(ssoAuthenticationError, 'configuration')
    const provider = await providerOf(ctx, configuration)
    return { provider, settle: (answers) => settle(ctx, configuration, answers) }
  },
  refusal: (ctx, { provider }, error) => {
    const id = connectionIdOf(provider)
    // Beyond the limit nothing is recorded: one answer, sent again and again, could flood the organization's record.
    if (id !== null && error.kind !== 'rate_limited') ctx.defer(recordRefusal(ctx, id, error))
    return error.code === exchangeFailed.code ? ssoAuthenticationError() : error
  },
}

async function settle(ctx: Ctx, configuration: SeenConfiguration, answers: ProviderAnswers): Promise<Arrived> {
  const { id: connectionId, metadata } = configuration
  const hasLogout = metadata.end_session_endpoint !== undefined
  const person = readPerson(configuration, mappingOf(configuration), answers)
  if (!person) throw new SignInRefused(ssoAuthenticationError, 'not_admitted')
  const { sid } = answers.claims
  const names = { subject: person.subject, session: typeof sid === 'string' && sid !== '' ? sid : null }
  requireShort(names)
  const settled = await settlePerson(ctx, configuration, person)
  const { organizationId } = settled
  return {
    ...settled,
    method: 'sso',
    amr: FEDERATED,
    origin: await originOf(
      ctx,
      { connectionId, organizationId, hasLogout, secondFactor: person.hasSecondFactor },
      names,
    ),
  }
}

/** The provider decides how long they are, and they are stored. */
function requireShort({ subject, session }: ProviderNames): void {
  if (subject.length > MAX_SUBJECT_LENGTH) throw new SignInRefused(ssoAuthenticationError, 'subject')
  if (session !== null && session.length > MAX_SUBJECT_LENGTH)
    throw new SignInRefused(ssoAuthenticationError, 'session')
}

/** For the organization's admins: who signs in is told nothing. */
async function recordRefusal(ctx: Ctx, connectionId: string, error: DomainError): Promise<void> {
  const connection = await findConnectionOfAny(ctx, connectionId)
  if (!connection) return
  await record(ctx, {
    type: 'sso.sign_in_refused',
    subject: connectionId,
    userId: null,
    organizationId: connection.organizationId,
    actor: { type: 'system', id: 'sso' },
    data: { reason: error instanceof SignInRefused ? error.reason : error.code.toLowerCase() },
  })
}
