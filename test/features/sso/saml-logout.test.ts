import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { withMethods } from '../../support/objects.ts'
import { ENTITY, encode, replaced, sign } from '../../support/saml/documents.ts'
import type { TestKey } from '../../support/saml/keys.ts'
import { LOGOUT_RESPONSE, redirected, SLO } from '../../support/saml/logout.ts'
import { type Answer, answerOf, bearerOf, JSON_ONLY, pathOf, RETURN_TO } from '../federation/support.ts'
import { idOf, inSession, logoutRequest, SLO_PATH, sendLogout } from './logout-support.ts'
import {
  answerTo,
  goToProvider,
  inflate,
  KEY,
  OTHER_KEY,
  openSaml,
  postForm,
  type SamlEnterprise,
  SLO_URL,
  signInBySaml,
} from './saml-support.ts'
import { createSso, ORIGIN } from './sign-in-support.ts'
import { eventsOf, run } from './support.ts'

const federation = createSso()
const { app, browser } = federation

const REFUSED = { status: 400, code: 'SSO_LOGOUT_INVALID' }

const isLive = async (signedIn: Answer): Promise<boolean> =>
  (await app.fetch('/api/v1/auth/me', { headers: bearerOf(signedIn) })).status === 200

const byRedirect = (xml: string, by: TestKey = KEY, more: Parameters<typeof sendLogout>[2] = {}) =>
  sendLogout(app, xml, { by, ...more })
const byPost = (xml: string, by: TestKey = KEY, fields: Record<string, string> = {}) =>
  postForm(browser(), SLO_PATH, { SAMLRequest: encode(sign(xml, idOf(xml), by)), ...fields }, JSON_ONLY)

/** Somebody who signed in twice, in two sessions of the provider. */
async function twoSessions(fields: Record<string, unknown> = {}) {
  const enterprise = await openSaml(federation, fields)
  const sessions = [
    await signInBySaml(federation, enterprise, { edit: inSession('_one') }),
    await signInBySaml(federation, enterprise, { edit: inSession('_two') }),
  ] as const
  return { enterprise, sessions }
}

