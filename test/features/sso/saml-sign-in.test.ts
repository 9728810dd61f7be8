import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import type { SamlPerson } from '../../../src/features/sso/saml/read-answer.ts'
import { readSamlPerson } from '../../../src/features/sso/service/read-saml-person.ts'
import { json } from '../../support/app.ts'
import { replaced } from '../../support/saml/documents.ts'
import { answerOf, bearerOf, codeIn, exchange, JSON_ONLY, pathOf, RETURN_TO } from '../federation/support.ts'
import {
  ACS_PATH,
  answerTo,
  askBySaml,
  goToProvider,
  OTHER_KEY,
  openSaml,
  postAnswer,
  postForm,
  readRequest,
  returnBySaml,
  type SamlEnterprise,
  SSO_URL,
  signInBySaml,
  withAttribute,
} from './saml-support.ts'
import { createSso, ORIGIN, openEnterprise, originsOf, reasonsOf, requireSso } from './sign-in-support.ts'
import { rowsOf, run } from './support.ts'

const federation = createSso()
const { app, browser } = federation

const REFUSED = { status: 401, code: 'SSO_AUTHENTICATION_ERROR' }
const MALFORMED = { status: 400, code: 'SSO_AUTHENTICATION_ERROR' }
const STATE = { status: 400, code: 'OAUTH_STATE_INVALID' }
const usersWith = (email: string) => rowsOf<{ id: string }>('select id from users where email = ?', email)
const locationOf = (answer: Response) => new URL(answer.headers.get('location') ?? 'about:blank')

describe('a request', () => {
  it('goes to the provider by redirect, and names our entity, our address and its own state', async () => {
    const enterprise = await openSaml(federation)
    const by = browser()
    const { url, xml, id, state } = await goToProvider(by, { organization: enterprise.team.slug })
    expect(url.origin + url.pathname).toBe(SSO_URL)
    expect([...url.searchParams.keys()]).toEqual(['SAMLRequest', 'RelayState'])
    expect(id).toMatch(/^_[\w-]{43}$/)
    expect(state).toMatch(/^pot_/)
    expect(xml).toContain(`<saml:Issuer>${ORIGIN}/api/v1/sso/metadata/${enterprise.team.id}</saml:Issuer>`)
    expect(xml).toContain(`AssertionConsumerServiceURL="${ORIGIN}${ACS_PATH}"`)
    expect(xml).toContain(`Destination="${SSO_URL}"`)
    expect(xml).not.toContain('ForceAuthn')
    expect(by.cookie).toMatch(/^__Host-postern-flow=/)
    const forced = await goToProvider(by, { domain: enterprise.domain, prompt: 'login' })
    expect(forced.xml).toContain('ForceAuthn="true"')
    expect(forced.id).not.toBe(id)
  })

  it('is signed where an owner wants it, by a key of our metadata', async () => {
    const enterprise = await openSaml(federation, { saml_sign_requests: true })
    const { url } = await goToProvider(browser(), { domain: enterprise.domain })
    expect([...url.searchParams.keys()]).toEqual(['SAMLRequest', 'RelayState', 'SigAlg', 'Signature'])
    const metadata = await (await app.fetch(pathOf(enterprise.audience))).text()
    const certificates = [...metadata.matchAll(/<ds:X509Certificate>([^<]+)/g)].map(([, text = '']) => text)
    const { X509Certificate, createVerify } = process.getBuiltinModule('node:crypto')
    const signed = url.search.slice(1, url.search.indexOf('&Signature='))
    const value = Uint8Array.fromBase64(url.searchParams.get('Signature') ?? '')
    const holds = certificates.map((text) =>
      createVerify('SHA256')
        .update(signed)
        .verify(new X509Certificate(Uint8Array.fromBase64(text)).publicKey, value),
    )
    expect(holds).toContain(true)
  })

  it('of a program goes on, once, in the browser that opens it', async () => {
    const enterprise = await openSaml(federation)
    const started = await answerOf(
      app.fetch('/api/v1/sso/initiate', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ organization_slug: enterprise.team.slug, return_url: RETURN_TO }),
      }),
    )
    expect(started).toMatchObject({ status: 200, redirect_url: expect.stringContaining('/api/v1/sso/continue?') })
    const [mine, other] = [browser(), browser()]
    const request = await readRequest((await mine.open(pathOf(started.redirect_url))).headers.get('location') ?? '')
    expect(request.state).toBe(started.state)
    expect((await other.open(pathOf(started.redirect_url))).status).toBe(400)
    const answer = answerTo(enterprise, request)
    expect(await answerOf(postAnswer(other, answer, request.state, JSON_ONLY))).toMatchObject(STATE)
    expect(codeIn(locationOf(await postAnswer(mine, answer, request.state)))).not.toBe('')
  })
})

