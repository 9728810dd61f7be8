import { createLocalJWKSet, importPKCS8, type JSONWebKeySet, jwtVerify, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { toBase64Url, utf8 } from '../../src/lib/encoding.ts'
import { APPLE_CLIENT, CLIENTS } from './providers/clients.ts'
import type { Fault } from './providers/faults.ts'
import type { ProviderName } from './providers/people.ts'
import { createProviders, type Providers } from './providers/providers.ts'

const VERIFIER = 'a-verifier-of-at-least-forty-three-characters'
const USER_AGENT = { 'user-agent': 'Postern' }

interface Site {
  readonly authorize: string
  readonly token: string
  readonly userinfo?: string
  readonly keys?: string
  readonly issuer?: string
  readonly scope: string
  readonly client: { readonly id: string; readonly secret: string }
  readonly authentication: 'basic' | 'form'
  readonly extra?: Readonly<Record<string, string>>
}

const SITES: { readonly [Name in ProviderName]: Site } = {
  google: {
    authorize: 'https://accounts.google.com/o/oauth2/v2/auth',
    token: 'https://oauth2.googleapis.com/token',
    userinfo: 'https://openidconnect.googleapis.com/v1/userinfo',
    keys: 'https://www.googleapis.com/oauth2/v3/certs',
    issuer: 'https://accounts.google.com',
    scope: 'openid email profile',
    client: CLIENTS.google,
    authentication: 'form',
  },
  github: {
    authorize: 'https://github.com/login/oauth/authorize',
    token: 'https://github.com/login/oauth/access_token',
    userinfo: 'https://api.github.com/user',
    scope: 'read:user user:email',
    client: CLIENTS.github,
    authentication: 'form',
  },
  microsoft: {
    authorize: 'https://login.microsoftonline.com/common/oauth2/v2.0/authorize',
    token: 'https://login.microsoftonline.com/common/oauth2/v2.0/token',
    userinfo: 'https://graph.microsoft.com/oidc/userinfo',
    keys: 'https://login.microsoftonline.com/common/discovery/v2.0/keys',
    scope: 'openid email profile',
    client: CLIENTS.microsoft,
    authentication: 'form',
  },
  discord: {
    authorize: 'https://discord.com/oauth2/authorize',
    token: 'https://discord.com/api/oauth2/token',
    userinfo: 'https://discord.com/api/users/@me',
    scope: 'identify email',
    client: CLIENTS.discord,
    authentication: 'basic',
  },
  twitter: {
    authorize: 'https://x.com/i/oauth2/authorize',
    token: 'https://api.x.com/2/oauth2/token',
    userinfo: 'https://api.x.com/2/users/me?user.fields=confirmed_email',
    scope: 'users.read tweet.read users.email',
    client: CLIENTS.twitter,
    authentication: 'basic',
  },
  apple: {
    authorize: 'https://appleid.apple.com/auth/authorize',
    token: 'https://appleid.apple.com/auth/token',
    keys: 'https://appleid.apple.com/auth/keys',
    issuer: 'https://appleid.apple.com',
    scope: 'name email',
    client: { id: APPLE_CLIENT.id, secret: await appleSecret() },
    authentication: 'form',
    extra: { response_mode: 'form_post' },
  },
  oidc: {
    authorize: 'https://id.example.test/authorize',
    token: 'https://id.example.test/token',
    userinfo: 'https://id.example.test/userinfo',
    keys: 'https://id.example.test/keys',
    issuer: 'https://id.example.test',
    scope: 'openid email profile',
    client: CLIENTS.oidc,
    authentication: 'basic',
  },
}

const NAMES = Object.keys(SITES) as ProviderName[]
const WITH_ID_TOKEN = NAMES.filter((name) => SITES[name].keys !== undefined)

async function appleSecret({ lifetime = '180d', audience = 'https://appleid.apple.com' } = {}): Promise<string> {
  return new SignJWT()
    .setProtectedHeader({ alg: 'ES256', kid: APPLE_CLIENT.keyId })
    .setIssuer(APPLE_CLIENT.teamId)
    .setSubject(APPLE_CLIENT.id)
    .setAudience(audience)
    .setIssuedAt()
    .setExpirationTime(lifetime)
    .sign(await importPKCS8(APPLE_CLIENT.privateKey, 'ES256'))
}

const redirectUri = (name: ProviderName) => `http://127.0.0.1:8787/api/v1/oauth/${name}/callback`

async function authorizationUrl(name: ProviderName, changes: Readonly<Record<string, string>> = {}): Promise<URL> {
  const { authorize, client, scope, extra } = SITES[name]
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', utf8(VERIFIER)))
  const url = new URL(authorize)
  url.search = new URLSearchParams({
    client_id: client.id,
    redirect_uri: redirectUri(name),
    response_type: 'code',
    scope,
    state: 'state',
    nonce: 'nonce',
    code_challenge: toBase64Url(digest),
    code_challenge_method: 'S256',
    ...extra,
    ...changes,
  }).toString()
  return url
}

/** What came back to the service, from the query or the form. */
async function returned(providers: Providers, name: ProviderName): Promise<URLSearchParams> {
  const { callback, form } = await providers.authorize(await authorizationUrl(name))
  expect(callback.origin + callback.pathname).toBe(redirectUri(name))
  return form ?? callback.searchParams
}

function exchange(
  providers: Providers,
  name: ProviderName,
  code: string,
  changes: Readonly<Record<string, string>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  const { token, client, authentication } = SITES[name]
  const credentials = `${encodeURIComponent(client.id)}:${encodeURIComponent(client.secret)}`
  const fields = { grant_type: 'authorization_code', code, redirect_uri: redirectUri(name), code_verifier: VERIFIER }
  const secret = authentication === 'form' ? { client_id: client.id, client_secret: client.secret } : {}
  return providers.fetch(token, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ ...fields, ...secret, ...changes }),
    headers: {
      accept: 'application/json',
      ...(authentication === 'basic' && { authorization: `Basic ${btoa(credentials)}` }),
      ...headers,
    },
  })
}

