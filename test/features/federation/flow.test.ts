import { describe, expect, it } from 'vitest'
import { env, json } from '../../support/app.ts'
import { newAddress } from '../../support/users.ts'
import {
  type Answer,
  APP_ORIGIN,
  answerOf,
  codeIn,
  createFederation,
  exchange,
  JSON_ONLY,
  laterFederation,
  newVerifier,
  pathOf,
  RETURN_TO,
  type Returned,
  startAsProgram,
} from './support.ts'

const { app, providers, browser } = createFederation()

const MINUTE = 60_000
const INVALID = { status: 400, code: 'OAUTH_STATE_INVALID' }

/** The callback with some of its parameters changed; null takes one away. */
function changed({ callback }: Returned, parameters: Record<string, string | null>): string {
  const url = new URL(callback)
  for (const [name, value] of Object.entries(parameters))
    value === null ? url.searchParams.delete(name) : url.searchParams.set(name, value)
  return url.pathname + url.search
}

const statusesOf = async (answers: Response[]) => answers.map(({ status }) => status).toSorted()

/** Where a browser ends up, with what the application is told. */
function told(answer: Response): Record<string, string> & { readonly at: string } {
  const url = new URL(answer.headers.get('location') ?? 'none:')
  return { at: `${url.origin}${url.pathname}`, ...Object.fromEntries(url.searchParams) }
}

