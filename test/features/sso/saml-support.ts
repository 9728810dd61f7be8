import { newUuid } from '../../../src/lib/ids.ts'
import { createTeam } from '../../support/organizations.ts'
import {
  ACS,
  ANSWER,
  AUDIENCE,
  ENTITY,
  encode,
  NAME,
  REQUEST,
  replaced,
  SHAPES,
  type Shape,
} from '../../support/saml/documents.ts'
import { makeKey, NOW, type TestKey } from '../../support/saml/keys.ts'
import { type Answer, answerOf, type Browser, codeIn, exchange, RETURN_TO } from '../federation/support.ts'
import { type Enterprise, ORIGIN, type Sso } from './sign-in-support.ts'
import { giveDomain } from './support.ts'

export const ACS_PATH = '/api/v1/sso/saml/acs'
export const SSO_URL = 'https://idp.example.test/sso'
export const SLO_URL = 'https://idp.example.test/slo'

export interface SamlEnterprise extends Enterprise {
  readonly entity: string
  readonly key: TestKey
  /** Our entity for the organization. */
  readonly audience: string
}

/** Making keys takes long: tests that do not care share one, as attackers would wish. */
export const KEY = makeKey()
export const OTHER_KEY = makeKey()

export const newEntity = (): string => `https://idp.example.test/${newUuid()}`

/** An organization with a verified domain and a configuration in SAML, given by hand. */
export async function openSaml({ app }: Sso, fields: Record<string, unknown> = {}): Promise<SamlEnterprise> {
  const team = await createTeam(app)
  const domain = await giveDomain(team)
  const entity = String(fields.saml_entity_id ?? newEntity())
  const { status, body } = await team.owner.call('POST', `/api/v1/sso/configurations?organization_id=${team.id}`, {
    provider: 'saml',
    saml_entity_id: entity,
    saml_sso_url: SSO_URL,
    saml_slo_url: SLO_URL,
    saml_certificate: KEY.certificate,
    ...fields,
  })
  if (status !== 201) throw new Error(JSON.stringify(body))
  return { team, domain, id: String(body.id), entity, key: KEY, audience: String(body.saml_sp_entity_id) }
}

export async function inflate(base64: string): Promise<string> {
  const stream = new Blob([Uint8Array.fromBase64(base64)]).stream().pipeThrough(new DecompressionStream('deflate-raw'))
  return new Response(stream).text()
}

/** What a browser takes to the provider. */
export interface SamlRequest {
  readonly url: URL
  readonly xml: string
  readonly id: string
  readonly state: string
}

export async function readRequest(address: string): Promise<SamlRequest> {
  const url = new URL(address)
  const xml = await inflate(url.searchParams.get('SAMLRequest') ?? '')
  return { url, xml, id: / ID="([^"]+)"/.exec(xml)?.[1] ?? '', state: url.searchParams.get('RelayState') ?? '' }
}

/** The browser goes to the provider. */
export async function goToProvider(by: Browser, query: Record<string, string>): Promise<SamlRequest> {
  const started = await by.open(`/api/v1/sso/login?${new URLSearchParams({ redirect_to: RETURN_TO, ...query })}`)
  if (started.status !== 302) throw new Error(`the start answered ${started.status}: ${await started.text()}`)
  return readRequest(started.headers.get('location') ?? '')
}

/** Whom the provider names, and how its answer differs from a good one. */
export interface Said {
  readonly name?: string
  readonly email?: string
  readonly shape?: Shape
  readonly by?: TestKey
  /** Before it is signed. */
  readonly edit?: (xml: string) => string
  /** After. */
  readonly forge?: (xml: string) => string
}

/** The tests' answer, as this provider gives it to this request, now. */
export function answerTo(
  { entity, audience, domain, key }: Pick<SamlEnterprise, 'entity' | 'audience' | 'domain' | 'key'>,
  { id }: Pick<SamlRequest, 'id'>,
  {
    name = `ada@${domain}`,
    email = name,
    shape = 'assertion',
    by = key,
    edit = (xml) => xml,
    forge = (xml) => xml,
  }: Said = {},
): string {
  const later = Date.now() - NOW
  const xml = ANSWER.replaceAll(ACS, `${ORIGIN}${ACS_PATH}`)
    .replaceAll(AUDIENCE, audience)
    .replaceAll(ENTITY, entity)
    .replaceAll(`"${REQUEST}"`, `"${id}"`)
    .replaceAll(`>${NAME}</saml:NameID>`, `>${name}</saml:NameID>`)
    .replaceAll(`>${NAME}</saml:AttributeValue>`, `>${email}</saml:AttributeValue>`)
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => new Date(Date.parse(time) + later).toISOString())
  return encode(forge(SHAPES[shape](edit(xml), by)))
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded', origin: 'https://idp.example.test' }

export const postForm = (
  by: Browser,
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
) => by.open(path, { method: 'POST', body: new URLSearchParams(fields).toString(), headers: { ...FORM, ...headers } })

/** The provider's page makes the browser post the answer. */
export const postAnswer = (by: Browser, answer: string, state: string | null, headers: Record<string, string> = {}) =>
  postForm(by, ACS_PATH, { SAMLResponse: answer, ...(state !== null && { RelayState: state }) }, headers)

/** The whole way to the application's address. */
export async function returnBySaml(
  federation: Sso,
  enterprise: SamlEnterprise,
  said: Said = {},
  by = federation.browser(),
) {
  const request = await goToProvider(by, { domain: enterprise.domain })
  const answer = await postAnswer(by, answerTo(enterprise, request, said), request.state)
  const location = answer.headers.get('location')
  if (location === null) throw new Error(`the ACS answered ${answer.status}: ${await answer.text()}`)
  return new URL(location)
}

export async function signInBySaml(federation: Sso, enterprise: SamlEnterprise, said: Said = {}): Promise<Answer> {
  return answerOf(exchange(federation.app, { code: codeIn(await returnBySaml(federation, enterprise, said)) }))
}

/** The same by a program that has the browser's cookie: it is told how it was refused. */
export async function askBySaml(federation: Sso, enterprise: SamlEnterprise, said: Said = {}): Promise<Answer> {
  const by = federation.browser()
  const request = await goToProvider(by, { domain: enterprise.domain })
  return answerOf(postAnswer(by, answerTo(enterprise, request, said), request.state, { accept: 'application/json' }))
}

/** Another value for an attribute, or another attribute. */
export const withAttribute =
  (name: string, ...values: readonly string[]) =>
  (xml: string) =>
    replaced(
      xml,
      '</saml:AttributeStatement>',
      `<saml:Attribute Name="${name}">${values.map((value) => `<saml:AttributeValue>${value}</saml:AttributeValue>`).join('')}</saml:Attribute></saml:AttributeStatement>`,
    )
