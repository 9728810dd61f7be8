import { decodeJwt } from 'jose'
import { describe, expect, it } from 'vitest'
import { json } from '../../support/app.ts'
import { createTeam, enroll, openPerson } from '../../support/organizations.ts'
import type { Fault } from '../../support/providers/faults.ts'
import { OIDC_ISSUER } from '../../support/providers/openid.ts'
import { newAddress } from '../../support/users.ts'
import { answerChallenge, sessionsOf } from '../factors/totp/support.ts'
import {
  answerOf,
  bearerOf,
  codeIn,
  exchange,
  JSON_ONLY,
  newVerifier,
  pathOf,
  RETURN_TO,
  setUser,
} from '../federation/support.ts'
import {
  askBySso,
  CALLBACK,
  choose,
  codeOfApp,
  createSso,
  type Enterprise,
  enrol,
  makeNameless,
  ORIGIN,
  openEnterprise,
  originsOf,
  reasonsOf,
  returnBySso,
  signInBySso,
  toCallback,
} from './sign-in-support.ts'
import { giveDomain, newDomain, rowsOf, run } from './support.ts'

const federation = createSso()
const { app, providers, browser } = federation

const REFUSED = { status: 401, code: 'SSO_AUTHENTICATION_ERROR' }
const STATE = { status: 400, code: 'OAUTH_STATE_INVALID' }
const NOT_FOUND = { status: 404, code: 'SSO_CONFIGURATION_NOT_FOUND' }

const login = (query: Record<string, string>, headers: Record<string, string> = JSON_ONLY) =>
  app.fetch(`/api/v1/sso/login?${new URLSearchParams(query)}`, { headers, redirect: 'manual' })
const initiate = (body: Record<string, unknown>) =>
  answerOf(
    app.fetch('/api/v1/sso/initiate', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'cf-connecting-ip': newAddress() },
      body: JSON.stringify(body),
    }),
  )
const fromProvider = (query: Record<string, string>) =>
  app.fetch(`/api/v1/sso/oidc/initiate?${new URLSearchParams(query)}`, { headers: JSON_ONLY, redirect: 'manual' })
const addressOf = (answer: Response) => new URL(answer.headers.get('location') ?? 'about:blank')
const usersWith = (email: string) => rowsOf<{ id: string }>('select id from users where email = ?', email)

/** The connection is of another issuer, as the database has it. */
const setIssuer = ({ id }: Enterprise, issuer: string) =>
  run(
    `update sso_connections set issuer = ?1, metadata = json_set(metadata, '$.issuer', ?1, '$.authorization_endpoint', ?1 || '/authorize',
      '$.token_endpoint', ?1 || '/token') where id = ?2`,
    issuer,
    id,
  )