describe('a callback', () => {
  it('is refused with a state of another browser, provider or sign-in, and nothing is used up', async () => {
    const mine = browser()
    const returned = await mine.toCallback('github')
    const other = browser()
    const others = await other.toCallback('github')
    const state = others.callback.searchParams.get('state')
    const path = pathOf(returned.callback.href)
    const nobody = browser()
    const garbage = browser()
    garbage.cookie = '__Host-postern-flow=x; __Host-postern-flow='
    const refused = [
      await other.open(path, { headers: JSON_ONLY }),
      await nobody.open(path, { headers: JSON_ONLY }),
      await garbage.open(path, { headers: JSON_ONLY }),
      await mine.open(path.replace('/github/', '/discord/'), { headers: JSON_ONLY }),
      await mine.open(changed(returned, { state }), { headers: JSON_ONLY }),
      await mine.open(changed(returned, { state: 'pot_made-up' }), { headers: JSON_ONLY }),
      await mine.open(changed(returned, { iss: 'https://attacker.example.test' }), { headers: JSON_ONLY }),
    ]
    for (const answer of refused) expect(await answerOf(answer)).toMatchObject(INVALID)
    expect((await mine.open(path, { method: 'HEAD' })).status).toBe(400)
    expect(told(await mine.callback(returned))).toMatchObject({ at: RETURN_TO, code: expect.any(String) })
    expect(told(await other.callback(others))).toMatchObject({ at: RETURN_TO, code: expect.any(String) })
  })

  it('shows a browser that did not begin it a page, and sends it nowhere', async () => {
    const returned = await browser().toCallback('github')
    for (const stranger of [browser(), Object.assign(browser(), { cookie: '__Host-postern-flow=x' })]) {
      const answer = await stranger.callback(returned)
      expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
      expect(answer.headers.get('content-type')).toContain('text/html')
    }
  })

  it('works once: the back button finds the state used up', async () => {
    const mine = browser()
    const returned = await mine.toCallback('discord')
    expect((await mine.callback(returned)).status).toBe(302)
    expect((await mine.callback(returned)).status).toBe(400)
    expect(await answerOf(mine.callback(returned, JSON_ONLY))).toMatchObject(INVALID)
  })

  it('works for ten minutes', async () => {
    const mine = browser()
    const [early, late] = [await mine.toCallback('discord'), await mine.toCallback('discord')]
    const at = (ms: number) => mine.at(laterFederation(providers, ms))
    expect(await answerOf(at(10 * MINUTE + 1000).callback(late, JSON_ONLY))).toMatchObject(INVALID)
    expect((await at(10 * MINUTE - 5000).callback(early)).status).toBe(302)
  })

  it('works in two tabs of one browser, in any order', async () => {
    const mine = browser()
    const [first, second] = [await mine.toCallback('github'), await mine.toCallback('discord')]
    expect((await mine.callback(second)).status).toBe(302)
    expect((await mine.callback(first)).status).toBe(302)
  })

  it('takes one state and one of code and error, each once, and uses nothing up for less or more', async () => {
    const mine = browser()
    const returned = await mine.toCallback('discord')
    const path = pathOf(returned.callback.href)
    for (const wrong of [
      `${path}&state=x`,
      `${path}&code=x`,
      `${path}&error=access_denied`,
      `${path}&iss=a&iss=b`,
      changed(returned, { code: null }),
      changed(returned, { state: null }),
      changed(returned, { state: '' }),
      changed(returned, { code: '' }),
      changed(returned, { state: 'x'.repeat(600) }),
    ]) {
      const answer = await mine.open(wrong, { headers: JSON_ONLY })
      expect([wrong, answer.status]).toEqual([wrong, 400])
    }
    expect((await mine.callback(returned)).status).toBe(302)
  })

  it('of a form takes each field once', async () => {
    const mine = browser()
    const returned = await mine.toCallback('apple')
    const doubled = new URLSearchParams(returned.form)
    doubled.append('state', 'x')
    expect((await mine.callback({ ...returned, form: doubled }, JSON_ONLY)).status).toBe(400)
    expect((await mine.callback(returned)).status).toBe(303)
  })

  it('needs the issuer of a provider that promises one, and takes none of another', async () => {
    const mine = browser()
    const promised = await mine.toCallback('oidc')
    for (const iss of [null, 'https://attacker.example.test', 'https://id.example.test/'])
      expect(await answerOf(mine.open(changed(promised, { iss }), { headers: JSON_ONLY }))).toMatchObject(INVALID)
    expect(told(await mine.callback(promised)).code).toBeDefined()
    const silent = await mine.toCallback('google')
    expect(told(await mine.open(changed(silent, { iss: null }))).code).toBeDefined()
  })

  it('takes from Microsoft the issuer of a tenant, and of nothing else', async () => {
    const mine = browser()
    const { tid } = providers.person('microsoft', { xms_edov: true })
    const returned = await mine.toCallback('microsoft')
    const issuerOf = (tenant: string) => `https://login.microsoftonline.com/${tenant}/v2.0`
    for (const iss of [issuerOf('{tenantid}'), issuerOf(`${tid}/x`), issuerOf(''), `${issuerOf(tid)}/`])
      expect(await answerOf(mine.open(changed(returned, { iss }), { headers: JSON_ONLY }))).toMatchObject(INVALID)
    expect(told(await mine.open(changed(returned, { iss: issuerOf(tid) }))).code).toBeDefined()
  })

  it('tells the application that the person refused, and uses the state up', async () => {
    const mine = browser()
    providers.fault('access_denied')
    const returned = await mine.toCallback('github', { redirect_to: `${RETURN_TO}?next=1`, state: 'mine' })
    providers.fault(null)
    const answer = told(await mine.callback(returned))
    expect(answer).toMatchObject({ at: RETURN_TO, next: '1', error: 'OAUTH_DENIED', state: 'mine' })
    expect(answer).toHaveProperty('error_description')
    expect(answer).not.toHaveProperty('code')
    expect(await answerOf(mine.callback(returned, JSON_ONLY))).toMatchObject(INVALID)
  })

  it('has one of twenty at once go on', async () => {
    const mine = browser()
    const returned = await mine.toCallback('discord')
    const all = await Promise.all(Array.from({ length: 20 }, () => mine.callback(returned, JSON_ONLY)))
    expect(await statusesOf(all)).toEqual([200, ...Array.from({ length: 19 }, () => 400)])
  })

  it('is refused after sixty failures of a network at a provider, but for the first of its state', async () => {
    const mine = browser()
    const begun = await Promise.all(Array.from({ length: 60 }, () => startAsProgram(app, 'github')))
    const failures = await Promise.all(
      begun.map(async ({ authorization_url, state }) => {
        const own = Object.assign(browser(), { address: mine.address })
        await own.open(pathOf(authorization_url))
        return own.open(`/api/v1/oauth/github/callback?state=${state}&error=access_denied`, { headers: JSON_ONLY })
      }),
    )
    expect(new Set(failures.map(({ status }) => status))).toEqual(new Set([400]))
    const returned = await mine.toCallback('github')
    const junk = new URL(returned.callback)
    // Uses nothing up.
    junk.searchParams.set('iss', 'https://attacker.example.test')
    const send = (callback: URL) => answerOf(mine.callback({ ...returned, callback }, JSON_ONLY))
    expect(await send(junk)).toMatchObject(INVALID)
    expect(await send(junk)).toMatchObject({ status: 429, code: 'RATE_LIMIT_EXCEEDED' })
    expect(await send(returned.callback)).toMatchObject({ status: 429, code: 'RATE_LIMIT_EXCEEDED' })
    const elsewhere = Object.assign(browser(), { cookie: mine.cookie })
    expect((await elsewhere.callback(returned)).status).toBe(302)
    const honest = Object.assign(browser(), { address: mine.address })
    expect((await honest.callback(await honest.toCallback('github'))).status).toBe(302)
    expect((await mine.callback(await mine.toCallback('discord'))).status).toBe(302)
  })

  it('counts no state that is not of the browser: any page could send its visitors there', async () => {
    const mine = browser()
    const path = '/api/v1/oauth/twitter/callback?state=pot_made-up&code=x'
    await Promise.all(Array.from({ length: 61 }, () => mine.open(path, { headers: JSON_ONLY })))
    expect((await mine.callback(await mine.toCallback('twitter'))).status).toBe(302)
  })

  it('is not of a browser whose cookie a sibling host has set', async () => {
    const [mine, other] = [browser(), browser()]
    const returned = await mine.toCallback('discord')
    await other.toCallback('discord')
    const secret = String(mine.cookie)
    // Browsers refuse a sibling's cookie of this name, but not of one with other white space before it.
    for (const space of ['\u2000', '\u00a0', '\u3000', '\v']) {
      other.cookie = `${space}${secret}; ${other.cookie}`
      const planted = new Headers()
      try {
        planted.set('cookie', other.cookie)
      } catch {
        continue
      }
      expect((await other.callback(returned, JSON_ONLY)).status).toBe(400)
    }
    other.cookie = `${secret}; __Host-postern-flow=${'x'.repeat(43)}`
    expect((await other.callback(returned, JSON_ONLY)).status).toBe(400)
    other.cookie = ` \t${secret}\t; ${secret}`
    expect((await other.callback(returned)).status).toBe(302)
  })

  it('is of a provider that is configured, still', async () => {
    const bare = createFederation({
      providers,
      env: { OAUTH_DISCORD_CLIENT_ID: '', OAUTH_DISCORD_CLIENT_SECRET: '' },
    })
    const mine = browser()
    const returned = await mine.toCallback('discord')
    const there = await answerOf(mine.at(bare).callback(returned, JSON_ONLY))
    expect(there).toMatchObject({ status: 400, code: 'OAUTH_PROVIDER_NOT_CONFIGURED' })
    const path = pathOf(returned.callback.href).replace('/discord/', '/nobody/')
    const unknown = await answerOf(mine.open(path, { headers: JSON_ONLY }))
    expect(unknown).toMatchObject({ status: 400, code: 'OAUTH_PROVIDER_UNKNOWN' })
    const { state, code } = Object.fromEntries(returned.callback.searchParams)
    const nameless = await mine.at(bare).open('/api/v1/auth/oauth/callback', json({ state, code }))
    expect(await answerOf(nameless)).toMatchObject({ status: 400, code: 'OAUTH_PROVIDER_NOT_CONFIGURED' })
    expect((await mine.callback(returned)).status).toBe(302)
  })

  it('does not count those that end well', async () => {
    const mine = browser()
    const path = '/api/v1/oauth/discord/callback?state=pot_made-up&code=x'
    await Promise.all(Array.from({ length: 59 }, () => mine.open(path, { headers: JSON_ONLY })))
    for (let round = 0; round < 2; round++)
      expect((await mine.callback(await mine.toCallback('discord'))).status).toBe(302)
  })
})

