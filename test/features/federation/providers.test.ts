import { describe, expect, it } from 'vitest'
import { findBrokenVariables } from '../../../src/config.ts'
import {
  findFixedProvider,
  isIssuerOf,
  toOpenIdProvider,
} from '../../../src/features/federation/service/fixed-providers.ts'
import { findMetadata, findOrReadMetadata, refreshMetadata } from '../../../src/features/federation/service/metadata.ts'
import {
  readApple,
  readDiscord,
  readGitHub,
  readGoogle,
  readMicrosoft,
  readOpenId,
  readTwitter,
} from '../../../src/features/federation/service/read-identity.ts'
import type { ProviderAnswers, ProviderMetadata } from '../../../src/features/federation/types.ts'
import { createTestApp, env } from '../../support/app.ts'
import { APPLE_CLIENT, CLIENTS } from '../../support/providers/clients.ts'
import { answerOf, type Browser, createFederation, JSON_ONLY, type ProviderName, signInBy } from './support.ts'

const answers = (given: Partial<ProviderAnswers>): ProviderAnswers => ({
  claims: {},
  userinfo: {},
  emails: [],
  form: {},
  ...given,
})

/** Values that are no text, no number of somebody, and no yes. */
const IMPOSTORS = [null, undefined, true, {}, [], ['1'], '', ' ', 'abc', '1e3', '0x1', '１２', 1.5, Number.NaN, 2 ** 53]

describe('a numeric id', () => {
  it.each([
    ['GitHub', (id: unknown) => readGitHub(answers({ userinfo: { id, login: 'ada' } }))],
    ['Discord', (id: unknown) => readDiscord(answers({ userinfo: { id, username: 'ada' } }))],
    ['X', (id: unknown) => readTwitter(answers({ userinfo: { data: { id, username: 'ada' } } }))],
  ])('of %s is read exactly, or nobody is', (_, read) => {
    expect(read(583231)?.subject).toBe('583231')
    // Beyond what a number keeps: two people must not become one.
    expect(read('80351110224678912')?.subject).toBe('80351110224678912')
    for (const id of IMPOSTORS) expect([id, read(id)]).toEqual([id, null])
  })

  it('of X is there at all', () => {
    for (const data of [undefined, null, [], 'x', { username: 'ada' }])
      expect(readTwitter(answers({ userinfo: { data } }))).toBeNull()
  })
})

describe('an address', () => {
  const emailOf = (email: unknown) => readDiscord(answers({ userinfo: { id: '1', email, verified: true } }))?.email

  it('is normalized, and is none when it is no address', () => {
    expect(emailOf('Ada@Example.TEST')).toBe('ada@example.test')
    for (const wrong of [...IMPOSTORS, 'ada', '@example.test', 'ada@', 'a@b@example.test', 'ada@example.test\nx', 1])
      expect([wrong, emailOf(wrong)]).toEqual([wrong, null])
  })

  it('of GitHub is the one that is primary and verified, and nothing else counts', () => {
    const read = (emails: readonly unknown[]) =>
      readGitHub(answers({ userinfo: { id: 1, email: 'public@x.test' }, emails }))
    const address = { email: 'ada@example.test', primary: true, verified: true }
    expect(read([{ ...address, primary: false, email: 'b@x.test' }, address])).toMatchObject({
      email: 'ada@example.test',
      isEmailVerified: true,
      speaksForEmail: false,
    })
    for (const emails of [
      [],
      [null, 'ada@example.test', ['ada@example.test']],
      [{ ...address, verified: false }],
      [{ ...address, primary: false }],
      [{ ...address, verified: 'true' }],
      [{ ...address, primary: 1 }],
    ])
      expect(read(emails)).toMatchObject({ email: null, isEmailVerified: false })
  })

  it('of Discord and of an OpenID provider is verified by `true` alone', () => {
    for (const verified of ['true', 1, 'yes', null, undefined, {}]) {
      const of = { id: '1', email: 'ada@example.test', verified }
      expect(readDiscord(answers({ userinfo: of }))?.isEmailVerified).toBe(false)
      const claims = { sub: '1', email: 'ada@example.test', email_verified: verified }
      expect(readOpenId('https://id.example.test')(answers({ claims }))?.isEmailVerified).toBe(false)
    }
  })

  it('is verified by the answer that tells it: what a token says of another address counts for nothing', () => {
    const claims = { sub: '1', email: 'mine@example.test', email_verified: true }
    const userinfo = { sub: '1', email: 'yours@example.test' }
    for (const read of [readOpenId('https://id.example.test'), readGoogle(null)]) {
      const given = answers({ claims, userinfo })
      expect(read(given)).toMatchObject({ email: 'yours@example.test', isEmailVerified: false })
      expect(read(answers({ claims, userinfo: { sub: '1' } }))).toMatchObject({
        email: 'mine@example.test',
        isEmailVerified: true,
      })
      expect(read(answers({ claims, userinfo: { sub: '1', email: null } }))?.email).toBeNull()
    }
  })
})