describe('a start', () => {
  it('by organization, domain or address goes to the provider, with a cookie for this flow alone', async () => {
    const { team, domain, id } = await openEnterprise(federation)
    const chosen = {
      organization: [team.slug, team.id],
      domain: [domain, domain.toUpperCase()],
      email: [`Ada@${domain}`],
    }
    for (const [by, values] of Object.entries(chosen))
      for (const value of values) {
        const answer = await login({ [by]: value, prompt: 'login', state: 'ours', redirect_to: RETURN_TO })
        expect([by, answer.status]).toEqual([by, 302])
        const to = addressOf(answer)
        expect(to.origin + to.pathname).toBe(`${OIDC_ISSUER}/authorize`)
        expect(Object.fromEntries(to.searchParams)).toMatchObject({
          response_type: 'code',
          redirect_uri: `${ORIGIN}${CALLBACK}`,
          scope: 'openid email profile',
          prompt: 'login',
          code_challenge_method: 'S256',
          nonce: expect.stringMatching(/^[\w-]{43}$/),
        })
        expect(to.searchParams.get('login_hint')).toBe(by === 'email' ? `ada@${domain}` : null)
        expect(answer.headers.get('set-cookie')).toMatch(
          /^__Host-postern-flow=[\w-]{43}; Max-Age=600; Path=\/; Secure; HttpOnly; SameSite=None$/,
        )
        expect(answer.headers.get('cache-control')).toBe('no-store')
      }
    expect(await originsOf(id)).toEqual([])
  })

  it('by an id never goes to the organization whose slug it is, and takes slugs of any length', async () => {
    const [victim, eve] = [await openEnterprise(federation), await openEnterprise(federation)]
    await setIssuer(eve, 'https://eve.example.test')
    await run('update organizations set slug = ? where id = ?', victim.team.id, eve.team.id)
    expect(addressOf(await login({ organization: victim.team.id })).origin).toBe(new URL(OIDC_ISSUER).origin)
    const slug = `s${'x'.repeat(60)}${victim.team.id}`
    await run('update organizations set slug = ? where id = ?', slug, victim.team.id)
    expect(await initiate({ organization_slug: slug })).toMatchObject({ status: 200 })
  })

  it('of a program goes on, once, in the browser that opens it', async () => {
    const { team, domain } = await openEnterprise(federation)
    for (const chosen of [{ organization_slug: team.slug }, { domain }, { email: `ada@${domain}` }]) {
      const started = await initiate({ ...chosen, redirect_to: RETURN_TO, state: 'ours' })
      expect(started).toMatchObject({
        status: 200,
        redirect_url: expect.stringContaining(`${ORIGIN}/api/v1/sso/continue?`),
      })
      const [mine, other] = [browser(), browser()]
      choose(federation, { email: `ada@${domain}` })
      const opened = await mine.open(pathOf(started.redirect_url))
      expect(opened.status).toBe(302)
      const returned = await providers.authorize(addressOf(opened))
      expect(returned.callback.searchParams.get('state')).toBe(started.state)
      expect((await other.open(pathOf(started.redirect_url))).status).toBe(400)
      expect(await answerOf(other.callback(returned, JSON_ONLY))).toMatchObject(STATE)
      const end = addressOf(await mine.callback(returned))
      expect(end.searchParams.get('state')).toBe('ours')
      expect((await exchange(app, { code: codeIn(end) })).status).toBe(200)
    }
  })

  it('by a domain in its own letters finds it', async () => {
    const { team } = await openEnterprise(federation)
    const label = newDomain().slice(0, 8)
    await giveDomain(team, new URL(`https://bücher-${label}.example`).hostname)
    for (const domain of [`bücher-${label}.example`, `BÜCHER-${label}.EXAMPLE`])
      expect([domain, (await login({ domain })).status, (await initiate({ domain })).status]).toEqual([
        domain,
        302,
        200,
      ])
    for (const domain of ['bücher example', '@', 'x'.repeat(253)])
      expect([domain, await answerOf(login({ domain }))]).toMatchObject([domain, NOT_FOUND])
  })

  it('of a page with a program’s call is sent on at once, with the cookie, where it prefers HTML', async () => {
    const { domain } = await openEnterprise(federation)
    const by = (accept: string) =>
      app.fetch('/api/v1/sso/initiate', {
        method: 'POST',
        redirect: 'manual',
        headers: { 'content-type': 'application/json', accept },
        body: JSON.stringify({ domain }),
      })
    const sent = await by('text/html,application/xhtml+xml,*/*;q=0.8')
    expect([sent.status, addressOf(sent).origin, sent.headers.has('set-cookie')]).toEqual([302, OIDC_ISSUER, true])
    for (const accept of ['*/*', 'application/json', 'application/json, text/html;q=0.5']) {
      const told = await by(accept)
      expect([accept, told.status, told.headers.has('set-cookie')]).toEqual([accept, 200, false])
    }
  })

  it('is refused as every sign-in where no root secret opens the client’s, and so is an answer', async () => {
    const enterprise = await openEnterprise(federation)
    const { domain, id } = enterprise
    const by = browser()
    choose(federation, { email: `ada@${domain}` })
    const returned = await toCallback(federation, by, { domain })
    for (const sealed of ['gone.AAAA', 'nothing']) {
      await run('update sso_connections set secret_sealed = ? where id = ?', sealed, id)
      expect(await answerOf(login({ domain }))).toMatchObject(REFUSED)
      expect(await initiate({ domain })).toMatchObject(REFUSED)
    }
    expect(await answerOf(by.callback(returned, JSON_ONLY))).toMatchObject(REFUSED)
    expect(await reasonsOf(federation, enterprise)).toEqual(['secret'])
  })

  it('of a program is good for nothing before a browser has opened it, and for no social provider’s', async () => {
    const { domain } = await openEnterprise(federation)
    const { state } = await initiate({ domain })
    const callback = new URL(`${ORIGIN}${CALLBACK}?${new URLSearchParams({ state, code: 'x', iss: OIDC_ISSUER })}`)
    expect(await answerOf(browser().callback({ callback }, JSON_ONLY))).toMatchObject(STATE)
    const request = new URLSearchParams({ request: state })
    expect((await browser().open(`/api/v1/oauth/oidc/continue?${request}`)).status).toBe(400)
    expect((await browser().open(`/api/v1/sso/continue?${request}`, { method: 'HEAD' })).status).toBe(400)
    expect((await browser().open(`/api/v1/sso/continue?${request}`)).status).toBe(302)
    const social = await answerOf(app.fetch('/api/v1/oauth/oidc/authorize', { headers: JSON_ONLY }))
    expect((await browser().open(`/api/v1/sso/continue?request=${social.state}`)).status).toBe(400)
  })

  it('of the provider’s tile finds the organization by issuer, and by the hint where several have it', async () => {
    const [one, two, three] = [
      await openEnterprise(federation),
      await openEnterprise(federation),
      await openEnterprise(federation),
    ]
    const issuer = `https://${newDomain()}`
    await setIssuer(one, issuer)
    const comeThrough = ({ id }: Enterprise) =>
      run(
        "insert into identities (id, user_id, provider, connection_id, issuer, subject, created_at) values (?1, ?1, 'sso', ?1, 'x', 'x', 1)",
        id,
      )
    // An issuer and a client are public: naming them breaks nobody's tile.
    await setIssuer(two, issuer)
    await comeThrough(one)
    const target = { target_link_uri: RETURN_TO }
    expect(addressOf(await fromProvider({ iss: issuer, ...target })).origin).toBe(issuer)
    // Who has no domain, or is off, speaks for nobody: naming an issuer takes nothing from others.
    for (const other of [two, three]) await comeThrough(other)
    await run('update organization_domains set verified_at = null where organization_id = ?', two.team.id)
    await setIssuer(three, issuer)
    await run('update sso_connections set enabled = 0 where id = ?', three.id)
    expect((await fromProvider({ iss: issuer })).status).toBe(302)
    await run('update organization_domains set verified_at = 1 where organization_id = ?', two.team.id)
    expect(await answerOf(fromProvider({ iss: issuer }))).toMatchObject(NOT_FOUND)
    for (const { domain } of [one, two]) {
      const hinted = await fromProvider({ iss: issuer, login_hint: `Ada@${domain}`, ...target })
      const state = addressOf(hinted).searchParams.get('state')
      expect([hinted.status, typeof state]).toEqual([302, 'string'])
      expect(addressOf(hinted).searchParams.get('login_hint')).toBe(`Ada@${domain}`)
    }
    const elsewhere = await openEnterprise(federation)
    for (const login_hint of [
      `ada@${elsewhere.domain}`,
      `ada@${three.domain}`,
      `ada@sub.${one.domain}`,
      'ada',
      '@',
      '',
    ])
      expect([login_hint, await answerOf(fromProvider({ iss: issuer, login_hint }))]).toMatchObject([
        login_hint,
        NOT_FOUND,
      ])
  })

  it('of the tile ends where `target_link_uri` says, in the hinted organization', async () => {
    const [one] = [await openEnterprise(federation), await openEnterprise(federation)]
    const mine = browser()
    choose(federation, { email: `ada@${one.domain}` })
    const query = new URLSearchParams({ iss: OIDC_ISSUER, login_hint: `ada@${one.domain}`, target_link_uri: RETURN_TO })
    const started = await mine.open(`/api/v1/sso/oidc/initiate?${query}`)
    const end = addressOf(await mine.callback(await providers.authorize(addressOf(started))))
    expect(end.href.startsWith(RETURN_TO)).toBe(true)
    const signedIn = await answerOf(exchange(app, { code: codeIn(end) }))
    expect(decodeJwt(signedIn.access_token).org_id).toBe(one.team.id)
  })

  it.each([
    ['disabled', 'update sso_connections set enabled = 0 where organization_id = ?'],
    ['in error', "update sso_connections set error = 'issuer_changed' where organization_id = ?"],
    ['without a domain', 'delete from organization_domains where organization_id = ?'],
    ['whose domain is not verified', 'update organization_domains set verified_at = null where organization_id = ?'],
    ['without a configuration', 'delete from sso_connections where organization_id = ?'],
    ['that is deleted', 'update organizations set deleted_at = 1 where id = ?'],
  ])('is refused of an organization %s', async (_, statement) => {
    const { team, domain } = await openEnterprise(federation)
    await run(statement, team.id)
    for (const query of [
      { organization: team.slug },
      { organization: team.id },
      { domain },
      { email: `ada@${domain}` },
    ]) {
      const answer = await login(query)
      expect(answer.headers.get('set-cookie')).toBeNull()
      expect(await answerOf(answer)).toMatchObject(NOT_FOUND)
    }
    expect(await initiate({ organization_slug: team.slug })).toMatchObject(NOT_FOUND)
  })

  it('is refused for domains and addresses that the connection does not speak for', async () => {
    const { team, domain } = await openEnterprise(federation)
    const further = await giveDomain(team)
    await run(
      'update sso_connections set allowed_domains = ? where organization_id = ?',
      JSON.stringify([domain]),
      team.id,
    )
    expect((await login({ domain })).status).toBe(302)
    const addresses = [`ada@sub.${domain}`, `ada@${domain}@elsewhere.test`, `@${domain}.`, 'ada', '@', ' ']
    for (const query of [
      { domain: further },
      { domain: `sub.${domain}` },
      { domain: `${domain}.` },
      { domain: newDomain() },
      { organization: 'nobody' },
      { email: `ada@${further}` },
      ...addresses.map((email) => ({ email })),
    ])
      expect([query, await answerOf(login(query))]).toMatchObject([query, NOT_FOUND])
  })

  it.each([
    ['https://elsewhere.test/signed-in', 'REDIRECT_NOT_ALLOWED'],
    [`${RETURN_TO}#here`, 'REDIRECT_NOT_ALLOWED'],
    ['https://app.example.test@elsewhere.test/', 'REDIRECT_NOT_ALLOWED'],
    ['https://elsewhere.test\\@app.example.test/', 'REDIRECT_NOT_ALLOWED'],
    ['javascript:alert(1)', 'REDIRECT_NOT_ALLOWED'],
    ['com.example.app:/signed-in', 'REDIRECT_NOT_ALLOWED'],
    ['//elsewhere.test', 'REDIRECT_NOT_ALLOWED'],
  ])('is refused with a return to %s', async (address, code) => {
    const { domain } = await openEnterprise(federation)
    for (const name of ['redirect_to', 'redirect_url', 'return_url'])
      expect(await answerOf(login({ domain, [name]: address }))).toMatchObject({ status: 400, code })
    expect(await initiate({ domain, redirect_to: address })).toMatchObject({ status: 400, code })
    const tile = { iss: OIDC_ISSUER, login_hint: `ada@${domain}`, target_link_uri: address }
    expect(await answerOf(fromProvider(tile))).toMatchObject({ status: 400, code })
  })

  it('is refused with none or two of organization, domain and address, and with what is malformed', async () => {
    const { team, domain } = await openEnterprise(federation)
    const wrong: Record<string, string>[] = [
      {},
      { domain, organization: team.slug },
      { domain, email: `ada@${domain}` },
      { domain, code_challenge: 'short' },
      { domain, code_challenge: 'x'.repeat(43), code_challenge_method: 'plain' },
      { domain, prompt: 'create' },
      { domain: '' },
      { email: `${'a'.repeat(250)}@${domain}` },
    ]
    for (const query of wrong) expect([query, (await login(query)).status]).toEqual([query, 400])
    expect((await initiate({ domain, organization_slug: team.slug })).status).toBe(400)
    expect((await initiate({})).status).toBe(400)
    expect((await fromProvider({ login_hint: `ada@${domain}` })).status).toBe(400)
    expect((await app.fetch(`/api/v1/sso/login?domain=${domain}&domain=${newDomain()}`)).status).toBe(400)
    expect((await app.fetch(`/api/v1/sso/login?domain=${domain}`, { method: 'HEAD' })).status).toBe(400)
  })

  it('shows a browser a page where it is refused', async () => {
    const answer = await browser().open(`/api/v1/sso/login?domain=${newDomain()}`)
    expect([answer.status, answer.headers.get('content-type')]).toEqual([404, 'text/html; charset=utf-8'])
  })
})