describe('a sign-in that a program began', () => {
  it('goes on in the browser that opens its address, once', async () => {
    const started = await startAsProgram(app, 'github', { redirect_to: RETURN_TO })
    const path = pathOf(started.authorization_url)
    expect(path).toBe(`/api/v1/oauth/github/continue?request=${started.state}`)
    const mine = browser()
    expect((await mine.open(path, { method: 'HEAD' })).status).toBe(400)
    expect((await mine.open(path.replace('/github/', '/discord/'))).status).toBe(400)
    const on = await mine.open(path)
    expect([on.status, on.headers.get('cache-control'), on.headers.get('referrer-policy')]).toEqual([
      302,
      'no-store',
      'no-referrer',
    ])
    for (const again of [mine, browser()])
      expect(await answerOf(again.open(path, { headers: JSON_ONLY }))).toMatchObject(INVALID)
    const returned = await providers.authorize(on.headers.get('location') ?? '')
    expect((await browser().callback(returned)).status).toBe(400)
    expect(told(await mine.callback(returned))).toMatchObject({ at: RETURN_TO, state: started.state })
  })

  it('is nobody’s until a browser has it: the callback of a browser with a cookie is refused', async () => {
    const started = await startAsProgram(app, 'discord', { redirect_to: RETURN_TO })
    const mine = browser()
    await mine.toCallback('discord')
    const path = `/api/v1/oauth/discord/callback?state=${started.state}&code=x`
    expect(await answerOf(mine.open(path, { headers: JSON_ONLY }))).toMatchObject(INVALID)
    expect((await mine.open(pathOf(started.authorization_url))).status).toBe(302)
  })

  it('cannot be taken from the browser that began itself', async () => {
    const mine = browser()
    const returned = await mine.toCallback('discord')
    const thief = browser()
    const path = `/api/v1/oauth/discord/continue?request=${returned.callback.searchParams.get('state')}`
    expect((await thief.open(path)).status).toBe(400)
    expect((await mine.callback(returned)).status).toBe(302)
  })

  it('answers a browser’s mistakes with pages', async () => {
    for (const path of ['continue', 'continue?request=', 'continue?request=x', 'continue?request=x&request=y'])
      expect([path, (await browser().open(`/api/v1/oauth/github/${path}`)).status]).toEqual([path, 400])
  })

  it('gets tokens from the callback, by the cookie alone', async () => {
    const mine = browser()
    providers.person('discord')
    const answer = await (await mine.callback(await mine.toCallback('discord'), JSON_ONLY)).json<Answer>()
    expect(answer).toMatchObject({
      status: 'success',
      redirect_url: RETURN_TO,
      is_new_user: true,
      mfa_required: false,
      tokens: { access_token: answer.access_token, refresh_token: answer.refresh_token },
    })
  })

  it('is told of no address where there is none', async () => {
    const mine = browser()
    const answer = await (await mine.callback(await mine.toCallback('discord', {}), JSON_ONLY)).json()
    expect(answer).toMatchObject({ is_new_user: false, access_token: expect.any(String) })
    expect(answer).not.toHaveProperty('redirect_url')
    expect(answer).not.toHaveProperty('status')
  })
})