describe('a request of the provider', () => {
  it.each([
    ['redirect', byRedirect],
    ['POST', byPost],
  ])('by %s ends the sessions of the person, and is answered with a signed response', async (_, send) => {
    const { enterprise, sessions } = await twoSessions()
    const request = logoutRequest(enterprise)
    const answer = await send(request)
    expect(answer.status).toBe(302)
    const back = new URL(answer.headers.get('location') ?? '')
    expect(back.origin + back.pathname).toBe(SLO_URL)
    expect([...back.searchParams.keys()]).toEqual(['SAMLResponse', 'SigAlg', 'Signature'])
    const xml = await inflate(back.searchParams.get('SAMLResponse') ?? '')
    expect(xml).toContain(`InResponseTo="${idOf(request)}"`)
    expect(xml).toContain('status:Success')
    expect(xml).not.toContain('PartialLogout')
    expect(await Promise.all(sessions.map(isLive))).toEqual([false, false])
    expect((await eventsOf(enterprise.team.id)).at(-1)).toMatchObject({ type: 'sso.logout', data: { sessions: 2 } })
  })

  it('that names a session ends that one alone, and takes its state along', async () => {
    const { enterprise, sessions } = await twoSessions()
    const answer = await byRedirect(logoutRequest(enterprise, { sessions: ['_one'] }), KEY, { relayState: 'theirs' })
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('RelayState')).toBe('theirs')
    expect(await Promise.all(sessions.map(isLive))).toEqual([false, true])
  })

  it('counts once: a later session of the person stays', async () => {
    const { enterprise } = await twoSessions()
    const request = logoutRequest(enterprise)
    expect((await byRedirect(request)).status).toBe(302)
    const later = await signInBySaml(federation, enterprise)
    expect(await answerOf(byRedirect(request))).toMatchObject(REFUSED)
    expect(await answerOf(byPost(request))).toMatchObject(REFUSED)
    expect(await isLive(later)).toBe(true)
  })

  it('of a provider without an address for it ends in a page', async () => {
    const { enterprise, sessions } = await twoSessions({ saml_slo_url: null })
    const answer = await byRedirect(logoutRequest(enterprise))
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')])
    expect(await isLive(sessions[0])).toBe(false)
  })

  it('is of the connection whose key verifies it, where several name one entity', async () => {
    const first = await openSaml(federation, { saml_certificate: OTHER_KEY.certificate })
    const enterprise = await openSaml(federation, { saml_entity_id: first.entity })
    const mine = await signInBySaml(federation, enterprise)
    const theirs = await signInBySaml(federation, { ...first, key: OTHER_KEY }, { name: `ada@${first.domain}` })
    expect((await byRedirect(logoutRequest(first, { name: `ada@${enterprise.domain}` }), OTHER_KEY)).status).toBe(302)
    expect(await Promise.all([mine, theirs].map(isLive))).toEqual([true, true])
    expect((await byRedirect(logoutRequest(enterprise))).status).toBe(302)
    expect(await Promise.all([mine, theirs].map(isLive))).toEqual([false, true])
  })

  it('ends what it names in each organization that has this provider, and is answered by one that had such a session', async () => {
    const first = await openSaml(federation)
    const second = await openSaml(federation, { saml_entity_id: first.entity })
    const stranger = await openSaml(federation, {
      saml_entity_id: first.entity,
      saml_certificate: OTHER_KEY.certificate,
    })
    const name = newUuid()
    const enter = (at: SamlEnterprise, index: string) =>
      signInBySaml(federation, at, { name, email: `ada@${at.domain}`, edit: inSession(index) })
    const sessions = [
      await enter(first, '_one'),
      await enter(second, '_one'),
      await enter(second, '_two'),
      await enter({ ...stranger, key: OTHER_KEY }, '_one'),
    ]
    const live = () => Promise.all(sessions.map(isLive))
    const answered = async (request: string) => {
      const back = new URL((await byPost(request)).headers.get('location') ?? '')
      return [
        back.origin + back.pathname,
        / *<saml:Issuer[^>]*>([^<]*)/.exec(await inflate(back.searchParams.get('SAMLResponse') ?? ''))?.[1],
      ]
    }
    expect(await answered(logoutRequest(first, { name, sessions: ['_two'] }))).toEqual([SLO_URL, second.audience])
    expect(await live()).toEqual([true, true, false, true])
    const all = logoutRequest(first, { name, sessions: ['_one', '_three'] })
    expect(await answered(all)).toEqual([SLO_URL, first.audience])
    expect(await live()).toEqual([false, false, false, true])
    expect(await answerOf(byPost(all))).toMatchObject(REFUSED)
    expect(await answered(logoutRequest(first, { name: 'nobody' }))).toEqual([SLO_URL, first.audience])
  })

  it('ends in a page where another organization has configured its entity and certificate with an address of its own', async () => {
    const { enterprise, sessions } = await twoSessions()
    await openSaml(federation, { saml_entity_id: enterprise.entity, saml_slo_url: `${SLO_URL}/eve` })
    const request = logoutRequest(enterprise)
    const answer = await byRedirect(request, KEY, { relayState: 'theirs' })
    expect([answer.status, answer.headers.get('location')]).toEqual([200, null])
    expect(await Promise.all(sessions.map(isLive))).toEqual([false, false])
    // Nor one that is made after the request was taken, by the same request.
    const late = await twoSessions()
    const taken = logoutRequest(late.enterprise)
    expect((await byRedirect(taken)).status).toBe(302)
    await openSaml(federation, { saml_entity_id: late.enterprise.entity, saml_slo_url: `${SLO_URL}/eve` })
    const again = await byRedirect(taken)
    expect([again.status, again.headers.get('location')]).toEqual([200, null])
  })

  it('is taken only where the organization has a verified domain, also when sign-in is disabled', async () => {
    const { enterprise, sessions } = await twoSessions()
    const { team, id } = enterprise
    const verified = (at: number | null) =>
      run('update organization_domains set verified_at = ? where organization_id = ?', at, team.id)
    await verified(null)
    for (const send of [byRedirect, byPost])
      expect(await answerOf(send(logoutRequest(enterprise)))).toMatchObject(REFUSED)
    expect(await Promise.all(sessions.map(isLive))).toEqual([true, true])
    await verified(1)
    await run('update sso_connections set enabled = 0 where id = ?', id)
    expect((await byRedirect(logoutRequest(enterprise))).status).toBe(302)
    expect(await Promise.all(sessions.map(isLive))).toEqual([false, false])
  })

  const late = (ms: number) => (xml: string) =>
    replaced(xml, /IssueInstant="[^"]+"/, `IssueInstant="${new Date(Date.now() + ms).toISOString()}"`)
  const unsigned = (xml: string) =>
    app.fetch(`${SLO_PATH}?SAMLRequest=${encodeURIComponent(encode(xml))}`, { headers: JSON_ONLY })

  it('that is not good ends nothing: 400', async () => {
    const { enterprise, sessions } = await twoSessions()
    const good = logoutRequest(enterprise)
    const query = await redirected(good, { by: KEY })
    const open = (changed: string) => app.fetch(`${SLO_PATH}?${changed}`, { headers: JSON_ONLY })
    // A good assertion, wrapped into a request that nobody signed.
    const { id } = await goToProvider(browser(), { domain: enterprise.domain })
    const response = new TextDecoder().decode(Uint8Array.fromBase64(answerTo(enterprise, { id })))
    const assertion = /<saml:Assertion .*<\/saml:Assertion>/s.exec(response)?.[0] ?? ''
    const wrapped = replaced(
      good,
      '</samlp:LogoutRequest>',
      `<samlp:Extensions>${assertion}</samlp:Extensions></samlp:LogoutRequest>`,
    )
    const bad: Record<string, () => Response | Promise<Response>> = {
      'another key, by redirect': () => byRedirect(good, OTHER_KEY),
      'another key, by POST': () => byPost(good, OTHER_KEY),
      'no signature': () => unsigned(good),
      'no signature, by POST': () => postForm(browser(), SLO_PATH, { SAMLRequest: encode(good) }, JSON_ONLY),
      'another encoding of the query': () =>
        open(query.replaceAll('%2B', '%2b').replaceAll('%2F', '%2f').replaceAll('%3D', '%3d')),
      'a state that was added': () => open(`${query}&RelayState=x`),
      'a parameter twice': () => open(`${query}&SigAlg=x`),
      'a wrapped assertion': () => postForm(browser(), SLO_PATH, { SAMLRequest: encode(wrapped) }, JSON_ONLY),
      'another address': () =>
        byRedirect(replaced(good, /Destination="[^"]+"/, 'Destination="https://other.example/slo"')),
      'another entity': () => byRedirect(good.replaceAll(enterprise.entity, 'https://unknown.example')),
      'six minutes ago': () => byRedirect(late(-6 * 60_000)(good)),
      'in two minutes': () => byRedirect(late(2 * 60_000)(good)),
      'no XML': () => byRedirect('no xml'),
    }
    for (const [how, send] of Object.entries(bad)) expect([how, (await send()).status]).toEqual([how, 400])
    expect(await Promise.all(sessions.map(isLive))).toEqual([true, true])
  })
})