describe('a sign-in through an organization', () => {
  it('stores names of 255 characters that the provider gives to person and session, and refuses longer ones', async () => {
    const enterprise = await openEnterprise(federation)
    const [fits, long] = ['s'.repeat(255), 's'.repeat(256)]
    expect(await signInBySso(federation, enterprise, { sub: fits, claims: { sid: fits } })).toHaveProperty(
      'status',
      200,
    )
    expect(await askBySso(federation, enterprise, { sub: long })).toMatchObject(REFUSED)
    expect(await askBySso(federation, enterprise, { sub: fits, claims: { sid: long } })).toMatchObject(REFUSED)
    expect(await reasonsOf(federation, enterprise)).toEqual(['subject', 'session'])
  })

  it('ends in a session of the organization, which remembers its provider and keeps both over a refresh', async () => {
    const { team, domain, id } = await openEnterprise(federation)
    const claims = { sid: 'session-at-the-provider' }
    const signedIn = await signInBySso(federation, { domain }, { sub: 'person-1', claims })
    expect(signedIn).toMatchObject({ status: 200, is_new_user: true, user: { email: `ada@${domain}` } })
    const token = decodeJwt(signedIn.access_token)
    expect(token).toMatchObject({ org_id: team.id, org_role: 'member', amr: ['fed'], acr: 'aal1' })
    expect(await originsOf(signedIn.user.id)).toEqual([
      { session_id: token.sid, organization_id: team.id, connection_id: id },
    ])
    // What the provider calls them is in no column in the clear.
    const [row] = await rowsOf('select * from federated_sessions where session_id = ?', token.sid)
    expect(JSON.stringify(row)).not.toMatch(/person-1|session-at-the-provider/)
    const refreshed = await answerOf(
      app.fetch('/api/v1/auth/refresh', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ refresh_token: signedIn.refresh_token }),
      }),
    )
    expect(decodeJwt(refreshed.access_token)).toMatchObject({ org_id: team.id, sid: token.sid, amr: ['fed'] })
    expect((await app.fetch('/api/v1/auth/me', { headers: bearerOf(refreshed) })).status).toBe(200)
    expect(await reasonsOf(federation, { team })).toEqual([])
  })

  it('is in the organization of the provider, whatever others its person is in, unless another is asked for', async () => {
    const enterprise = await openEnterprise(federation)
    const other = await createTeam(app)
    const ada = await other.join('admin', { email: `ada@${enterprise.domain}` })
    const first = await signInBySso(federation, enterprise, { sub: 'ada' })
    expect([first.user.id, decodeJwt(first.access_token).org_id]).toEqual([ada.id, enterprise.team.id])
    const asked = await signInBySso(federation, enterprise, { sub: 'ada' }, { organization_id: other.id })
    expect(decodeJwt(asked.access_token).org_id).toBe(other.id)
    const foreign = await createTeam(app)
    const refused = await signInBySso(federation, enterprise, { sub: 'ada' }, { organization_id: foreign.id })
    expect(refused).toMatchObject({ status: 403, code: 'NOT_A_MEMBER' })
  })

  it('answers a program that has the browser’s cookie with tokens, and the address that was stored', async () => {
    const enterprise = await openEnterprise(federation)
    const answer = await askBySso(federation, enterprise)
    expect(answer).toMatchObject({ status: 200, is_new_user: true, redirect_url: RETURN_TO })
    expect(decodeJwt(answer.access_token).org_id).toBe(enterprise.team.id)
    expect(await originsOf(answer.user.id)).toHaveLength(1)
  })

  it('wants the verifier of a challenge at the exchange', async () => {
    const { domain } = await openEnterprise(federation)
    const { verifier, challenge } = await newVerifier()
    const mine = browser()
    choose(federation, { email: `ada@${domain}` })
    const code = codeIn(
      addressOf(await mine.callback(await toCallback(federation, mine, { domain, code_challenge: challenge }))),
    )
    expect((await exchange(app, { code })).status).toBe(400)
    expect((await exchange(app, { code, code_verifier: (await newVerifier()).verifier })).status).toBe(400)
    expect((await exchange(app, { code, code_verifier: verifier })).status).toBe(200)
  })

  it('takes a form as well', async () => {
    const { domain } = await openEnterprise(federation)
    const mine = browser()
    choose(federation, { email: `ada@${domain}` })
    const { callback } = await toCallback(federation, mine, { domain })
    const form = new URLSearchParams(callback.searchParams)
    callback.search = ''
    const headers = { origin: OIDC_ISSUER, 'sec-fetch-site': 'cross-site' }
    const answer = await mine.callback({ callback, form }, headers)
    expect([answer.status, addressOf(answer).searchParams.has('code')]).toEqual([303, true])
  })

  it('of one answer that is sent twenty times at once opens one session, and so does its code', async () => {
    const enterprise = await openEnterprise(federation)
    const mine = browser()
    choose(federation, { email: `ada@${enterprise.domain}` })
    const returned = await toCallback(federation, mine, { domain: enterprise.domain })
    const answers = await Promise.all(Array.from({ length: 20 }, () => answerOf(mine.callback(returned, JSON_ONLY))))
    const [signedIn, ...more] = answers.filter(({ status }) => status === 200)
    expect(more).toEqual([])
    expect(answers.filter(({ code }) => code === STATE.code)).toHaveLength(19)
    const code = codeIn(await returnBySso(federation, enterprise, { email: `bob@${enterprise.domain}` }))
    const exchanges = await Promise.all(Array.from({ length: 20 }, () => answerOf(exchange(app, { code }))))
    const [bob, ...others] = exchanges.filter(({ status }) => status === 200)
    expect(others).toEqual([])
    for (const one of [signedIn, bob]) {
      expect(await sessionsOf(app, one?.user.id)).toHaveLength(1)
      expect(await originsOf(one?.user.id)).toHaveLength(1)
    }
  })
})