describe('client mode', () => {
  const startClient = async (provider: 'github' | 'discord', query: Record<string, string> = {}) => {
    const started = await startAsProgram(app, provider, { redirect_uri: RETURN_TO, ...query })
    const returned = await providers.authorize(started.authorization_url)
    expect(returned.callback.href.startsWith(`${RETURN_TO}?`)).toBe(true)
    const { state = '', code = '' } = Object.fromEntries(returned.callback.searchParams)
    expect(state).toBe(started.state)
    return { state, code }
  }
  const call = (body: object, headers: Record<string, string> = {}) =>
    app.fetch('/api/v1/auth/oauth/callback', json(body, { 'cf-connecting-ip': newAddress(), ...headers }))

  it('returns to the application, whose script gets the tokens, without any cookie', async () => {
    const answer = await call(await startClient('github'), { origin: APP_ORIGIN, 'sec-fetch-mode': 'cors' })
    expect(answer.headers.get('set-cookie')).toBeNull()
    expect(await answerOf(answer)).toMatchObject({ status: 200, is_new_user: false, access_token: expect.any(String) })
  })

  it('works by GET with the provider in the path, for a script and not for an address that is opened', async () => {
    for (const path of ['/api/v1/auth/oauth/callback/discord', '/api/v1/oauth/discord/callback']) {
      const query = new URLSearchParams(await startClient('discord'))
      const open = (headers: Record<string, string>) =>
        browser().open(`${path}?${query}`, { headers: { 'sec-fetch-mode': 'cors', ...headers } })
      const opened = await open({ 'sec-fetch-mode': 'navigate' })
      expect([opened.status, opened.headers.get('location')]).toEqual([400, null])
      const answer = await open({})
      expect(answer.headers.get('set-cookie')).toBeNull()
      expect(await answerOf(answer)).toMatchObject({ status: 200, access_token: expect.any(String) })
      expect((await open({})).status).toBe(400)
    }
  })

  it('sets no cookie for a browser that begins it, and is not joined by one', async () => {
    const mine = browser()
    const query = new URLSearchParams({ redirect_uri: RETURN_TO })
    const started = await mine.open(`/api/v1/oauth/github/authorize?${query}`)
    expect([started.status, started.headers.get('set-cookie')]).toEqual([302, null])
    const { callback } = await providers.authorize(started.headers.get('location') ?? '')
    const state = callback.searchParams.get('state')
    expect((await mine.open(`/api/v1/oauth/github/continue?request=${state}`)).status).toBe(400)
    expect((await call({ state, code: callback.searchParams.get('code') })).status).toBe(200)
  })

  it('wants the verifier of a start with a challenge, before anything is used up', async () => {
    const { verifier, challenge } = await newVerifier()
    const given = await startClient('discord', { code_challenge: challenge })
    for (const wrong of [{}, { code_verifier: (await newVerifier()).verifier }, { code_verifier: challenge }])
      expect(await answerOf(call({ ...given, ...wrong }))).toMatchObject(INVALID)
    expect(await answerOf(call({ ...given, code_verifier: verifier }))).toHaveProperty('access_token')
  })

  it('refuses a page of an origin that is not configured, and answers one of twenty at once', async () => {
    const given = await startClient('discord')
    const evil = await call(given, { origin: 'https://attacker.example.test', 'sec-fetch-site': 'cross-site' })
    expect(evil.status).toBe(403)
    const all = await Promise.all(Array.from({ length: 20 }, () => call(given)))
    expect(await statusesOf(all)).toEqual([200, ...Array.from({ length: 19 }, () => 400)])
  })

  it('needs a state of its own', async () => {
    const mine = browser()
    const { callback } = await mine.toCallback('discord')
    const { state, code } = Object.fromEntries(callback.searchParams)
    expect(await answerOf(call({ state, code }))).toMatchObject(INVALID)
    for (const body of [{}, { state }, { code }, { state, code, error: 'x' }, { state: [state], code }])
      expect((await call(body)).status).toBe(400)
    expect((await mine.callback({ callback })).status).toBe(302)
  })
})

