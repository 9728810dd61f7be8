import type { Ctx } from '../../../context.ts'
import { isUuid } from '../../../lib/ids.ts'
import { late } from '../../../lib/late.ts'
import { SECOND } from '../../../lib/time.ts'
import { findDomainOwner } from '../../domains/service.ts'
import { SignInRefused } from '../../federation/errors.ts'
import type { Arrived, Way } from '../../federation/service/callback.ts'
import { askByCode, type CallbackInput, requireIdentity } from '../../federation/service/code-answer.ts'
import type { Flow } from '../../federation/service/flow.ts'
import { authorizationUrl } from '../../federation/service/protocol.ts'
import { continueFlow, type Started, startFlow } from '../../federation/service/start.ts'
import type { ProviderAnswers } from '../../federation/types.ts'
import { findMailDomain, mailDomainOf, normalizeEmail } from '../../users/service/users.ts'
import { configurationNotFound, ssoAuthenticationError } from '../errors.ts'
import { PROVIDER_ROWS } from '../rules/providers.ts'
import { findConnectionOfAny, findConnectionOfSlug, selectActiveOfIssuer } from '../store/connections.ts'
import { callbackOf } from './addresses.ts'
import { isUsable, mappingOf, type SeenConfiguration, type SeenOpenid, seen } from './configuration.ts'
import { connectionIdOf, providerNameOf, providerOf } from './provider.ts'
import { readPerson } from './read-person.ts'
import { arrive, isForced, openConfiguration, openConfigurationIn, refusalOf } from './way.ts'

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
  return startFlow(ctx, {
    ...start,
    provider: providerNameOf(configuration),
    addressOf: await destinationOf(ctx, configuration),
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
    // An id is never a slug: older slugs of its form would lead its people to somebody else's provider.
    const find = isUuid(organization) ? findConnectionOfAny : findConnectionOfSlug
    const row = await find(ctx, organization)
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
  continueFlow(
    ctx,
    {
      isOf: ({ provider }) => connectionIdOf(provider) !== null,
      addressOf: async (_, flow) => (await destinationOf(ctx, await openConfiguration(ctx, flow)))(flow),
    },
    input,
  )

/** Loaded with the first request in SAML. */
const saml = late(() => import('./saml-request.ts'))

/** The provider's address for a flow, with what it is asked there. Throws SSO_AUTHENTICATION_ERROR. */
async function destinationOf(ctx: Ctx, configuration: SeenConfiguration): Promise<(flow: Flow) => Promise<string>> {
  if (configuration.protocol === 'saml') {
    const { samlAddress } = await saml.load()
    return (flow) => samlAddress(ctx, configuration, flow)
  }
  const provider = await providerOf(ctx, configuration)
  // Google answers it with an error.
  const isAsked = PROVIDER_ROWS[configuration.provider].issuer === undefined
  return (flow) => authorizationUrl(provider, isAsked || !isForced(flow) ? flow : { ...flow, prompt: null })
}

/**
 * Sign-ins by OpenID Connect, whose answer came to this address of ours. One at the address of another connection was
 * mixed up with that one's (RFC 9700 4.4).
 */
export const openidWayAt = (ctx: Pick<Ctx, 'config'>, connectionId: string | null): Way<CallbackInput> => ({
  isOf: ({ provider, redirectUri }) =>
    connectionIdOf(provider) !== null && redirectUri === callbackOf(ctx, connectionId),
  prove: async (ctx, flow, input) => {
    const takenAt = ctx.now()
    const configuration = await openConfigurationIn(ctx, 'openid', flow)
    const provider = await providerOf(ctx, configuration)
    const answers = await askByCode(ctx, provider, flow, input)
    return {
      settle: () => settle(ctx, configuration, answers, { flow, takenAt }),
      identity: () => requireIdentity(ctx, provider, answers),
    }
  },
  refusal: refusalOf,
})

async function settle(
  ctx: Ctx,
  configuration: SeenOpenid,
  answers: ProviderAnswers,
  asked: { readonly flow: Flow; readonly takenAt: number },
): Promise<Arrived> {
  const person = readPerson(configuration, mappingOf(configuration), answers)
  if (!person) throw new SignInRefused(ssoAuthenticationError, 'not_admitted')
  const { sid, auth_time: authTime } = answers.claims
  const names = { subject: person.subject, session: typeof sid === 'string' && sid !== '' ? sid : null }
  const authenticatedAt = typeof authTime === 'number' ? authTime * SECOND : null
  const hasLogout = configuration.metadata.end_session_endpoint !== undefined
  return arrive(ctx, configuration, { ...asked, authenticatedAt, person, names, hasLogout, endsAt: null })
}