describe('our metadata', () => {
  it('are of one organization, and name every address that a provider needs', async () => {
    const { team } = await openEnterprise(federation)
    const answer = await app.fetch(`/api/v1/sso/metadata/${team.id}`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/xml'])
    const xml = await answer.text()
    expect(xml).toContain(`entityID="${ORIGIN}/api/v1/sso/metadata/${team.id}"`)
    expect(xml).toContain(`Location="${ORIGIN}${ACS_PATH}"`)
    expect(xml).toContain(`Location="${ORIGIN}/api/v1/sso/saml/slo"`)
    expect(xml).toContain('WantAssertionsSigned="true"')
  })

  it('of an organization that is not there, or is deleted, are 404', async () => {
    const { team } = await openEnterprise(federation)
    await run('update organizations set deleted_at = 1 where id = ?', team.id)
    for (const id of [team.id, crypto.randomUUID()])
      expect((await app.fetch(`/api/v1/sso/metadata/${id}`)).status).toBe(404)
  })
})

describe('an answer', () => {
  it.each(['assertion', 'response', 'both'] as const)(
    'with the %s signed makes an account and a session',
    async (shape) => {
      const enterprise = await openSaml(federation)
      const { domain, team, id } = enterprise
      const edit = (xml: string) => withAttribute('firstName', 'Ada')(withAttribute('lastName', 'Lovelace')(xml))
      const end = await returnBySaml(federation, enterprise, { shape, edit })
      expect(end.href.startsWith(RETURN_TO)).toBe(true)
      expect(Object.keys(Object.fromEntries(end.searchParams)).toSorted()).toEqual(['code', 'state'])
      const signedIn = await answerOf(exchange(app, { code: codeIn(end) }))
      expect(signedIn).toMatchObject({
        status: 200,
        is_new_user: true,
        user: { email: `ada@${domain}`, first_name: 'Ada', last_name: 'Lovelace' },
      })
      expect(decodeJwt(signedIn.access_token)).toMatchObject({ org_id: team.id, amr: ['fed'] })
      expect(await originsOf(signedIn.user.id)).toMatchObject([{ connection_id: id, organization_id: team.id }])
      expect(await signInBySaml(federation, enterprise, { shape })).toMatchObject({ status: 200, is_new_user: false })
    },
  )

  it('bounds the session by the provider’s own', async () => {
    const enterprise = await openSaml(federation)
    const signedIn = await signInBySaml(federation, enterprise)
    const [{ expires_at: expiresAt } = { expires_at: 0 }] = await rowsOf<{ expires_at: number }>(
      'select expires_at from federated_sessions where user_id = ?',
      signedIn.user.id,
    )
    expect(expiresAt - Date.now()).toBeLessThanOrEqual(60 * 60_000)
    const session = await answerOf(app.fetch('/api/v1/sessions', { headers: bearerOf(signedIn) }))
    expect(Date.parse(session.sessions[0].expires_at)).toBe(expiresAt)
  })

  it('posted twenty times at once makes one session', async () => {
    const enterprise = await openSaml(federation)
    const by = browser()
    const request = await goToProvider(by, { domain: enterprise.domain })
    const answer = answerTo(enterprise, request)
    const all = await Promise.all(
      Array.from({ length: 20 }, () => answerOf(postAnswer(by, answer, request.state, JSON_ONLY))),
    )
    expect(all.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(all.filter(({ status }) => status !== 200).every(({ status }) => status === 401 || status === 400)).toBe(
      true,
    )
    const [user, ...others] = await usersWith(`ada@${enterprise.domain}`)
    expect(others).toEqual([])
    expect(await originsOf(user?.id ?? '')).toHaveLength(1)
  })

  it('is refused in another browser, in none, and a second time', async () => {
    const enterprise = await openSaml(federation)
    const mine = browser()
    const request = await goToProvider(mine, { domain: enterprise.domain })
    const answer = answerTo(enterprise, request)
    const other = browser()
    await goToProvider(other, { domain: enterprise.domain })
    for (const by of [other, browser()])
      expect(await answerOf(postAnswer(by, answer, request.state, JSON_ONLY))).toMatchObject(STATE)
    expect((await postAnswer(mine, answer, request.state)).status).toBe(303)
    expect(await answerOf(postAnswer(mine, answer, request.state, JSON_ONLY))).toMatchObject(STATE)
    // An answer to one request is none to another.
    const again = await goToProvider(mine, { domain: enterprise.domain })
    expect(await answerOf(postAnswer(mine, answer, again.state, JSON_ONLY))).toMatchObject(MALFORMED)
    expect(await reasonsOf(federation, enterprise)).toEqual(['in_response_to'])
  })

  it('of one organization signs nobody in to another', async () => {
    const [mine, theirs] = [await openSaml(federation), await openSaml(federation)]
    const by = browser()
    const request = await goToProvider(by, { domain: theirs.domain })
    const refusedBy = async (said: string) => {
      expect(await answerOf(postAnswer(by, said, request.state, JSON_ONLY))).toMatchObject(REFUSED)
      return (await reasonsOf(federation, theirs)).at(-1)
    }
    const person = { name: `ada@${theirs.domain}` }
    // The provider of another organization, whose key this one may share, answers with its own entity, or with this one's.
    expect(await refusedBy(answerTo({ ...theirs, entity: mine.entity }, request, person))).toBe('issuer')
    expect(await refusedBy(answerTo({ ...theirs, audience: mine.audience }, request, person))).toBe('audience')
    expect(await refusedBy(answerTo(theirs, request, { ...person, by: OTHER_KEY }))).toBe('signature_value')
    // And for somebody whose address is not in the organization's domains.
    expect(await refusedBy(answerTo(theirs, request, { name: `eve@${mine.domain}` }))).toBe('domain')
    expect(await usersWith(`eve@${mine.domain}`)).toEqual([])
  })

  it('for a flow of OpenID Connect is refused, as is a code for one of SAML', async () => {
    const [saml, openid] = [await openSaml(federation), await openEnterprise(federation)]
    const by = browser()
    const started = await by.open(`/api/v1/sso/login?${new URLSearchParams({ domain: openid.domain })}`)
    const state = locationOf(started).searchParams.get('state') ?? ''
    const request = await goToProvider(by, { domain: saml.domain })
    const answer = answerTo(saml, request)
    expect(await answerOf(postAnswer(by, answer, state, JSON_ONLY))).toMatchObject(STATE)
    const query = new URLSearchParams({ state: request.state, code: 'x', iss: saml.entity })
    for (const path of ['', `/${saml.id}`])
      expect(
        await answerOf(by.open(`/api/v1/sso/oidc/callback${path}?${query}`, { headers: JSON_ONLY })),
      ).toMatchObject(STATE)
    expect((await postAnswer(by, answer, request.state)).status).toBe(303)
  })

  let enterprise: SamlEnterprise | undefined
  it.each<[string, (enterprise: SamlEnterprise, id: string) => string, object, string]>([
    ['that is no base64', () => '%%%', MALFORMED, 'not_base64'],
    [
      'with a document type',
      (one, id) => answerTo(one, { id }, { forge: (xml) => `<!DOCTYPE x>${xml}` }),
      MALFORMED,
      'markup_declaration',
    ],
    [
      'for another address',
      (one, id) =>
        answerTo(
          one,
          { id },
          {
            shape: 'response',
            edit: (xml) => replaced(xml, /Destination="[^"]+"/, 'Destination="https://other.example/acs"'),
          },
        ),
      MALFORMED,
      'destination',
    ],
    [
      'without a signature',
      (one, id) => answerTo(one, { id }, { forge: (xml) => replaced(xml, /<ds:Signature .*<\/ds:Signature>/s, '') }),
      REFUSED,
      'unsigned',
    ],
    [
      'that was changed',
      (one, id) => answerTo(one, { id }, { forge: (xml) => replaced(xml, />ada@/, '>bob@') }),
      REFUSED,
      'digest',
    ],
    [
      'that has expired',
      (one, id) =>
        answerTo(
          one,
          { id },
          {
            edit: (xml) =>
              replaced(xml, /(<saml:Conditions [^>]*NotOnOrAfter=")[^"]+/, (part) =>
                part.replace(/[^"]+$/, '2026-01-01T00:00:00Z'),
              ),
          },
        ),
      REFUSED,
      'expired',
    ],
    [
      'of a status that is none',
      (one, id) =>
        answerTo(
          one,
          { id },
          { shape: 'response', edit: (xml) => replaced(xml, 'status:Success', 'status:Responder') },
        ),
      REFUSED,
      'status',
    ],
    [
      'with a name that passes',
      (one, id) =>
        answerTo(
          one,
          { id },
          { edit: (xml) => replaced(xml, 'SAML:1.1:nameid-format:emailAddress', 'SAML:2.0:nameid-format:transient') },
        ),
      REFUSED,
      'transient',
    ],
    [
      'with two addresses',
      (one, id) => answerTo(one, { id }, { edit: withAttribute('email', `bob@${one.domain}`) }),
      REFUSED,
      'mapping',
    ],
  ])('%s is refused, and only admins learn why', async (_, make, refusal, reason) => {
    enterprise ??= await openSaml(federation)
    const by = browser()
    const request = await goToProvider(by, { domain: enterprise.domain })
    const answer = make(enterprise, request.id)
    const told = await answerOf(postAnswer(by, answer, request.state, JSON_ONLY))
    expect(told).toMatchObject(refusal)
    const words = { ...told, status: 0 }
    expect(JSON.stringify(Object.values(words))).not.toContain(reason)
    expect((await reasonsOf(federation, enterprise)).at(-1)).toBe(reason)
    expect(await usersWith(`ada@${enterprise.domain}`)).toEqual([])
  })

  it('that is refused leaves the request to a good one, and takes a browser to the application with an error', async () => {
    const enterprise = await openSaml(federation)
    const by = browser()
    const request = await goToProvider(by, { domain: enterprise.domain })
    const bad = locationOf(await postAnswer(by, answerTo(enterprise, request, { by: OTHER_KEY }), request.state))
    expect(bad.href.startsWith(RETURN_TO)).toBe(true)
    expect(bad.searchParams.get('error')).toBe('SSO_AUTHENTICATION_ERROR')
    expect(codeIn(locationOf(await postAnswer(by, answerTo(enterprise, request), request.state)))).not.toBe('')
  })

  it('without its parameters, or with one twice, is 400', async () => {
    const by = browser()
    expect((await postForm(by, ACS_PATH, {}, JSON_ONLY)).status).toBe(400)
    const twice = await by.open(ACS_PATH, {
      method: 'POST',
      body: 'SAMLResponse=YQ%3D%3D&SAMLResponse=YQ%3D%3D&RelayState=x',
      headers: { ...JSON_ONLY, 'content-type': 'application/x-www-form-urlencoded' },
    })
    expect(twice.status).toBe(400)
  })

  it('is counted: after 60 refusals a network waits, and nothing more is recorded', async () => {
    const enterprise = await openSaml(federation)
    const by = browser()
    const request = await goToProvider(by, { domain: enterprise.domain })
    const refusals = []
    for (let at = 0; at < 61; at += 1) refusals.push(await answerOf(postAnswer(by, '%%%', request.state, JSON_ONLY)))
    expect(refusals.at(59)).toMatchObject(MALFORMED)
    expect(refusals.at(60)).toMatchObject({ status: 429 })
    expect(await reasonsOf(federation, enterprise)).toHaveLength(60)
    // Honest people of the network come with a state of their own.
    const honest = Object.assign(browser(), { address: by.address })
    expect((await returnBySaml(federation, enterprise, {}, honest)).searchParams.get('code')).not.toBeNull()
    const later = Object.assign(browser(), { address: by.address })
    const own = await goToProvider(later, { domain: enterprise.domain })
    const junk = async () => (await postAnswer(later, '%%%', own.state, JSON_ONLY)).status
    expect([await junk(), await junk(), await junk()]).toEqual([400, 429, 429])
    expect(await reasonsOf(federation, enterprise)).toHaveLength(60)
  })
})

describe('an answer to no request', () => {
  it('is refused where the organization does not want one, and begins a sign-in of ours where it does', async () => {
    const [off, on] = [await openSaml(federation), await openSaml(federation, { saml_idp_initiated: true })]
    for (const state of [null, 'https://app.example.test/deep', ''])
      expect(await answerOf(postAnswer(browser(), answerTo(off, { id: '_x' }), state, JSON_ONLY))).toMatchObject(
        MALFORMED,
      )
    const by = browser()
    const begun = await postAnswer(by, answerTo(on, { id: '_x' }), null)
    expect(begun.status).toBe(302)
    const request = await readRequest(begun.headers.get('location') ?? '')
    expect(await usersWith(`ada@${on.domain}`)).toEqual([])
    // From here on it is a sign-in as any other; there is no application's address, so a page has the code.
    const page = await postAnswer(by, answerTo(on, request), request.state)
    expect(page.status).toBe(200)
    expect(await usersWith(`ada@${on.domain}`)).toHaveLength(1)
  })
})

describe('who somebody is', () => {
  it('is the mapped id, whatever their name and address become', async () => {
    const enterprise = await openSaml(federation, { attribute_mapping: { external_id: 'uid' } })
    const { domain } = enterprise
    const first = await signInBySaml(federation, enterprise, { edit: withAttribute('uid', '4711') })
    const again = await signInBySaml(federation, enterprise, {
      name: `countess@${domain}`,
      edit: withAttribute('uid', '4711'),
    })
    expect(again.user.id).toBe(first.user.id)
    const other = await signInBySaml(federation, enterprise, {
      name: `bob@${domain}`,
      edit: withAttribute('uid', '4712'),
    })
    expect(other.user.id).not.toBe(first.user.id)
  })

  it.each([
    ['the mapped id', { attribute_mapping: { external_id: 'uid' } }, 'uid'],
    [
      'the id that Entra has for everybody',
      { provider: 'azure_ad' },
      'http://schemas.microsoft.com/identity/claims/objectidentifier',
    ],
  ])('is not the name of an answer without %s', async (_, fields, attribute) => {
    const enterprise = await openSaml(federation, fields)
    const { domain } = enterprise
    const ada = await signInBySaml(federation, enterprise, { edit: withAttribute(attribute, '1001') })
    const again = { name: 'another name', email: `ada@${domain}`, edit: withAttribute(attribute, '1001') }
    expect((await signInBySaml(federation, enterprise, again)).user.id).toBe(ada.user.id)
    const other = { name: '1001', email: `bob@${domain}` }
    for (const edit of [(xml: string) => xml, withAttribute(attribute, ''), withAttribute('UID', '1001')])
      expect(await askBySaml(federation, enterprise, { ...other, edit })).toMatchObject(REFUSED)
    expect((await reasonsOf(federation, enterprise)).at(-1)).toBe('mapping')
    expect(await usersWith(other.email)).toEqual([])
  })

  it('is forgotten with the attribute that said so, which stays while single sign-on is required', async () => {
    const enterprise = await openSaml(federation)
    const { domain, team, id } = enterprise
    const said = { name: '1001', email: `ada@${domain}` }
    const ada = await signInBySaml(federation, enterprise, said)
    await team.join('owner', { email: `boss@${domain}` })
    const boss = await signInBySaml(federation, enterprise, { name: `boss@${domain}` })
    const change = (mapping: object) =>
      app.fetch(`/api/v1/sso/configurations/${id}`, {
        ...json({ attribute_mapping: mapping }, bearerOf(boss)),
        method: 'PUT',
      })
    const isKnown = async () =>
      (await rowsOf("select 1 from identities where connection_id = ? and subject = '1001'", id)).length === 1
    expect((await change({ first_name: 'given' })).status).toBe(200)
    expect(await isKnown()).toBe(true)
    await requireSso(enterprise)
    expect(await answerOf(change({ external_id: 'uid' }))).toMatchObject({
      status: 409,
      code: 'SSO_CONFIGURATION_REQUIRED',
    })
    await run('update sso_policies set required = 0 where organization_id = ?', team.id)
    expect((await change({ external_id: 'uid' })).status).toBe(200)
    expect(await isKnown()).toBe(false)
    const bob = { name: 'bob', email: `bob@${domain}`, edit: withAttribute('uid', '1001') }
    expect((await signInBySaml(federation, enterprise, bob)).user.id).not.toBe(ada.user.id)
  })

  it.each([
    ['https://refeds.org/profile/mfa', true],
    ['http://schemas.microsoft.com/claims/multipleauthn', true],
    ['https://refeds.org/profile/sfa', false],
    [null, false],
  ])('had a second factor by the class %s: %s, where an owner trusts that', (authnContextClass, hasSecondFactor) => {
    const said = { nameId: 'ada', format: null, attributes: new Map(), authnContextClass } as unknown as SamlPerson
    const by = { provider: 'saml', issuer: 'x', attributeMapping: {} } as const
    expect(readSamlPerson({ ...by, trustSecondFactor: true }, said)).toMatchObject({ hasSecondFactor })
    expect(readSamlPerson({ ...by, trustSecondFactor: false }, said)).toMatchObject({ hasSecondFactor: false })
  })
})