describe('redirect_to', () => {
  const start = (to: string, query: Record<string, string> = {}) =>
    startAsProgram(app, 'github', { redirect_to: to, ...query })

  it('is an address of a configured origin', async () => {
    for (const good of [RETURN_TO, `${APP_ORIGIN}/?a=1`, 'http://127.0.0.1:8787/x', 'http://localhost:3000/'])
      expect([good, (await start(good)).status]).toEqual([good, 200])
    for (const bad of [
      'https://attacker.example.test/',
      'https://app.example.test.attacker.test/',
      'https://app.example.test@attacker.test/',
      'https://user:pass@app.example.test/',
      'https://app.example.test:8443/',
      'http://app.example.test/',
      'https:\\\\app.example.test/',
      'https://app.example.test\\@attacker.test/',
      'https://attacker.test\\.app.example.test/',
      '//app.example.test/',
      '/signed-in',
      `${RETURN_TO}#`,
      `${RETURN_TO}#code`,
      `${RETURN_TO}\t`,
      'javascript:alert(1)',
      'data:text/html,x',
      'com.attacker.app:/x',
      'com.example.app.evil:/x',
    ])
      expect([bad, await start(bad)]).toMatchObject([bad, { status: 400, code: 'REDIRECT_NOT_ALLOWED' }])
  })

  it('has other names, and is checked under each', async () => {
    for (const name of ['redirect_url', 'return_url']) {
      const mine = browser()
      expect(told(await mine.callback(await mine.toCallback('discord', { [name]: RETURN_TO }))).at).toBe(RETURN_TO)
      const bad = await startAsProgram(app, 'discord', { [name]: 'https://attacker.example.test/' })
      expect(bad).toMatchObject({ status: 400, code: 'REDIRECT_NOT_ALLOWED' })
    }
  })

  it('is refused to a browser with a page: an error never leads elsewhere', async () => {
    const query = new URLSearchParams({ redirect_to: 'https://attacker.example.test/' })
    for (const path of [
      `/api/v1/oauth/github/authorize?${query}`,
      `/api/v1/oauth/nobody/authorize?${query}`,
      `/api/v1/oauth/github/callback?state=x&error=access_denied&${query}`,
      `/api/v1/oauth/github/continue?request=x&${query}`,
    ]) {
      const answer = await browser().open(path)
      expect([path, answer.status, answer.headers.get('location')]).toEqual([path, 400, null])
    }
  })

  it('replaces what the address says of code, state and error', async () => {
    const mine = browser()
    const to = `${RETURN_TO}?code=mine&code=again&state=mine&keep=1`
    const url = new URL(
      (await mine.callback(await mine.toCallback('discord', { redirect_to: to }))).headers.get('location') ?? '',
    )
    expect(url.searchParams.getAll('code')).toHaveLength(1)
    expect(url.searchParams.get('code')).not.toBe('mine')
    expect([url.searchParams.get('state') === 'mine', url.searchParams.get('keep')]).toEqual([false, '1'])
  })

  it('is checked again at the end, for browsers, programs and errors', async () => {
    const stricter = createFederation({ providers, env: { REDIRECT_ORIGINS: '', CORS_ORIGINS: '' } })
    const mine = browser()
    const moved = async () => [await mine.toCallback('discord'), mine.at(stricter)] as const
    const [first, atFirst] = await moved()
    const answer = await atFirst.callback(first)
    expect([answer.status, answer.headers.get('location')]).toEqual([400, null])
    const [second, atSecond] = await moved()
    const refused = { status: 400, code: 'REDIRECT_NOT_ALLOWED' }
    expect(await answerOf(atSecond.callback(second, JSON_ONLY))).toMatchObject(refused)
    providers.fault('access_denied')
    const [third, atThird] = await moved()
    providers.fault(null)
    const denied = await atThird.callback(third)
    expect([denied.status, denied.headers.get('location')]).toEqual([400, null])
  })

  it('of an app needs a challenge and leads there by a tap, with an error too', async () => {
    const to = 'com.example.app:/signed-in'
    expect(await start(to)).toMatchObject({ status: 400, code: 'REDIRECT_NOT_ALLOWED' })
    expect(
      (await browser().open(`/api/v1/oauth/github/authorize?${new URLSearchParams({ redirect_to: to })}`)).status,
    ).toBe(400)
    const { verifier, challenge } = await newVerifier()
    const query = { redirect_to: to, code_challenge: challenge, code_challenge_method: 'S256', state: 'mine' }
    const mine = browser()
    const answer = await mine.callback(await mine.toCallback('discord', query))
    expect([answer.status, answer.headers.get('location')]).toEqual([200, null])
    const link = new URL(/href="(com[^"]+)"/.exec(await answer.text())?.[1]?.replaceAll('&amp;', '&') ?? 'none:')
    expect([link.protocol, link.pathname, link.searchParams.get('state')]).toEqual([
      'com.example.app:',
      '/signed-in',
      'mine',
    ])
    expect((await exchange(app, { code: codeIn(link) })).status).toBe(400)
    expect((await exchange(app, { code: codeIn(link), code_verifier: verifier })).status).toBe(200)
    providers.fault('access_denied')
    const denied = await mine.callback(await mine.toCallback('discord', query))
    providers.fault(null)
    const page = await denied.text()
    expect(denied.headers.get('location')).toBeNull()
    expect(page).toContain('error=OAUTH_DENIED')
    expect(page).not.toContain('You are signed in')
  })

  it('may be absent: then the default, else a page with a code for five minutes', async () => {
    const withDefault = createFederation({ providers, env: { DEFAULT_RETURN_URL: `${APP_ORIGIN}/home` } })
    const there = withDefault.browser()
    expect(told(await there.callback(await there.toCallback('discord', {})))).toMatchObject({
      at: `${APP_ORIGIN}/home`,
      code: expect.any(String),
    })
    providers.fault('access_denied')
    expect(told(await there.callback(await there.toCallback('discord', {})))).toMatchObject({
      at: `${APP_ORIGIN}/home`,
      error: 'OAUTH_DENIED',
    })
    providers.fault(null)
    const codes: string[] = []
    for (let round = 0; round < 2; round++) {
      const mine = browser()
      const page = await mine.callback(await mine.toCallback('discord', {}))
      expect([page.status, page.headers.get('cache-control')]).toEqual([200, 'no-store'])
      codes.push(/<code>([^<]+)<\/code>/.exec(await page.text())?.[1] ?? '')
    }
    const at = (ms: number) => laterFederation(providers, ms).app
    expect((await exchange(at(5 * MINUTE + 1000), { code: codes[0] })).status).toBe(400)
    expect((await exchange(at(5 * MINUTE - 5000), { code: codes[1] })).status).toBe(200)
  })
})