describe('an answer', () => {
  it('at another address than its flow’s is 400 and uses nothing up', async () => {
    const [named, nameless, other] = [
      await openEnterprise(federation),
      await openEnterprise(federation),
      await openEnterprise(federation),
    ]
    await makeNameless(federation, nameless)
    await makeNameless(federation, other)
    const mine = browser()
    const sendTo = async (path: string, callback: URL) =>
      answerOf(mine.callback({ callback: new URL(path + callback.search, ORIGIN) }, JSON_ONLY))
    choose(federation, { email: `ada@${nameless.domain}` })
    const ofNameless = (await toCallback(federation, mine, { domain: nameless.domain })).callback
    expect(ofNameless.pathname).toBe(`${CALLBACK}/${nameless.id}`)
    const social = '/api/v1/oauth/oidc/callback'
    for (const path of [
      CALLBACK,
      `${CALLBACK}/${other.id}`,
      `${CALLBACK}/${named.id}`,
      `${CALLBACK}/${nameless.team.id}`,
      social,
    ])
      expect([path, await sendTo(path, ofNameless)]).toMatchObject([path, STATE])
    expect(await sendTo(ofNameless.pathname, ofNameless)).toMatchObject({ status: 200 })
    choose(federation, { email: `ada@${named.domain}` })
    const ofNamed = (await toCallback(federation, mine, { domain: named.domain })).callback
    for (const path of [`${CALLBACK}/${named.id}`, `${CALLBACK}/${other.id}`, social])
      expect([path, await sendTo(path, ofNamed)]).toMatchObject([path, STATE])
    // That of a social provider is none of an organization's either.
    const { callback: ofSocial } = await mine.toCallback('oidc')
    for (const path of [CALLBACK, `${CALLBACK}/${other.id}`]) expect(await sendTo(path, ofSocial)).toMatchObject(STATE)
    expect(await sendTo(CALLBACK, ofNamed)).toMatchObject({ status: 200 })
    for (const enterprise of [named, nameless, other]) expect(await reasonsOf(federation, enterprise)).toEqual([])
  })

  it('in another browser, in none, or with another’s cookie beside it is 400 and uses nothing up', async () => {
    const { team, domain } = await openEnterprise(federation)
    const [mine, other] = [browser(), browser()]
    choose(federation, { email: `ada@${domain}` })
    const returned = await toCallback(federation, mine, { domain })
    await toCallback(federation, other, { domain })
    const both = browser()
    both.cookie = `${mine.cookie}; ${other.cookie}`
    for (const by of [other, browser(), both])
      expect(await answerOf(by.callback(returned, JSON_ONLY))).toMatchObject(STATE)
    expect((await mine.open(pathOf(returned.callback.href), { method: 'HEAD' })).status).toBe(400)
    expect(await answerOf(mine.callback(returned, JSON_ONLY))).toMatchObject({ status: 200 })
    expect(await reasonsOf(federation, { team })).toEqual([])
  })

  it.each([
    ['code and error', (query: URLSearchParams) => query.set('error', 'x')],
    ['neither', (query: URLSearchParams) => query.delete('code')],
    ['two codes', (query: URLSearchParams) => query.append('code', 'x')],
    ['two states', (query: URLSearchParams) => query.append('state', 'x')],
    ['no state', (query: URLSearchParams) => query.delete('state')],
    ['another state', (query: URLSearchParams) => query.set('state', 'x'.repeat(43))],
  ])('with %s is 400, and the right one goes on', async (_, change) => {
    const { domain } = await openEnterprise(federation)
    const mine = browser()
    choose(federation, { email: `ada@${domain}` })
    const { callback } = await toCallback(federation, mine, { domain })
    const changed = new URL(callback)
    change(changed.searchParams)
    expect((await mine.callback({ callback: changed }, JSON_ONLY)).status).toBe(400)
    expect((await mine.callback({ callback })).status).toBe(302)
  })

  it('with the code of another’s flow signs nobody in', async () => {
    const enterprise = await openEnterprise(federation)
    const [attacker, victim] = [browser(), browser()]
    choose(federation, { email: `mallory@${enterprise.domain}` })
    const theirs = await toCallback(federation, attacker, { domain: enterprise.domain })
    const { callback } = await toCallback(federation, victim, { domain: enterprise.domain })
    callback.searchParams.set('code', theirs.callback.searchParams.get('code') ?? '')
    expect(await answerOf(victim.callback({ callback }, JSON_ONLY))).toMatchObject(REFUSED)
    expect(await usersWith(`mallory@${enterprise.domain}`)).toEqual([])
  })

  it('that is refused leads back to the application, without a word of why', async () => {
    const enterprise = await openEnterprise(federation)
    const end = await returnBySso(federation, enterprise, { email: 'ada@elsewhere.test' })
    expect(end.href.startsWith(RETURN_TO)).toBe(true)
    const { error, error_description, state, ...more } = Object.fromEntries(end.searchParams)
    expect([error, typeof state, more]).toEqual(['SSO_AUTHENTICATION_ERROR', 'string', {}])
    expect(error_description).toMatch(/ask the admins/)
    expect(await reasonsOf(federation, enterprise)).toEqual(['domain'])
  })

  it('is refused to a network that had sixty refused, and is recorded no more: nobody floods the record', async () => {
    const enterprise = await openEnterprise(federation)
    const mine = browser()
    const { callback } = await toCallback(federation, mine, { domain: enterprise.domain })
    // A wrong `iss` does not use the state up.
    callback.searchParams.set('iss', 'https://attacker.example.test')
    const refused = () => mine.callback({ callback }, JSON_ONLY)
    for (let sent = 0; sent < 60; sent += 20) await Promise.all(Array.from({ length: 20 }, refused))
    expect(await reasonsOf(federation, enterprise)).toHaveLength(60)
    expect([(await refused()).status, (await refused()).status]).toEqual([429, 429])
    expect(await reasonsOf(federation, enterprise)).toHaveLength(60)
    // Others, and other connections, are not hindered.
    expect(await askBySso(federation, enterprise)).toMatchObject({ status: 200 })
    expect(await askBySso(federation, await openEnterprise(federation), { by: mine })).toMatchObject({ status: 200 })
  })
})