describe('who speaks for an address', () => {
  const google = (email: string, hd?: unknown, userinfo: Record<string, unknown> = {}) =>
    readGoogle(null)(answers({ claims: { sub: '1', email, email_verified: true, hd }, userinfo }))?.speaksForEmail
  const apple = (email: string) =>
    readApple(answers({ claims: { sub: '1', email, email_verified: 'true', is_private_email: 'true' } }))
      ?.speaksForEmail

  it('is Google for gmail.com and the hosted domain of the token', () => {
    expect([
      google('a@gmail.com'),
      google('a@GMAIL.com'),
      google('a@x.test', 'x.test'),
      google('a@x.test', 'X.test'),
    ]).toEqual([true, true, true, true])
    for (const [email, hd] of [
      ['a@x.test', undefined],
      ['a@x.test', ''],
      ['a@x.test', null],
      ['a@x.test', ['x.test']],
      ['a@sub.x.test', 'x.test'],
      ['a@xx.test', 'x.test'],
      ['a@gmail.com.x.test', 'y.test'],
      ['a@notgmail.com', undefined],
      ['a@googlemail.com', undefined],
    ] as const)
      expect([email, google(email, hd)]).toEqual([email, false])
    expect(google('a@x.test', undefined, { sub: '1', hd: 'x.test' })).toBe(false)
  })

  it('is Apple for its relay', () => {
    expect(apple('a@privaterelay.appleid.com')).toBe(true)
    for (const email of ['a@icloud.com', 'a@x.privaterelay.appleid.com', 'a@privaterelay.appleid.com.x.test'])
      expect([email, apple(email)]).toEqual([email, false])
  })

  it('is never Microsoft', () => {
    const read = readMicrosoft({ tenant: 'common', tenants: [] })
    for (const xms_edov of [true, 'true', 1, '1'])
      expect(read(answers({ claims: { sub: '1', tid: TENANT, email: 'a@x.test', xms_edov } }))).toMatchObject({
        isEmailVerified: true,
        speaksForEmail: false,
      })
    for (const xms_edov of [undefined, false, 0, '0', 'false', null, {}, [1]])
      expect(read(answers({ claims: { sub: '1', tid: TENANT, email: 'a@x.test', xms_edov } }))?.isEmailVerified).toBe(
        false,
      )
  })
})

const TENANT = '11111111-2222-3333-4444-555555555555'
const OTHER = '99999999-2222-3333-4444-555555555555'
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'