describe('the exchange', () => {
  const codeFor = async (query: Record<string, string> = {}) =>
    codeIn(await browser().signIn('discord', { redirect_to: RETURN_TO, ...query }))
  const REFUSED = { status: 400, code: 'OAUTH_CODE_INVALID' }

  it('takes a code once, of twenty at once too', async () => {
    const code = await codeFor()
    const all = await Promise.all(Array.from({ length: 20 }, () => exchange(app, { code })))
    expect(await statusesOf(all)).toEqual([200, ...Array.from({ length: 19 }, () => 400)])
    expect(await answerOf(exchange(app, { code }))).toMatchObject(REFUSED)
  })

  it('takes a code for a minute', async () => {
    const at = (ms: number) => laterFederation(providers, ms).app
    expect(await answerOf(exchange(at(61_000), { code: await codeFor() }))).toMatchObject(REFUSED)
    expect((await exchange(at(50_000), { code: await codeFor() })).status).toBe(200)
  })

  it('wants the verifier of the application’s challenge, and a wrong one uses nothing up', async () => {
    const { verifier, challenge } = await newVerifier()
    const code = await codeFor({ code_challenge: challenge })
    for (const wrong of [undefined, challenge, (await newVerifier()).verifier])
      expect(await answerOf(exchange(app, { code, code_verifier: wrong }))).toMatchObject(REFUSED)
    for (const malformed of ['', 'short', 'x'.repeat(129), 'ä'.repeat(43), 1, [verifier]])
      expect((await exchange(app, { code, code_verifier: malformed })).status).toBe(400)
    expect(await answerOf(exchange(app, { code, code_verifier: verifier }))).toHaveProperty('access_token')
  })

  it('refuses other tokens, and a body without a code', async () => {
    const { callback } = await browser().toCallback('discord')
    for (const code of ['x', 'pot_made-up', callback.searchParams.get('state'), callback.searchParams.get('code')])
      expect(await answerOf(exchange(app, { code }))).toMatchObject(REFUSED)
    for (const body of [{}, { code: null }, { code: '' }, { code: 1 }, { code: ['x'] }, { code: 'x'.repeat(5000) }])
      expect((await exchange(app, body)).status).toBe(400)
  })

  it('refuses a page of an origin that is not configured, and uses nothing up', async () => {
    const code = await codeFor()
    expect((await exchange(app, { code }, { origin: 'https://attacker.example.test' })).status).toBe(403)
    const answer = await exchange(app, { code }, { origin: APP_ORIGIN })
    expect([answer.status, answer.headers.get('set-cookie')]).toEqual([200, null])
  })

  it('gives a challenge of the application S256 alone', async () => {
    const { challenge } = await newVerifier()
    for (const query of [
      { code_challenge: challenge, code_challenge_method: 'plain' },
      { code_challenge: 'short' },
      { code_challenge: `${challenge}x` },
    ])
      expect((await startAsProgram(app, 'discord', query)).status).toBe(400)
  })
})