describe('a provider that does wrong', () => {
  /** What is answered, and what the organization's admins read. */
  const REASONS: Readonly<
    Record<Exclude<Fault, 'rolled_keys' | 'token_hang' | 'userinfo_hang'>, readonly [object, RegExp]>
  > = {
    wrong_issuer: [REFUSED, /iss$/],
    wrong_audience: [REFUSED, /aud$/],
    wrong_azp: [REFUSED, /azp$/],
    wrong_nonce: [REFUSED, /nonce$/],
    no_nonce: [REFUSED, /INVALID_RESPONSE|nonce/],
    expired: [REFUSED, /exp$|TIMESTAMP/],
    issued_in_future: [REFUSED, /^issued_in_future$/],
    alg_none: [REFUSED, /ALG|UNSUPPORTED|INVALID/],
    hmac_with_client_secret: [REFUSED, /ALG|UNSUPPORTED|INVALID/],
    other_key: [REFUSED, /./],
    unknown_kid: [REFUSED, /./],
    no_id_token: [REFUSED, /./],
    userinfo_other_subject: [REFUSED, /./],
    no_email: [REFUSED, /^no_email$/],
    email_not_verified: [REFUSED, /^email_not_verified$/],
    keys_500: [REFUSED, /./],
    keys_html: [REFUSED, /./],
    token_500: [REFUSED, /./],
    token_html: [REFUSED, /./],
    token_huge: [REFUSED, /^too_large$/],
    token_redirect: [REFUSED, /^redirect$/],
    userinfo_500: [REFUSED, /./],
    userinfo_html: [REFUSED, /./],
    iss_other: [STATE, /^oauth_state_invalid$/],
    iss_missing: [STATE, /^oauth_state_invalid$/],
    access_denied: [{ status: 400, code: 'OAUTH_DENIED' }, /^oauth_denied$/],
  }

  it.each(Object.entries(REASONS))(
    '(%s) signs nobody in; its admins see why, and the next is good',
    async (fault, [answer, reason]) => {
      const enterprise = await openEnterprise(federation)
      const person = { email: `ada@${enterprise.domain}`, sub: `ada-${enterprise.id}` }
      providers.fault(fault as Fault)
      try {
        const refused = await askBySso(federation, enterprise, person)
        expect(refused).toMatchObject(answer)
        expect(refused).not.toHaveProperty('access_token')
      } finally {
        providers.fault(null)
      }
      expect(await usersWith(person.email)).toEqual([])
      expect(await reasonsOf(federation, enterprise)).toEqual([expect.stringMatching(reason)])
      expect(await askBySso(federation, enterprise, person)).toMatchObject({ status: 200, is_new_user: true })
    },
  )

  it('may roll its keys', async () => {
    const enterprise = await openEnterprise(federation)
    providers.fault('rolled_keys')
    const answer = await askBySso(federation, enterprise).finally(() => providers.fault(null))
    expect(answer).toMatchObject({ status: 200 })
  })

  it('or hangs is answered in bounded time', async () => {
    await Promise.all(
      (['token_hang', 'userinfo_hang'] as const).map(async (fault) => {
        const own = createSso()
        const enterprise = await openEnterprise(own)
        own.providers.fault(fault)
        expect(await askBySso(own, enterprise)).toMatchObject(REFUSED)
        expect(await reasonsOf(own, enterprise)).toEqual(['timeout'])
      }),
    )
  })
})

