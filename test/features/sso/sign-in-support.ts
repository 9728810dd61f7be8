import { createTeam, type Team } from '../../support/organizations.ts'
import { CLIENTS } from '../../support/providers/clients.ts'
import { OIDC_ISSUER } from '../../support/providers/openid.ts'
import { createProviders } from '../../support/providers/providers.ts'
import {
  answerOf,
  type Browser,
  codeIn,
  createFederation,
  exchange,
  type Federation,
  RETURN_TO,
} from '../federation/support.ts'
import { giveDomain } from './support.ts'

export const CALLBACK = '/api/v1/sso/oidc/callback'

/** A service where organizations' providers are one stand-in, which knows our callback of connections that name themselves. */
export const createSso = (
  options: Pick<NonNullable<Parameters<typeof createFederation>[0]>, 'env' | 'override'> = {},
) =>
  createFederation({
    ...options,
    providers: createProviders({ redirectUris: [RETURN_TO, `http://127.0.0.1:8787${CALLBACK}`] }),
  })

export interface Enterprise {
  readonly team: Team
  readonly domain: string
  /** The connection's id. */
  readonly id: string
}

/** An organization with a verified domain and a configuration. */
export async function openEnterprise({ app }: Federation, fields: Record<string, unknown> = {}): Promise<Enterprise> {
  const team = await createTeam(app)
  const domain = await giveDomain(team)
  const { status, body } = await team.owner.call('POST', `/api/v1/sso/configurations?organization_id=${team.id}`, {
    provider: 'oidc',
    oidc_issuer: OIDC_ISSUER,
    oidc_client_id: CLIENTS.oidc.id,
    oidc_client_secret: CLIENTS.oidc.secret,
    ...fields,
  })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return { team, domain, id: String(body.id) }
}

/** Goes to the provider, where the chosen person agrees. Returns where it sends the browser back to. */
export async function toCallback({ providers }: Federation, by: Browser, query: Record<string, string>) {
  const started = await by.open(`/api/v1/sso/login?${new URLSearchParams({ redirect_to: RETURN_TO, ...query })}`)
  if (started.status !== 302) throw new Error(`the start answered ${started.status}: ${await started.text()}`)
  return providers.authorize(started.headers.get('location') ?? '')
}

/** The whole sign-in of a person with an address in the domain, to the exchange's answer. */
export async function signInBySso(
  federation: Federation,
  { domain }: Pick<Enterprise, 'domain'>,
  {
    email = `ada@${domain}`,
    by = federation.browser(),
    ...person
  }: Parameters<Federation['providers']['person']>[1] & {
    readonly email?: string
    readonly by?: Browser
  } = {},
) {
  federation.providers.person('oidc', { email, ...person } as never)
  const answer = await by.callback(await toCallback(federation, by, { email }))
  const location = answer.headers.get('location')
  if (location === null) return answerOf(answer)
  return answerOf(exchange(federation.app, { code: codeIn(new URL(location)) }))
}