describe('the start', () => {
  it('names an unknown provider, and one that is not configured', async () => {
    const { app: bare } = createFederation({ env: { OAUTH_GITHUB_CLIENT_ID: '', OAUTH_GITHUB_CLIENT_SECRET: '' } })
    const start = (provider: string) => answerOf(bare.fetch(`/api/v1/oauth/${provider}/authorize`))
    expect(await start('nobody')).toMatchObject({ status: 400, code: 'OAUTH_PROVIDER_UNKNOWN' })
    expect(await start('github')).toMatchObject({ status: 400, code: 'OAUTH_PROVIDER_NOT_CONFIGURED' })
    for (const odd of ['__proto__', 'constructor', 'GitHub', 'x'.repeat(40)])
      expect((await bare.fetch(`/api/v1/oauth/${odd}/authorize`)).status).toBe(400)
    const listed = await answerOf(bare.fetch('/api/v1/auth/oauth/providers'))
    expect(listed.providers).toContainEqual({ provider: 'github', name: 'GitHub', enabled: false })
    expect(listed.providers).toContainEqual({ provider: 'oidc', name: 'Example ID', enabled: true })
  })

  it('answers programs with addresses and browsers with redirects, at every path', async () => {
    const query = `redirect_to=${encodeURIComponent(RETURN_TO)}`
    const paths = [`/api/v1/oauth/github/authorize?${query}`, `/api/v1/auth/oauth/authorize?provider=github&${query}`]
    for (const path of paths) {
      expect(await answerOf(app.fetch(path))).toMatchObject({ status: 200, provider: 'github' })
      expect((await app.fetch(`${path}&redirect=true`, { redirect: 'manual' })).status).toBe(302)
      const mine = browser()
      expect((await mine.open(path)).status).toBe(302)
      expect(mine.cookie).toMatch(/^__Host-postern-flow=[\w-]{43}$/)
    }
    const post = await app.fetch(`/api/v1/auth/oauth/authorize/github?${query}`, { method: 'POST' })
    expect(await answerOf(post)).toMatchObject({ status: 200, provider: 'github', state: expect.any(String) })
  })

  it('sets a cookie that no script reads and that comes with the forms of other sites', async () => {
    const started = await browser().open('/api/v1/oauth/github/authorize')
    const [, ...attributes] = (started.headers.get('set-cookie') ?? '').split('; ')
    expect(attributes.toSorted()).toEqual(['HttpOnly', 'Max-Age=600', 'Path=/', 'SameSite=None', 'Secure'])
  })

  it('passes on prompt, login_hint and further scopes, and a new nonce, state and challenge each time', async () => {
    const query = { prompt: 'login', login_hint: 'ada@example.test', scopes: 'profile,calendar' }
    const to = async () => {
      const answer = await browser().open(`/api/v1/oauth/oidc/authorize?${new URLSearchParams(query)}`)
      return new URL(answer.headers.get('location') ?? '').searchParams
    }
    const [one, two] = [await to(), await to()]
    expect(Object.fromEntries(one)).toMatchObject({
      prompt: 'login',
      login_hint: 'ada@example.test',
      scope: 'openid email profile calendar',
      code_challenge_method: 'S256',
      redirect_uri: 'http://127.0.0.1:8787/api/v1/oauth/oidc/callback',
    })
    for (const name of ['nonce', 'state', 'code_challenge']) expect(one.get(name)).not.toBe(two.get(name))
  })

  it('keeps neither the state nor the verifier in the clear', async () => {
    const mine = browser()
    const returned = await mine.toCallback('discord')
    await mine.callback(returned)
    const { results } = await env.DB.prepare("select * from one_time_tokens where purpose = 'federated_sign_in'").all()
    const rows = JSON.stringify(results)
    const asked = providers.calls.findLast(({ endpoint }) => endpoint === 'token')?.body
    const secrets = [returned.callback.searchParams.get('state'), new URLSearchParams(asked).get('code_verifier')]
    for (const secret of secrets)
      expect([secret?.length, rows.includes(secret ?? '')]).toEqual([expect.any(Number), false])
  })
})