describe('the second factor', () => {
  it('of the account is still owed, and the session that it opens remembers the provider', async () => {
    const enterprise = await openEnterprise(federation)
    const ada = await enterprise.team.join('member', { email: `ada@${enterprise.domain}` })
    await enrol(ada)
    const owed = await signInBySso(federation, enterprise, { claims: { amr: ['mfa'] } })
    expect(owed).toMatchObject({ status: 200, available_methods: ['totp'] })
    expect(owed).not.toHaveProperty('access_token')
    expect(await originsOf(ada.id)).toEqual([])
    const signedIn = await answerOf(answerChallenge(app, owed.mfa_token, codeOfApp()))
    const token = decodeJwt(signedIn.access_token)
    expect(token).toMatchObject({ org_id: enterprise.team.id, amr: ['fed', 'otp', 'mfa'], acr: 'aal2' })
    expect(await originsOf(ada.id)).toEqual([
      { session_id: token.sid, organization_id: enterprise.team.id, connection_id: enterprise.id },
    ])
  })

  it('of the provider stands in for two factors in its own organization, where an owner trusts it, and nowhere else', async () => {
    const enterprise = await openEnterprise(federation, { trust_second_factor: true })
    const elsewhere = await createTeam(app)
    const { id } = await enterprise.team.join('member', { email: `ada@${enterprise.domain}` })
    await enroll(app, elsewhere.id, id, 'owner')
    await run('update organizations set require_two_factors = 1 where id in (?, ?)', enterprise.team.id, elsewhere.id)
    const enter = async (claims: Record<string, unknown>) => {
      const signedIn = await signInBySso(federation, enterprise, { sub: 'ada', claims })
      const at = (team: string) => app.fetch(`/api/v1/organizations/${team}`, { headers: bearerOf(signedIn) })
      const { org_id, acr } = decodeJwt(signedIn.access_token)
      return [org_id, acr, (await at(enterprise.team.id)).status, (await at(elsewhere.id)).status]
    }
    for (const claims of [{}, { amr: ['pwd'] }, { amr: 'mfa' }, { acr: 'mfa' }])
      expect(await enter(claims)).toEqual([null, 'aal1', 403, 403])
    expect(await enter({ amr: ['pwd', 'mfa'] })).toEqual([enterprise.team.id, 'aal1', 200, 403])
  })

  it('of the person is asked for also where the provider says that it saw one', async () => {
    const enterprise = await openEnterprise(federation, { trust_second_factor: true })
    const ada = await enterprise.team.join('member', { email: `ada@${enterprise.domain}` })
    await enrol(ada)
    const asked = await askBySso(federation, enterprise, { sub: 'ada', claims: { amr: ['pwd', 'mfa'] } })
    expect(asked).toHaveProperty('mfa_token')
  })
})

