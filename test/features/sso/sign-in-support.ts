import type { Policy } from '../../../src/features/sso/service/policy.ts'
import { MINUTE } from '../../../src/lib/time.ts'
import { createTeam, type Person, type Team } from '../../support/organizations.ts'
import { CLIENTS } from '../../support/providers/clients.ts'
import { OIDC_ISSUER } from '../../support/providers/openid.ts'
import { createProviders } from '../../support/providers/providers.ts'
import type { SignedInUser } from '../../support/users.ts'
import { enrolQuickly, SECRET, STEP, totpAt } from '../factors/totp/support.ts'
import {
  type Answer,
  answerOf,
  type Browser,
  codeIn,
  createFederation,
  exchange,
  type Federation,
  JSON_ONLY,
  RETURN_TO,
} from '../federation/support.ts'
import { eventsOf, giveDomain, rowsOf, run } from './support.ts'

export const CALLBACK = '/api/v1/sso/oidc/callback'
export const ORIGIN = 'http://127.0.0.1:8787'

export interface Sso extends Federation {
  /** What is registered at the provider, of connections too that do not name themselves: a test adds to it. */
  readonly redirectUris: string[]
}

/** A service where organizations' providers are one stand-in, which knows our callback of connections that name themselves. */
export function createSso(
  options: Pick<NonNullable<Parameters<typeof createFederation>[0]>, 'env' | 'override'> = {},
): Sso {
  const redirectUris = [RETURN_TO, `${ORIGIN}${CALLBACK}`]
  return { ...createFederation({ ...options, providers: createProviders({ redirectUris }) }), redirectUris }
}

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

/** The connection's provider does not name itself in its answers, so they come to an address of its own. */
export async function makeNameless({ redirectUris }: Sso, { id }: Enterprise): Promise<void> {
  const name = '$.authorization_response_iss_parameter_supported'
  await run('update sso_connections set metadata = json_remove(metadata, ?) where id = ?', name, id)
  redirectUris.push(`${ORIGIN}${CALLBACK}/${id}`)
}

/** The organization requires single sign-on, without a word to anybody. */
export const requireSso = ({ team }: Pick<Enterprise, 'team'>, { allowBreakGlass = true }: Partial<Policy> = {}) =>
  run(
    'insert into sso_policies (organization_id, required, allow_break_glass, updated_at) values (?, 1, ?, 1) on conflict do update set required = 1, allow_break_glass = excluded.allow_break_glass',
    team.id,
    Number(allowBreakGlass),
  )

type SomePerson = Parameters<Federation['providers']['person']>[1] & {
  readonly email?: string
  readonly sub?: string
  readonly email_verified?: boolean
  readonly claims?: Record<string, unknown>
}

/** Who stands before the provider's page. */
export const choose = ({ providers }: Federation, person: SomePerson) => providers.person('oidc', person as never)

/** Goes to the provider, where the chosen person agrees. Returns where it sends the browser back to. */
export async function toCallback({ providers }: Federation, by: Browser, query: Record<string, string>) {
  const started = await by.open(`/api/v1/sso/login?${new URLSearchParams({ redirect_to: RETURN_TO, ...query })}`)
  if (started.status !== 302) throw new Error(`the start answered ${started.status}: ${await started.text()}`)
  return providers.authorize(started.headers.get('location') ?? '')
}

/** A person with an address in the domain comes back from the provider with a code for the application, or an error. */
export async function returnBySso(
  federation: Federation,
  { domain }: Pick<Enterprise, 'domain'>,
  { email = `ada@${domain}`, by = federation.browser(), ...person }: SomePerson & { readonly by?: Browser } = {},
): Promise<URL> {
  choose(federation, { email, ...person })
  const answer = await by.callback(await toCallback(federation, by, { domain }))
  const location = answer.headers.get('location')
  if (location === null) throw new Error(`the callback answered ${answer.status}: ${await answer.text()}`)
  return new URL(location)
}

/** The whole sign-in of a person with an address in the domain, to the exchange's answer. */
export async function signInBySso(
  federation: Federation,
  enterprise: Pick<Enterprise, 'domain'>,
  person: Parameters<typeof returnBySso>[2] = {},
  body: Record<string, unknown> = {},
): Promise<Answer> {
  const code = codeIn(await returnBySso(federation, enterprise, person))
  return answerOf(exchange(federation.app, { code, ...body }))
}

/** The same by a program that has the browser's cookie: it is told why it was refused. */
export async function askBySso(
  federation: Federation,
  { domain }: Pick<Enterprise, 'domain'>,
  { email = `ada@${domain}`, by = federation.browser(), ...person }: SomePerson & { readonly by?: Browser } = {},
): Promise<Answer> {
  choose(federation, { email, ...person })
  return answerOf(by.callback(await toCallback(federation, by, { domain }), JSON_ONLY))
}

/** Why sign-ins were refused, for the organization's admins. */
export async function reasonsOf({ app }: Federation, { team }: Pick<Enterprise, 'team'>): Promise<unknown[]> {
  await app.settled()
  return (await eventsOf(team.id)).filter(({ type }) => type === 'sso.sign_in_refused').map(({ data }) => data.reason)
}

export const originsOf = (userId: string) =>
  rowsOf('select session_id, organization_id, connection_id from federated_sessions where user_id = ?', userId)

/** The person has an authenticator app from now on. */
export async function enrol({ app, id }: Person): Promise<void> {
  await enrolQuickly({ ...app, clock: { now: Date.now() - MINUTE } }, { user: { id } } as SignedInUser)
}

/** A code of the app; each is good once, and so are those of the steps before it. */
export const codeOfApp = (step: -1 | 0 | 1 = 0): string => totpAt(SECRET, Date.now() + step * STEP)