describe('a tenant of Microsoft', () => {
  const isAdmitted = (tid: unknown, tenant: string, tenants: readonly string[] = []) =>
    readMicrosoft({ tenant, tenants })(answers({ claims: { sub: '1', tid } })) !== null

  it.each([
    ['common', [], [true, true, true]],
    ['organizations', [], [true, true, false]],
    ['consumers', [], [false, false, true]],
    [TENANT, [], [true, false, false]],
    ['common', [TENANT], [true, false, false]],
    ['common', [TENANT, CONSUMERS], [true, false, true]],
    ['organizations', [CONSUMERS], [false, false, false]],
  ] as const)('is admitted by %s and %j', (tenant, tenants, expected) => {
    expect([TENANT, OTHER, CONSUMERS].map((tid) => isAdmitted(tid, tenant, tenants))).toEqual(expected)
  })

  it('is the issuer, and must be one', () => {
    const read = readMicrosoft({ tenant: 'common', tenants: [] })
    expect(read(answers({ claims: { sub: '1', tid: TENANT } }))?.issuer).toBe(
      `https://login.microsoftonline.com/${TENANT}/v2.0`,
    )
    for (const tid of [...IMPOSTORS, `${TENANT}/../x`, 'common', '{tenantid}'])
      expect([tid, isAdmitted(tid, 'common')]).toEqual([tid, false])
  })

  it('is found in `iss` of a callback', () => {
    const it = { issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' }
    expect(isIssuerOf(it, `https://login.microsoftonline.com/${TENANT}/v2.0`)).toBe(true)
    for (const iss of ['', it.issuer, `https://login.microsoftonline.com/${TENANT}`, `https://x.test/${TENANT}/v2.0`])
      expect([iss, isIssuerOf(it, iss)]).toEqual([iss, false])
  })
})

it('a profile has what fits, and nothing of control characters, of other types or too long', () => {
  const read = (name: unknown) => readOpenId('https://id.example.test')(answers({ claims: { sub: '1', name } }))
  expect(read(' Ada ')).toMatchObject({ label: 'Ada', profile: { displayName: 'Ada' } })
  for (const name of [1, null, {}, '', ' ', 'x'.repeat(101), 'a\u0000b', 'a\nb'])
    expect([name, read(name)?.profile.displayName, read(name)?.label]).toEqual([name, undefined, null])
})

describe('settings', () => {
  const GOOD = { ROOT_SECRET: 'x'.repeat(32), PUBLIC_URL: 'https://auth.example.test' }
  const apple = {
    OAUTH_APPLE_CLIENT_ID: 'a',
    OAUTH_APPLE_TEAM_ID: 'b',
    OAUTH_APPLE_KEY_ID: 'c',
    OAUTH_APPLE_PRIVATE_KEY: APPLE_CLIENT.privateKey.replaceAll('\n', '\\n'),
  }
  const entry = { name: 'okta', issuer: 'https://okta.example.test', client_id: 'x', client_secret: 'y' }
  const providers = (...entries: object[]) => ({ OAUTH_PROVIDERS: JSON.stringify(entries) })

  it.each<[Record<string, string>]>([
    [apple],
    [{ OAUTH_GOOGLE_CLIENT_ID: 'a', OAUTH_GOOGLE_CLIENT_SECRET: 'b', OAUTH_GOOGLE_HOSTED_DOMAIN: 'example.test' }],
    [{ OAUTH_MICROSOFT_TENANT: TENANT, OAUTH_MICROSOFT_TENANTS: `${TENANT}, ${OTHER}` }],
    [{ OAUTH_TRUST_EMAIL: 'github, okta', ...providers(entry) }],
    [
      providers(entry, {
        ...entry,
        name: 'auth0',
        scopes: ['openid'],
        trust_email: true,
        require_verified_email: false,
      }),
    ],
    [{ DEFAULT_RETURN_URL: 'https://app.example.test/home' }],
    [{ REDIRECT_ORIGINS: 'https://app.example.test, com.example.app:' }],
  ])('are good: %j', (given) => {
    expect(findBrokenVariables({ ...GOOD, ...given })).toEqual([])
  })

  it.each<[string, Record<string, string>, RegExp]>([
    ['OAUTH_GITHUB_CLIENT_SECRET', { OAUTH_GITHUB_CLIENT_ID: 'x' }, /goes with OAUTH_GITHUB_CLIENT_ID/],
    ['OAUTH_GOOGLE_CLIENT_SECRET', { OAUTH_GOOGLE_CLIENT_SECRET: 'x' }, /goes with/],
    ['OAUTH_APPLE_CLIENT_ID', { ...apple, OAUTH_APPLE_KEY_ID: '' }, /goes with/],
    ['OAUTH_APPLE_PRIVATE_KEY', { ...apple, OAUTH_APPLE_PRIVATE_KEY: '-----BEGIN EC PRIVATE KEY-----' }, /PEM/],
    ['OAUTH_GOOGLE_HOSTED_DOMAIN', { OAUTH_GOOGLE_HOSTED_DOMAIN: 'Example.test' }, /domain/],
    ['OAUTH_MICROSOFT_TENANT', { OAUTH_MICROSOFT_TENANT: 'contoso.onmicrosoft.com' }, /tenant/],
    ['OAUTH_MICROSOFT_TENANTS', { OAUTH_MICROSOFT_TENANTS: `${TENANT},contoso` }, /ids of tenants/],
    ['OAUTH_TRUST_EMAIL', { OAUTH_TRUST_EMAIL: 'github,microsoft' }, /must not name microsoft/],
    ['OAUTH_TRUST_EMAIL', { OAUTH_TRUST_EMAIL: 'github google' }, /names of providers/],
    ['OAUTH_STAND_IN', { OAUTH_STAND_IN: 'http://127.0.0.1:9000' }, /local mode/],
    ['OAUTH_PROVIDERS', { OAUTH_PROVIDERS: '{' }, /JSON list/],
    ['OAUTH_PROVIDERS', { OAUTH_PROVIDERS: '{}' }, /JSON list/],
    ['OAUTH_PROVIDERS', { OAUTH_PROVIDERS: '[1]' }, /./],
    ['OAUTH_PROVIDERS', providers({ ...entry, client_secret: undefined }), /JSON list/],
    ['OAUTH_PROVIDERS', providers({ ...entry, issuer: 'x' }), /issuer/],
    ['OAUTH_PROVIDERS', providers({ ...entry, issuer: 'http://okta.example.test' }), /https/],
    ['OAUTH_PROVIDERS', providers({ ...entry, trust_mail: true }), /./],
    ['OAUTH_PROVIDERS', providers({ ...entry, trust_email: 'true' }), /./],
    ['OAUTH_PROVIDERS', providers(entry, entry), /twice/],
    ...['Okta', '', '1x', 'a b', 'x'.repeat(33)].map(
      (name) => ['OAUTH_PROVIDERS', providers({ ...entry, name }), /name/] as [string, Record<string, string>, RegExp],
    ),
    ...['token', 'authorize', 'exchange', 'link', 'google', 'apple', 'providers', 'accounts', 'sso'].map(
      (name) => ['OAUTH_PROVIDERS', providers({ ...entry, name }), /taken/] as [string, Record<string, string>, RegExp],
    ),
    ['DEFAULT_RETURN_URL', { DEFAULT_RETURN_URL: 'http://app.example.test/' }, /https/],
    ['DEFAULT_RETURN_URL', { DEFAULT_RETURN_URL: 'javascript:alert(1)' }, /address/],
    ['REDIRECT_ORIGINS', { REDIRECT_ORIGINS: 'javascript:' }, /origins/],
    ['REDIRECT_ORIGINS', { REDIRECT_ORIGINS: 'https://app.example.test/path' }, /origins/],
  ])('are wrong, with a reason: %s %j', (name, given, reason) => {
    const broken = findBrokenVariables({ ...GOOD, ...given })
    expect(broken[0]).toMatchObject({ name, reason: expect.stringMatching(reason) })
    expect(broken.filter((it) => it.name !== name)).toEqual([])
  })

  it('move the fixed providers to a stand-in, path for path', async () => {
    const { config } = await createFederation().app.ctx()
    const at = (name: string) =>
      findFixedProvider({ ...config, OAUTH_STAND_IN: 'http://127.0.0.1:9000' }, name)?.endpoints
    expect(at('google')?.token).toBe('http://127.0.0.1:9000/oauth2.googleapis.com/token')
    expect(at('twitter')?.userinfo).toBe('http://127.0.0.1:9000/api.x.com/2/users/me?user.fields=confirmed_email')
    expect(at('apple')?.userinfo).toBeNull()
    expect(findFixedProvider(config, 'google')?.endpoints.token).toBe('https://oauth2.googleapis.com/token')
  })
})

describe('those who are admitted', () => {
  const arrive = async (name: ProviderName, mine: Browser) =>
    answerOf(mine.callback(await mine.toCallback(name, {}), JSON_ONLY))

  it('by OAUTH_GOOGLE_HOSTED_DOMAIN are of that domain, whatever the request asked', async () => {
    const { providers, browser } = createFederation({ env: { OAUTH_GOOGLE_HOSTED_DOMAIN: 'example.test' } })
    const email = `ada.${crypto.randomUUID()}@example.test`
    for (const hd of [undefined, 'other.test', 'sub.example.test']) {
      providers.person('google', { email, hd })
      expect(await arrive('google', browser())).toMatchObject({ status: 401, code: 'OAUTH_EXCHANGE_FAILED' })
    }
    providers.person('google', { email, hd: 'example.test' })
    const started = await browser().open('/api/v1/oauth/google/authorize')
    expect(new URL(started.headers.get('location') ?? '').searchParams.get('hd')).toBe('example.test')
    expect(await arrive('google', browser())).toMatchObject({ status: 200 })
  })

  it('by OAUTH_MICROSOFT_TENANTS are of those tenants', async () => {
    const { providers, browser } = createFederation({ env: { OAUTH_MICROSOFT_TENANTS: TENANT } })
    providers.person('microsoft', { tid: OTHER, xms_edov: true })
    expect(await arrive('microsoft', browser())).toMatchObject({ status: 401, code: 'OAUTH_EXCHANGE_FAILED' })
    providers.person('microsoft', { tid: TENANT, xms_edov: true })
    expect(await arrive('microsoft', browser())).toMatchObject({ status: 200 })
  })
})

const DAY = 86_400_000

/** A provider of its own, which answers with `document` and counts how often it was asked. */
async function provider(document: (issuer: string) => unknown = documentOf) {
  const issuer = `https://${crypto.randomUUID()}.example.test`
  const asked: string[] = []
  const state = { document: document(issuer), now: Date.now() }
  const app = createTestApp({
    env: {
      OAUTH_PROVIDERS: JSON.stringify([{ name: 'own', issuer, client_id: CLIENTS.oidc.id, client_secret: 'x' }]),
    },
    override: (ctx) => ({
      ...ctx,
      now: () => state.now,
      fetch: (async (input: string) => {
        asked.push(input)
        return state.document instanceof Response ? state.document.clone() : Response.json(state.document)
      }) as typeof fetch,
    }),
  })
  return {
    issuer,
    asked,
    state,
    app,
    ctx: await app.ctx(),
    start: () => answerOf(app.fetch('/api/v1/oauth/own/authorize')),
  }
}

const documentOf = (issuer: string): ProviderMetadata => ({
  issuer,
  authorization_endpoint: `${issuer}/authorize`,
  token_endpoint: `${issuer}/token`,
  userinfo_endpoint: `${issuer}/userinfo`,
  jwks_uri: `${issuer}/keys`,
  id_token_signing_alg_values_supported: ['RS256'],
})

describe('metadata', () => {
  it('is read once, at the well-known address, and kept', async () => {
    const { issuer, asked, ctx, start } = await provider()
    for (let round = 0; round < 3; round++) expect(await start()).toMatchObject({ status: 200, provider: 'own' })
    expect(asked).toEqual([`${issuer}/.well-known/openid-configuration`])
    expect(await findMetadata(ctx, issuer)).toEqual(documentOf(issuer))
  })

  it.each<[string, (issuer: string) => unknown]>([
    ['of another issuer', (issuer) => ({ ...documentOf(issuer), issuer: 'https://attacker.example.test' })],
    ['of nearly the issuer', (issuer) => ({ ...documentOf(issuer), issuer: `${issuer}/` })],
    ...(['issuer', 'authorization_endpoint', 'token_endpoint', 'jwks_uri'] as const).map(
      (field): [string, (issuer: string) => unknown] => [
        `without ${field}`,
        (issuer) => ({ ...documentOf(issuer), [field]: undefined }),
      ],
    ),
    ...(['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'userinfo_endpoint'] as const).flatMap((field) =>
      [
        'http://id.example.test/x',
        'https://10.0.0.1/x',
        'https://user:pass@id.example.test/x',
        'javascript:alert(1)',
        '',
      ].map((address): [string, (issuer: string) => unknown] => [
        `whose ${field} is ${address || 'empty'}`,
        (issuer) => ({ ...documentOf(issuer), [field]: address }),
      ]),
    ),
    [
      'whose token endpoint is ours',
      (issuer) => ({ ...documentOf(issuer), token_endpoint: 'http://127.0.0.1:8787/x' }),
    ],
    ['that is a list', () => []],
    ['that is null', () => null],
    ['that is HTML', () => new Response('<p>Sorry', { headers: { 'content-type': 'text/html' } })],
    ['that is a failure', () => new Response('{}', { status: 500 })],
    ['that is elsewhere', () => new Response(null, { status: 302, headers: { location: 'https://x.test/' } })],
    ['that is huge', (issuer) => ({ ...documentOf(issuer), padding: 'x'.repeat(2 ** 20) })],
    [
      'with algorithms that anybody can sign with',
      (issuer) => ({
        ...documentOf(issuer),
        id_token_signing_alg_values_supported: ['none', 'HS256'],
      }),
    ],
  ])('%s begins no sign-in', async (_, document) => {
    const { issuer, ctx, start } = await provider(document)
    expect(await start()).toMatchObject({ status: 401, code: 'OAUTH_EXCHANGE_FAILED' })
    expect(await findMetadata(ctx, issuer)).toBeUndefined()
  })

  it('names the field that is wrong', async () => {
    const { issuer, ctx } = await provider((issuer) => ({
      ...documentOf(issuer),
      jwks_uri: 'http://id.example.test/keys',
    }))
    await expect(findOrReadMetadata(ctx, issuer)).rejects.toMatchObject({
      name: 'MetadataError',
      message: expect.stringContaining('jwks_uri'),
    })
  })

  it('is read again a day later; a failure changes nothing, and is repeated the day after', async () => {
    const { issuer, asked, state, ctx, start } = await provider()
    await start()
    await refreshMetadata(ctx)
    expect(asked).toHaveLength(1)
    const moved = { ...documentOf(issuer), token_endpoint: `${issuer}/token-2` }
    state.document = { ...moved, issuer: 'https://attacker.example.test' }
    state.now += DAY + 1
    await refreshMetadata(ctx)
    expect(await findMetadata(ctx, issuer)).toEqual(documentOf(issuer))
    await refreshMetadata(ctx)
    expect(asked).toHaveLength(2)
    state.document = moved
    state.now += DAY + 1
    await refreshMetadata(ctx)
    expect(asked).toHaveLength(3)
    expect(await findMetadata(ctx, issuer)).toEqual(moved)
  })

  it('of a provider that is no longer configured is not read again', async () => {
    const { asked, state, ctx, start } = await provider()
    await start()
    state.now += 2 * DAY
    await refreshMetadata({ ...ctx, config: { ...ctx.config, OAUTH_PROVIDERS: [] } })
    expect(asked).toHaveLength(1)
  })

  it('that moves in the middle of a sign-in moves nothing, and is not read there', async () => {
    const federation = createFederation()
    const { providers, browser } = federation
    await signInBy(federation, 'oidc')
    const mine = browser()
    const returned = await mine.toCallback('oidc')
    const before = providers.calls.length
    expect((await mine.callback(returned)).status).toBe(302)
    const endpoints = providers.calls.slice(before).map(({ endpoint }) => endpoint)
    expect(endpoints.toSorted()).toEqual(['keys', 'token', 'userinfo'])
    const later = await mine.toCallback('oidc')
    const row = await env.DB.prepare("select * from openid_metadata where issuer = 'https://id.example.test'").first<{
      document: string
      read_at: number
    }>()
    await env.DB.prepare("delete from openid_metadata where issuer = 'https://id.example.test'").run()
    const refused = await answerOf(mine.callback(later, JSON_ONLY))
    expect(refused).toMatchObject({ status: 401, code: 'OAUTH_EXCHANGE_FAILED' })
    expect(providers.calls.at(-1)?.endpoint).not.toBe('discovery')
    await env.DB.prepare(
      "insert into openid_metadata (issuer, document, read_at) values ('https://id.example.test', ?, ?)",
    )
      .bind(row?.document, row?.read_at)
      .run()
    expect((await mine.callback(later)).status).toBe(302)
  })

  it('says how the client proves itself, and which algorithms count', () => {
    const client = {
      name: 'own',
      label: 'Own',
      clientId: 'x',
      clientSecret: 'y',
      scopes: ['openid'],
      needsVerifiedEmail: true,
      read: readOpenId('https://id.example.test'),
    }
    const of = (changes: Partial<ProviderMetadata>) =>
      toOpenIdProvider({ ...documentOf('https://id.example.test'), ...changes }, client)
    const methodOf = (methods?: string[]) =>
      of({ token_endpoint_auth_methods_supported: methods }).authentication.method
    expect([
      methodOf(),
      methodOf(['client_secret_post', 'client_secret_basic']),
      methodOf(['client_secret_post']),
    ]).toEqual(['basic', 'basic', 'post'])
    const algorithmsOf = (list?: string[]) => of({ id_token_signing_alg_values_supported: list }).algorithms
    expect([algorithmsOf(), algorithmsOf(['none', 'HS256', 'ES256', 'RS256'])]).toEqual([['RS256'], ['ES256', 'RS256']])
    expect(of({ userinfo_endpoint: undefined }).endpoints.userinfo).toBeNull()
  })
})