describe('an admin of the platform', () => {
  it('is spoken for by no provider, also not in a session or by a code from before', async () => {
    const enterprise = await openEnterprise(federation)
    const before = await signInBySso(federation, enterprise, { sub: 'ada' })
    const code = codeIn(await returnBySso(federation, enterprise, { sub: 'ada' }))
    await run("update users set role = 'admin', claims_version = claims_version + 1 where id = ?", before.user.id)
    const refreshed = await app.fetch('/api/v1/auth/refresh', json({ refresh_token: before.refresh_token }))
    expect(refreshed.status).toBe(401)
    expect(await answerOf(exchange(app, { code }))).toMatchObject({ status: 401 })
  })
})

describe('the row of a session’s provider', () => {
  it('that the database does not take is a 503, and the session has ended', async () => {
    const enterprise = await openEnterprise(federation)
    const ada = await enterprise.team.join('member', { email: `ada@${enterprise.domain}` })
    const before = await sessionsOf(app, ada.id)
    const code = codeIn(await returnBySso(federation, enterprise, { sub: 'ada' }))
    const trigger = `refuse_${enterprise.id.replaceAll('-', '_')}`
    await run(
      `create trigger ${trigger} before insert on federated_sessions when new.user_id = '${ada.id}' begin select raise(abort, 'down'); end`,
    )
    try {
      expect(await answerOf(exchange(app, { code }))).toMatchObject({ status: 503, code: 'SERVICE_UNAVAILABLE' })
    } finally {
      await run(`drop trigger ${trigger}`)
    }
    expect(await sessionsOf(app, ada.id)).toHaveLength(before.length)
    expect(await originsOf(ada.id)).toEqual([])
    expect(await signInBySso(federation, enterprise, { sub: 'ada' })).toMatchObject({ status: 200 })
  })
})

describe('in the middle of a sign-in', () => {
  const CHANGES: readonly (readonly [
    what: string,
    change: (enterprise: Enterprise) => Promise<unknown>,
    answer: object,
    reason: RegExp | null,
  ])[] = [
    [
      'the connection is disabled',
      ({ id }) => run('update sso_connections set enabled = 0 where id = ?', id),
      REFUSED,
      /^configuration$/,
    ],
    [
      'the connection is in error',
      ({ id }) => run("update sso_connections set error = 'issuer_changed' where id = ?", id),
      REFUSED,
      /^configuration$/,
    ],
    [
      'the connection is deleted',
      ({ team, id }) => team.owner.call('DELETE', `/api/v1/sso/configurations/${id}`),
      REFUSED,
      null,
    ],
    [
      'the organization is deleted',
      ({ team }) => run('update organizations set deleted_at = 1 where id = ?', team.id),
      REFUSED,
      null,
    ],
    [
      'the domain is lost',
      ({ domain }) => run('update organization_domains set verified_at = null where domain = ?', domain),
      REFUSED,
      /^configuration$/,
    ],
    [
      'the domain is another’s',
      async ({ team, domain }) => {
        await giveDomain(team)
        await run(
          'update organization_domains set organization_id = ? where domain = ?',
          (await createTeam(app)).id,
          domain,
        )
      },
      REFUSED,
      /^domain$/,
    ],
    [
      'the domain is allowed no more',
      ({ id }) => run(`update sso_connections set allowed_domains = '["other.test"]' where id = ?`, id),
      REFUSED,
      /^domain$/,
    ],
    [
      'the issuer is another',
      (enterprise) => setIssuer(enterprise, 'https://other.example.test'),
      STATE,
      /^oauth_state_invalid$/,
    ],
    [
      'the client is another',
      ({ id }) => run("update sso_connections set client_id = 'other' where id = ?", id),
      REFUSED,
      /WWW_AUTHENTICATE/,
    ],
    [
      'single sign-on makes no accounts any more',
      ({ id }) => run('update sso_connections set jit_provisioning = 0 where id = ?', id),
      { status: 403, code: 'NOT_A_MEMBER' },
      /^not_a_member$/,
    ],
  ]

  it.each(CHANGES)('%s: nobody is signed in', async (_, change, answer, reason) => {
    const enterprise = await openEnterprise(federation)
    const mine = browser()
    choose(federation, { email: `ada@${enterprise.domain}` })
    const returned = await toCallback(federation, mine, { domain: enterprise.domain })
    await change(enterprise)
    expect(await answerOf(mine.callback(returned, JSON_ONLY))).toMatchObject(answer)
    expect(await usersWith(`ada@${enterprise.domain}`)).toEqual([])
    expect(await reasonsOf(federation, enterprise)).toEqual(reason ? [expect.stringMatching(reason)] : [])
  })

  it('the issuer of a provider without a name is another: the answer is no good there', async () => {
    const enterprise = await openEnterprise(federation)
    await makeNameless(federation, enterprise)
    const mine = browser()
    choose(federation, { email: `ada@${enterprise.domain}` })
    const returned = await toCallback(federation, mine, { domain: enterprise.domain })
    await setIssuer(enterprise, 'https://other.example.test')
    returned.callback.searchParams.delete('iss')
    expect(await answerOf(mine.callback(returned, JSON_ONLY))).toMatchObject(REFUSED)
    expect(await reasonsOf(federation, enterprise)).toEqual(['unreachable'])
  })

  it('a program’s start of a connection that is gone goes nowhere', async () => {
    const { domain, id } = await openEnterprise(federation)
    const { redirect_url } = await initiate({ domain })
    await run('update sso_connections set enabled = 0 where id = ?', id)
    const opened = await browser().open(pathOf(redirect_url), { headers: JSON_ONLY })
    expect(await answerOf(opened)).toMatchObject(REFUSED)
  })
})

