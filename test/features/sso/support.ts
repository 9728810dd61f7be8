import type { Ctx } from '../../../src/context.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env, type TestApp } from '../../support/app.ts'
import type { Person, Team } from '../../support/organizations.ts'
import { claimsOf } from '../../support/tokens.ts'

export const run = (statement: string, ...values: unknown[]) =>
  env.DB.prepare(statement)
    .bind(...values)
    .run()

export const rowsOf = async <T = Record<string, unknown>>(statement: string, ...values: unknown[]): Promise<T[]> =>
  (
    await env.DB.prepare(statement)
      .bind(...values)
      .all<T>()
  ).results

type Answer = () => Response | Promise<Response>

/** What other servers answer: the host of an address, and what it says. Whoever is not there does not answer. */
export interface Net {
  readonly answers: Map<string, (url: URL, init: RequestInit | undefined) => Response | Promise<Response>>
  readonly asked: { readonly url: URL; readonly init: RequestInit | undefined }[]
}

export const RESOLVERS = ['cloudflare-dns.com', 'dns.google'] as const

/** An app whose calls to others end in `net`, with a clock that tests move by `clock.ahead`. */
export function appWithNet(): { app: TestApp; net: Net; clock: { ahead: number } } {
  const net: Net = { answers: new Map(), asked: [] }
  const clock = { ahead: 0 }
  const fetch = (async (input: RequestInfo | URL, init?: RequestInit) => {
    const url = new URL(String(input))
    net.asked.push({ url, init })
    const answer = net.answers.get(url.host)
    if (!answer) throw new TypeError('Network connection lost.')
    return answer(url, init)
  }) as typeof globalThis.fetch
  const override = (ctx: Ctx): Ctx => ({ ...ctx, fetch, now: () => Date.now() + clock.ahead })
  return { app: createTestApp({ override }), net, clock }
}

/** A TXT record as both resolvers write it. */
export const txt = (name: string, ...values: string[]): Answer => {
  const Answer = values.map((value) => ({ name: `${name}.`, type: 16, TTL: 60, data: `"${value}"` }))
  return () => Response.json({ Status: 0, TC: false, Answer })
}

export const NOTHING: Answer = () => Response.json({ Status: 3, TC: false })

/** What both resolvers say. */
export function setDns({ answers }: Net, ...said: readonly [Answer] | readonly [Answer, Answer]): void {
  const [first, second = first] = said
  answers.set(RESOLVERS[0], first)
  answers.set(RESOLVERS[1], second)
}

export const newDomain = (): string => `${newUuid().slice(0, 18)}.test`

/** A domain that the team has verified, without a word to anybody. */
export async function giveDomain(team: Pick<Team, 'id'>, domain = newDomain(), checkAt: number | null = null) {
  await run(
    'insert into organization_domains (organization_id, domain, challenge, created_at, verified_at, check_at) values (?, ?, ?, 1, 1, ?)',
    team.id,
    domain,
    `challenge-of-${domain}`,
    checkAt,
  )
  return domain
}

interface Recorded {
  readonly type: string
  readonly actor_type: string
  readonly data: Record<string, unknown>
}

/** What the record has of an organization's single sign-on, in order. */
export async function eventsOf(organizationId: string): Promise<Recorded[]> {
  const rows = await rowsOf<{ type: string; actor_type: string; data: string }>(
    "select type, actor_type, data from events where organization_id = ? and type like 'sso.%' order by position",
    organizationId,
  )
  return rows.map(({ data, ...rest }) => ({ ...rest, data: JSON.parse(data) }))
}

export const ISSUER = 'https://idp.engines.test'

/** Metadata as a provider publishes them. */
export const metadataOf = (issuer: string, changed: Record<string, unknown> = {}) => {
  const base = issuer.replace(/\/$/, '')
  return {
    issuer,
    authorization_endpoint: `${base}/authorize`,
    token_endpoint: `${base}/token`,
    jwks_uri: `${base}/keys`,
    userinfo_endpoint: `${base}/userinfo`,
    response_types_supported: ['code'],
    id_token_signing_alg_values_supported: ['RS256', 'HS256'],
    token_endpoint_auth_methods_supported: ['client_secret_basic'],
    ...changed,
  }
}

/** Lets an issuer publish its metadata, or something else in their place. */
export function publish(
  net: Net,
  issuer = ISSUER,
  answer: () => Response | Promise<Response> = () => Response.json(metadataOf(issuer)),
): void {
  const at = new URL(`${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`)
  net.answers.set(at.host, (url) => (url.href === at.href ? answer() : new Response('Not Found', { status: 404 })))
}

/** A configuration that was made through the API. */
export async function configure(team: Team, net: Net, fields: Record<string, unknown> = {}) {
  publish(net, String(fields.oidc_issuer ?? ISSUER))
  const { status, body } = await team.owner.call('POST', `/api/v1/sso/configurations?organization_id=${team.id}`, {
    provider: 'oidc',
    oidc_issuer: ISSUER,
    oidc_client_id: 'the-client',
    oidc_client_secret: 'the-secret',
    ...fields,
  })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return body as { id: string; redirect_uri: string } & Record<string, unknown>
}

/** The person's session is one that the organization's provider has opened. */
export const setOpenedBySso = ({ id: organizationId }: Pick<Team, 'id'>, { id, headers }: Person) =>
  run(
    "insert into federated_sessions (session_id, organization_id, user_id, connection_id, expires_at) values (?, ?, ?, 'by hand', 9e15)",
    claimsOf(headers.authorization ?? '').sid,
    organizationId,
    id,
  )
