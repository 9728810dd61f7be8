import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import type { Call, Row, Scene } from '../row.ts'
import { inPlace, ONE, type Place, place } from './organizations.ts'
import { forOwnerAndAdmin, NOT_A_TOKEN } from './shared.ts'

const run = (statement: string, ...values: unknown[]) =>
  env.DB.prepare(statement)
    .bind(...values)
    .run()

/** A domain that the organization has verified: no record is read again. */
async function domainOf({ id }: Place): Promise<string> {
  const domain = `${newUuid()}.test`
  await run("insert into organization_domains values (?, ?, 'x', 1, 1, 0, null, null)", id, domain)
  return domain
}

/** The configuration of the scene's organization: its provider is nowhere. */
async function configurationOf({ id: organizationId }: Place): Promise<string> {
  const id = newUuid()
  const issuer = 'http://127.0.0.1:1'
  const metadata = JSON.stringify({ issuer, authorization_endpoint: `${issuer}/authorize` })
  await run(
    `insert into sso_connections (id, organization_id, provider, issuer, client_id, secret_sealed, metadata, check_at, created_at, updated_at)
     values (?, ?, 'oidc', ?, 'x', 'x', ?, 9e15, 1, 1) on conflict do nothing`,
    id,
    organizationId,
    issuer,
    metadata,
  )
  return organizationId
}

const onDomain = inPlace(async (made) => ({ path: { domain: await domainOf(made) }, body: {} }))

const onConfiguration = (call: (id: string) => Call): Row => ({
  call: async (scene: Scene) => call(await configurationOf(await place(scene))),
  ...forOwnerAndAdmin(404),
})

const SSO = '/api/v1/sso'
const UNKNOWN = { state: NOT_A_TOKEN, code: 'x' }
const OF_ONE = `${SSO}/configurations/:config_id`

export const SSO_ROWS: Readonly<Record<string, Row>> = {
  [`GET ${ONE}/domains`]: inPlace(),
  [`POST ${ONE}/domains`]: { ...inPlace(() => ({ body: { domain: `${newUuid()}.test` } })), good: 201 },
  [`POST ${ONE}/domains/:domain/verify`]: onDomain,
  [`DELETE ${ONE}/domains/:domain`]: onDomain,
  [`PUT ${ONE}/sso-policy`]: inPlace(() => ({ body: { allow_break_glass: false } })),
  [`GET ${SSO}/configurations`]: {
    call: async (scene) => ({ query: { organization_id: (await place(scene)).id } }),
    ...forOwnerAndAdmin(404),
  },
  // What is not spoken is refused once the caller may ask: no provider is called.
  [`POST ${SSO}/configurations`]: {
    call: async (scene) => ({ query: { organization_id: (await place(scene)).id }, body: { provider: 'ldap' } }),
    good: 400,
    ...forOwnerAndAdmin(404),
  },
  [`GET ${OF_ONE}`]: onConfiguration((id) => ({ path: { config_id: id } })),
  [`PUT ${OF_ONE}`]: onConfiguration((id) => ({ path: { config_id: id }, body: { name: 'Ours' } })),
  [`DELETE ${OF_ONE}`]: onConfiguration((id) => ({ path: { config_id: id } })),
  [`POST ${SSO}/test`]: onConfiguration((id) => ({ body: { configuration_id: id } })),
  [`POST ${SSO}/discover`]: { call: () => ({ body: { email: 'ada@engines.test' } }) },
  [`GET ${SSO}/login`]: { call: () => ({ query: { domain: 'engines.test' } }), good: 404 },
  [`GET ${SSO}/oidc/initiate`]: { call: () => ({ query: { iss: 'https://idp.engines.test' } }), good: 404 },
  [`POST ${SSO}/initiate`]: { call: () => ({ body: { email: 'ada@engines.test' } }), good: 404 },
  [`GET ${SSO}/continue`]: { call: () => ({ query: { request: NOT_A_TOKEN } }), good: 400 },
  [`GET ${SSO}/oidc/callback`]: { call: () => ({ query: UNKNOWN }), good: 400 },
  [`POST ${SSO}/oidc/callback`]: { call: () => ({ body: UNKNOWN }), good: 400 },
  [`GET ${SSO}/oidc/callback/:config_id`]: {
    call: () => ({ path: { config_id: newUuid() }, query: UNKNOWN }),
    good: 400,
  },
  [`GET ${SSO}/logout`]: { call: () => ({ query: { token: NOT_A_TOKEN } }), good: 400 },
  [`POST ${SSO}/oidc/backchannel-logout`]: { call: () => ({ body: { logout_token: NOT_A_TOKEN } }), good: 400 },
  [`GET ${SSO}/metadata/:organization_id`]: { call: () => ({ path: { organization_id: newUuid() } }), good: 404 },
  [`POST ${SSO}/saml/acs`]: { call: () => ({ body: { SAMLResponse: 'x', RelayState: NOT_A_TOKEN } }), good: 400 },
  [`GET ${SSO}/saml/slo`]: { call: () => ({ query: { SAMLRequest: 'x' } }), good: 400 },
  [`POST ${SSO}/saml/slo`]: { call: () => ({ body: { SAMLRequest: 'x' } }), good: 400 },
  [`POST ${SSO}/oidc/callback/:config_id`]: {
    call: () => ({ path: { config_id: newUuid() }, body: UNKNOWN }),
    good: 400,
  },
}