describe('between the answer and the exchange of its code', () => {
  it.each([
    ['the account is suspended', "status = 'suspended'", { status: 401, code: 'INVALID_CREDENTIALS' }],
    ['the account is locked', "status = 'locked'", { status: 423, code: 'ACCOUNT_LOCKED' }],
    ['the account is deleted', "status = 'deleted'", { status: 401, code: 'INVALID_CREDENTIALS' }],
    ['its credentials are changed', 'auth_version = auth_version + 1', { status: 400, code: 'OAUTH_CODE_INVALID' }],
  ])('%s: there is no session', async (_, set, answer) => {
    const enterprise = await openEnterprise(federation)
    const end = await returnBySso(federation, enterprise)
    const [ada] = await usersWith(`ada@${enterprise.domain}`)
    await setUser(String(ada?.id), set)
    expect(await answerOf(exchange(app, { code: codeIn(end) }))).toMatchObject(answer)
    expect(await sessionsOf(app, String(ada?.id))).toEqual([])
  })

  it('the connection is deleted, or the membership ends: there is no session of the organization', async () => {
    const [one, two] = [await openEnterprise(federation), await openEnterprise(federation)]
    const deleted = await returnBySso(federation, one)
    expect((await one.team.owner.call('DELETE', `/api/v1/sso/configurations/${one.id}`)).status).toBe(200)
    expect(await answerOf(exchange(app, { code: codeIn(deleted) }))).toMatchObject({
      status: 400,
      code: 'OAUTH_CODE_INVALID',
    })
    const removed = await returnBySso(federation, two)
    const [ada] = await usersWith(`ada@${two.domain}`)
    await run('update memberships set removed_at = 1 where user_id = ?', ada?.id)
    expect(await answerOf(exchange(app, { code: codeIn(removed) }))).toMatchObject({
      status: 403,
      code: 'NOT_A_MEMBER',
    })
    expect(await sessionsOf(app, String(ada?.id))).toEqual([])
  })
})

describe('an account', () => {
  it.each([
    ['suspended', "status = 'suspended'", 'account_closed'],
    ['locked', "status = 'locked'", 'account_closed'],
    ['inactive', "status = 'inactive'", 'account_closed'],
    ['deleted', "status = 'deleted'", 'account_closed'],
    ['of an admin of the platform', "role = 'admin'", 'platform_admin'],
    ['whose address is elsewhere now', "email = lower(hex(randomblob(8))) || '@elsewhere.test'", 'domain'],
  ])('that is %s is not signed in to, known to the provider or not', async (_, set, reason) => {
    const enterprise = await openEnterprise(federation)
    const known = await signInBySso(federation, enterprise, { sub: 'ada' })
    await setUser(known.user.id, set)
    const refused = await askBySso(federation, enterprise, { sub: 'ada' })
    expect(refused).toMatchObject(REFUSED)
    expect(JSON.stringify(refused)).not.toContain(reason)
    if (reason !== 'domain') expect(await askBySso(federation, enterprise, { sub: 'other' })).toMatchObject(REFUSED)
    const reasons = await reasonsOf(federation, enterprise)
    expect(reasons[0]).toBe(reason)
    expect(await rowsOf('select 1 from identities where connection_id = ?', enterprise.id)).toHaveLength(1)
  })

  it('of another organization is not reached by a provider that says its address', async () => {
    const [attacker, victim] = [await openEnterprise(federation), await openEnterprise(federation)]
    const ada = await victim.team.join('owner', { email: `ada@${victim.domain}` })
    await signInBySso(federation, victim, { sub: 'ada' })
    const stranger = await openPerson(app)
    for (const email of [ada.user.email, stranger.user.email])
      for (const sub of ['ada', 'other'])
        expect(await askBySso(federation, attacker, { email, sub })).toMatchObject(REFUSED)
    expect(await reasonsOf(federation, attacker)).toEqual(['domain', 'domain', 'domain', 'domain'])
  })
})