describe('an object that does not answer', () => {
  it('makes the logout partial; the same request is good afterwards', async () => {
    const silent = createSso({
      override: (ctx) => ({
        ...ctx,
        objects: {
          ...ctx.objects,
          user: (id) =>
            withMethods(ctx.objects.user(id), {
              endSession: () => Promise.reject(new Error('silent')),
            } as never),
        },
      }),
    })
    const { enterprise, sessions } = await twoSessions()
    const request = logoutRequest(enterprise)
    const query = await redirected(request, { by: KEY })
    const answer = await silent.app.fetch(`${SLO_PATH}?${query}`, { headers: JSON_ONLY, redirect: 'manual' })
    const back = new URL(answer.headers.get('location') ?? '')
    expect(await inflate(back.searchParams.get('SAMLResponse') ?? '')).toContain('status:PartialLogout')
    expect(await Promise.all(sessions.map(isLive))).toEqual([true, true])
    expect((await byRedirect(request)).status).toBe(302)
    expect(await Promise.all(sessions.map(isLive))).toEqual([false, false])
  })
})

describe('a sign-out here', () => {
  const signOut = async (signedIn: Answer) =>
    answerOf(app.fetch('/api/v1/auth/signout', { method: 'POST', headers: bearerOf(signedIn) }))

  async function atProvider(returnTo = RETURN_TO) {
    const enterprise = await openSaml(federation)
    const signedIn = await signInBySaml(federation, enterprise)
    const { slo_url: url } = await signOut(signedIn)
    const to = await app.fetch(`${pathOf(url)}&return_url=${encodeURIComponent(returnTo)}`, { redirect: 'manual' })
    const address = new URL(to.headers.get('location') ?? 'about:blank')
    return { enterprise, signedIn, url, address, xml: await inflate(address.searchParams.get('SAMLRequest') ?? '') }
  }

  /** The provider's answer to our request. */
  const responseTo = ({ entity }: SamlEnterprise, requestId: string) =>
    LOGOUT_RESPONSE.replaceAll(SLO, `${ORIGIN}${SLO_PATH}`)
      .replaceAll(ENTITY, entity)
      .replace('"_ours"', `"${requestId}"`)
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, () => new Date().toISOString())

  it('goes to the provider with a signed request that names the person as it did, and comes back', async () => {
    const { enterprise, signedIn, url, address, xml } = await atProvider()
    expect(await isLive(signedIn)).toBe(false)
    expect(address.origin + address.pathname).toBe(SLO_URL)
    expect([...address.searchParams.keys()]).toEqual(['SAMLRequest', 'RelayState', 'SigAlg', 'Signature'])
    expect(xml).toContain(
      `<saml:NameID NameQualifier="nq" SPNameQualifier="sp" Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress">ada@${enterprise.domain}</saml:NameID><samlp:SessionIndex>_session</samlp:SessionIndex>`,
    )
    // Good once.
    expect((await app.fetch(pathOf(url), { headers: JSON_ONLY })).status).toBe(400)
    const relayState = address.searchParams.get('RelayState') ?? ''
    const response = responseTo(enterprise, idOf(xml))
    const back = { relayState, parameter: 'SAMLResponse' }
    for (const [by, said] of [
      [OTHER_KEY, response],
      [KEY, responseTo(enterprise, '_another')],
    ] as const)
      expect(await answerOf(byRedirect(said, by, back))).toMatchObject(REFUSED)
    // Without the answer the state leads nowhere, and stays good for it.
    const bare = app.fetch(`/api/v1/sso/logout?state=${encodeURIComponent(relayState)}`, { headers: JSON_ONLY })
    expect(await answerOf(bare)).toMatchObject({ status: 400, code: 'OAUTH_STATE_INVALID' })
    const end = await byRedirect(response, KEY, back)
    expect([end.status, end.headers.get('location')]).toEqual([302, RETURN_TO])
    expect((await byRedirect(response, KEY, back)).status).toBe(400)
  })

  it('comes back by POST too', async () => {
    const { enterprise, address, xml } = await atProvider()
    const response = sign(responseTo(enterprise, idOf(xml)), '_answer', KEY)
    const fields = { SAMLResponse: encode(response), RelayState: address.searchParams.get('RelayState') ?? '' }
    const end = await postForm(browser(), SLO_PATH, fields)
    expect([end.status, end.headers.get('location')]).toEqual([302, RETURN_TO])
  })

  it('has no address where the provider has none', async () => {
    const enterprise = await openSaml(federation, { saml_slo_url: null })
    expect((await signOut(await signInBySaml(federation, enterprise))).slo_url).toBeUndefined()
  })
})