interface Tokens {
  readonly access_token: string
  readonly id_token?: string
}

async function signIn(providers: Providers, name: ProviderName): Promise<Tokens> {
  const code = (await returned(providers, name)).get('code') ?? ''
  const answer = await exchange(providers, name, code)
  expect(answer.status).toBe(200)
  return answer.json()
}

const get = (providers: Providers, url: string, { access_token }: Tokens) =>
  providers.fetch(url, { headers: { authorization: `Bearer ${access_token}`, ...USER_AGENT } })

/** The claims of an ID token that the published keys verify. */
async function verified(providers: Providers, name: ProviderName, { id_token = '' }: Tokens) {
  const keys = await providers.fetch(SITES[name].keys ?? '')
  const set = createLocalJWKSet((await keys.json()) as JSONWebKeySet)
  const { payload } = await jwtVerify(id_token, set, { audience: SITES[name].client.id, maxTokenAge: '1h' })
  expect(payload.iss).toBe(SITES[name].issuer ?? `https://login.microsoftonline.com/${payload.tid}/v2.0`)
  return payload
}

describe('a sign-in', () => {
  it('Google', async () => {
    const providers = createProviders()
    const person = providers.person('google', { hd: 'example.test' })
    const tokens = await signIn(providers, 'google')
    const expected = { sub: person.sub, email: person.email, email_verified: true, hd: 'example.test' }
    expect(await verified(providers, 'google', tokens)).toMatchObject({ ...expected, nonce: 'nonce' })
    const userinfo = await get(providers, SITES.google.userinfo ?? '', tokens)
    expect(await userinfo.json()).toMatchObject(expected)
  })

  it('GitHub', async () => {
    const providers = createProviders()
    const person = providers.person('github')
    const back = await returned(providers, 'github')
    expect(back.get('iss')).toBe('https://github.com/login/oauth')
    const answer = await exchange(providers, 'github', back.get('code') ?? '', {}, { accept: '*/*' })
    expect(answer.headers.get('content-type')).toBe('application/x-www-form-urlencoded; charset=utf-8')
    const access_token = new URLSearchParams(await answer.text()).get('access_token') ?? ''
    const user = await get(providers, 'https://api.github.com/user', { access_token })
    expect(await user.json()).toMatchObject({ id: person.id, login: person.login, email: null })
    const emails = await get(providers, 'https://api.github.com/user/emails', { access_token })
    expect(await emails.json()).toEqual(person.emails)
    const nameless = await providers.fetch('https://api.github.com/user', {
      headers: { authorization: `Bearer ${access_token}` },
    })
    expect(nameless.status).toBe(403)
  })

  it('Microsoft', async () => {
    const providers = createProviders()
    const person = providers.person('microsoft', { xms_edov: true })
    const discovery = await providers.fetch(
      'https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration',
    )
    expect(await discovery.json()).toMatchObject({ issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' })
    const { sub, oid, tid, email } = person
    expect(await verified(providers, 'microsoft', await signIn(providers, 'microsoft'))).toMatchObject({
      iss: `https://login.microsoftonline.com/${tid}/v2.0`,
      ...{ sub, oid, tid, email, xms_edov: true },
    })
  })

  it('Discord', async () => {
    const providers = createProviders()
    const { id, email, global_name } = providers.person('discord')
    const user = await get(providers, SITES.discord.userinfo ?? '', await signIn(providers, 'discord'))
    expect(await user.json()).toMatchObject({ id, email, global_name, verified: true })
  })

  it('X', async () => {
    const providers = createProviders()
    const person = providers.person('twitter')
    const tokens = await signIn(providers, 'twitter')
    expect(await (await get(providers, SITES.twitter.userinfo ?? '', tokens)).json()).toEqual({ data: person })
    const { confirmed_email: _, ...unasked } = person
    expect(await (await get(providers, 'https://api.x.com/2/users/me', tokens)).json()).toEqual({ data: unasked })
  })

  it('Apple', async () => {
    const providers = createProviders()
    const { name, email, sub } = providers.person('apple')
    const first = await returned(providers, 'apple')
    expect(JSON.parse(first.get('user') ?? '')).toEqual({ name, email })
    const tokens = (await (await exchange(providers, 'apple', first.get('code') ?? '')).json()) as Tokens
    const claims = { sub, email, email_verified: 'true', is_private_email: 'true', nonce: 'nonce' }
    expect(await verified(providers, 'apple', tokens)).toMatchObject(claims)
    expect((await returned(providers, 'apple')).has('user')).toBe(false)
  })

  it('OpenID', async () => {
    const providers = createProviders()
    const { sub, email, name } = providers.person('oidc')
    expect((await returned(providers, 'oidc')).get('iss')).toBe('https://id.example.test')
    const tokens = await signIn(providers, 'oidc')
    const claims = { sub, email, name, email_verified: true }
    expect(await verified(providers, 'oidc', tokens)).toMatchObject({ ...claims, nonce: 'nonce' })
    expect(await (await get(providers, SITES.oidc.userinfo ?? '', tokens)).json()).toEqual(claims)
  })

  it('under addresses of loopback', async () => {
    const providers = createProviders()
    const url = await authorizationUrl('oidc')
    const local = `http://127.0.0.1:9000/${url.host}${url.pathname}${url.search}`
    const answer = await providers.fetch(local, { redirect: 'manual' })
    expect(new URL(answer.headers.get('location') ?? '').searchParams.get('state')).toBe('state')
    const form = await providers.fetch(await authorizationUrl('apple'))
    expect(await form.text()).toContain('method="post"')
  })
})

/** Status and error of a wrong verifier, redirect_uri and secret, and of a second use. */
const REFUSED: { readonly [Name in ProviderName]: readonly (readonly [number, string])[] } = {
  google: [
    [400, 'invalid_grant'],
    [400, 'redirect_uri_mismatch'],
    [401, 'invalid_client'],
    [400, 'invalid_grant'],
  ],
  github: [
    [200, 'bad_verification_code'],
    [200, 'redirect_uri_mismatch'],
    [200, 'incorrect_client_credentials'],
    [200, 'bad_verification_code'],
  ],
  microsoft: [
    [400, 'invalid_grant'],
    [400, 'invalid_grant'],
    [401, 'invalid_client'],
    [400, 'invalid_grant'],
  ],
  discord: [
    [400, 'invalid_request'],
    [400, 'invalid_grant'],
    [401, 'invalid_client'],
    [400, 'invalid_grant'],
  ],
  twitter: [
    [400, 'invalid_request'],
    [400, 'invalid_request'],
    [401, 'unauthorized_client'],
    [400, 'invalid_request'],
  ],
  apple: [
    [400, 'invalid_grant'],
    [400, 'invalid_grant'],
    [400, 'invalid_client'],
    [400, 'invalid_grant'],
  ],
  oidc: [
    [400, 'invalid_grant'],
    [400, 'invalid_grant'],
    [401, 'invalid_client'],
    [400, 'invalid_grant'],
  ],
}

describe.each(NAMES)('%s refuses', (name) => {
  it('a wrong verifier, redirect_uri and secret, and a code that was used', async () => {
    const providers = createProviders()
    const code = (await returned(providers, name)).get('code') ?? ''
    const wrongSecret =
      SITES[name].authentication === 'form'
        ? exchange(providers, name, code, { client_secret: 'wrong' })
        : exchange(providers, name, code, {}, { authorization: `Basic ${btoa('wrong:wrong')}` })
    const answers = [
      await exchange(providers, name, code, { code_verifier: VERIFIER.toUpperCase() }),
      await exchange(providers, name, code, { redirect_uri: 'http://127.0.0.1:8787/elsewhere' }),
      await wrongSecret,
    ]
    expect((await exchange(providers, name, code)).status).toBe(200)
    answers.push(await exchange(providers, name, code))
    const errors = answers.map(async (answer) => [answer.status, ((await answer.json()) as { error: string }).error])
    expect(await Promise.all(errors)).toEqual(REFUSED[name])
  })

  it('an authorization request for an unknown client, to an unknown address', async () => {
    const { authorize } = createProviders()
    await expect(authorize(await authorizationUrl(name, { client_id: 'another' }))).rejects.toThrow('client_id')
    const elsewhere = await authorizationUrl(name, { redirect_uri: 'https://attacker.example.test/' })
    await expect(authorize(elsewhere)).rejects.toThrow('redirect_uri')
  })
})

it('Apple wants a form when it tells something, and a secret of at most six months that is meant for it', async () => {
  const providers = createProviders()
  const byQuery = await authorizationUrl('apple', { response_mode: 'query' })
  await expect(providers.authorize(byQuery)).rejects.toThrow('form_post')
  const code = (await returned(providers, 'apple')).get('code') ?? ''
  for (const wrong of [{ lifetime: '190d' }, { audience: 'https://another.example.test' }]) {
    const answer = await exchange(providers, 'apple', code, { client_secret: await appleSecret(wrong) })
    expect([answer.status, await answer.json()]).toEqual([400, { error: 'invalid_client' }])
  }
})

describe('faults', () => {
  const REFUSED_TOKENS: readonly Fault[] = [
    'wrong_issuer',
    'wrong_audience',
    'expired',
    'issued_in_future',
    'alg_none',
    'hmac_with_client_secret',
    'other_key',
    'unknown_kid',
    'no_id_token',
  ]
  it.each(WITH_ID_TOKEN)('spoil an ID token of %s', async (name) => {
    const providers = createProviders()
    const tokensWith = async (fault: Fault) => {
      providers.fault(fault)
      return signIn(providers, name)
    }
    for (const fault of REFUSED_TOKENS) {
      await expect(verified(providers, name, await tokensWith(fault)), fault).rejects.toThrow()
    }
    expect(await verified(providers, name, await tokensWith('rolled_keys'))).toMatchObject({ nonce: 'nonce' })
    expect(await verified(providers, name, await tokensWith('no_nonce'))).not.toHaveProperty('nonce')
    expect(await verified(providers, name, await tokensWith('wrong_nonce'))).not.toMatchObject({ nonce: 'nonce' })
    expect(await verified(providers, name, await tokensWith('wrong_azp'))).toMatchObject({ azp: 'another-client' })
    expect(await verified(providers, name, await tokensWith('no_email'))).not.toHaveProperty('email')
  })

  it.each(NAMES)('spoil the endpoints of %s', async (name) => {
    const providers = createProviders()
    const code = (await returned(providers, name)).get('code') ?? ''
    const during = (fault: Fault, headers = {}) => {
      providers.fault(fault)
      return exchange(providers, name, code, {}, headers)
    }
    expect((await during('token_500')).status).toBe(500)
    expect((await during('token_html')).headers.get('content-type')).toContain('text/html')
    expect((await during('token_redirect')).status).toBe(302)
    providers.fault('access_denied')
    expect((await returned(providers, name)).get('error')).toMatch(/^(access_denied|user_cancelled_authorize)$/)
    providers.fault('iss_other')
    const back = await returned(providers, name)
    expect(back.get('iss')).toBe('https://attacker.example.test')
    providers.fault('token_huge')
    const huge = await exchange(providers, name, back.get('code') ?? '')
    const text = await huge.text()
    expect([text.length > 2 ** 21, text.includes('access_token')]).toEqual([true, true])
  })

  it.each(NAMES)('spoil what %s says of a person', async (name) => {
    const providers = createProviders()
    const tokens = await signIn(providers, name)
    const { userinfo, keys } = SITES[name]
    const during = (fault: Fault, url: string) => {
      providers.fault(fault)
      return get(providers, url, tokens)
    }
    const saysWithout = async (fault: Fault, url: string) => {
      const good = await (await get(providers, url, tokens)).text()
      expect(await (await during(fault, url)).text()).not.toBe(good)
      providers.fault(null)
    }
    if (userinfo !== undefined) {
      expect((await during('userinfo_500', userinfo)).status).toBe(500)
      expect((await during('userinfo_html', userinfo)).headers.get('content-type')).toContain('text/html')
      providers.fault(null)
      const addresses = name === 'github' ? `${userinfo}/emails` : userinfo
      await saysWithout('no_email', addresses)
      // Microsoft's userinfo says nothing of it: the ID token does, when asked.
      if (name !== 'microsoft') await saysWithout('email_not_verified', addresses)
      if (keys !== undefined) await saysWithout('userinfo_other_subject', userinfo)
    }
    if (keys !== undefined) {
      expect((await during('keys_500', keys)).status).toBe(500)
      expect((await during('keys_html', keys)).headers.get('content-type')).toContain('text/html')
    }
    providers.fault('iss_missing')
    expect((await returned(providers, name)).has('iss')).toBe(false)
  })

  it('hang until the caller gives up', async () => {
    const providers = createProviders()
    const gone = new Error('given up')
    const controller = new AbortController()
    providers.fault('token_hang')
    const hanging = providers.fetch(SITES.google.token, { method: 'POST', body: 'x', signal: controller.signal })
    controller.abort(gone)
    await expect(hanging).rejects.toThrow('given up')
  })

  it('answer whoever follows a redirect', async () => {
    const providers = createProviders()
    const code = (await returned(providers, 'google')).get('code') ?? ''
    providers.fault('token_redirect')
    const location = (await exchange(providers, 'google', code)).headers.get('location') ?? ''
    const followed = await providers.fetch(new URL(location, SITES.google.token))
    expect(await followed.json()).toHaveProperty('access_token')
  })
})
