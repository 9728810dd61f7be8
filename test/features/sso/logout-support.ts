import { newUuid } from '../../../src/lib/ids.ts'
import type { TestApp } from '../../support/app.ts'
import { CLIENTS } from '../../support/providers/clients.ts'
import { OIDC_ISSUER } from '../../support/providers/openid.ts'
import { ENTITY, replaced } from '../../support/saml/documents.ts'
import { NOW, type TestKey } from '../../support/saml/keys.ts'
import { LOGOUT_REQUEST, redirected, SLO } from '../../support/saml/logout.ts'
import { newAddress } from '../../support/users.ts'
import { JSON_ONLY } from '../federation/support.ts'
import { KEY, type SamlEnterprise } from './saml-support.ts'
import { ORIGIN } from './sign-in-support.ts'

export const EVENT = 'http://schemas.openid.net/event/backchannel-logout'

/** What a logout token of the stand-in says. */
export const logoutClaims = (claims: Record<string, unknown>) => ({
  iss: OIDC_ISSUER,
  aud: CLIENTS.oidc.id,
  iat: Math.floor(Date.now() / 1000),
  jti: newUuid(),
  events: { [EVENT]: {} },
  ...claims,
})

export async function postLogoutToken(app: TestApp, token: string, network = newAddress()) {
  const answer = await app.fetch('/api/v1/sso/oidc/backchannel-logout', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'cf-connecting-ip': network },
    body: new URLSearchParams({ logout_token: token }).toString(),
  })
  return { status: answer.status, text: await answer.text(), headers: answer.headers }
}

export const SLO_PATH = '/api/v1/sso/saml/slo'

interface Asked {
  readonly name?: string
  readonly sessions?: readonly string[]
  readonly edit?: (xml: string) => string
}

/** The request of a provider that speaks SAML, now; without sessions for all of the person's. */
export function logoutRequest(
  { entity, domain }: SamlEnterprise,
  { name = `ada@${domain}`, sessions = [], edit = (xml) => xml }: Asked = {},
) {
  const xml = LOGOUT_REQUEST.replaceAll(SLO, `${ORIGIN}${SLO_PATH}`)
    .replaceAll(ENTITY, entity)
    .replace('"_logout"', `"_${newUuid()}"`)
    .replace('ada@acme.example', name)
    .replace(
      /<samlp:SessionIndex>.*<\/samlp:SessionIndex>/,
      sessions.map((one) => `<samlp:SessionIndex>${one}</samlp:SessionIndex>`).join(''),
    )
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => new Date(Date.parse(time) + Date.now() - NOW).toISOString())
  return edit(xml)
}

export const idOf = (xml: string) => / ID="([^"]+)"/.exec(xml)?.[1] ?? ''

/** By redirect. */
export const sendLogout = async (
  app: TestApp,
  xml: string,
  { by = KEY, ...more }: { by?: TestKey; relayState?: string; parameter?: string } = {},
) => app.fetch(`${SLO_PATH}?${await redirected(xml, { by, ...more })}`, { headers: JSON_ONLY, redirect: 'manual' })

export const inSession = (index: string) => (xml: string) =>
  replaced(xml, 'SessionIndex="_session"', `SessionIndex="${index}"`)
