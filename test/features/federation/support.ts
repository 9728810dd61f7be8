import { base64url } from 'jose'
import { createTestApp, env, json, type TestApp, type TestAppOptions } from '../../support/app.ts'
import { APPLE_CLIENT, CLIENTS } from '../../support/providers/clients.ts'
import { OIDC_ISSUER } from '../../support/providers/openid.ts'
import { createProviders } from '../../support/providers/providers.ts'
import { newAddress } from '../../support/users.ts'
import { mailedToken } from '../sign-in/mails.ts'

export const APP_ORIGIN = 'https://app.example.test'
export const RETURN_TO = `${APP_ORIGIN}/signed-in`

const { google, github, microsoft, discord, twitter, oidc } = CLIENTS

const SETTINGS = {
  REDIRECT_ORIGINS: `${APP_ORIGIN},com.example.app:`,
  CORS_ORIGINS: APP_ORIGIN,
  OAUTH_GOOGLE_CLIENT_ID: google.id,
  OAUTH_GOOGLE_CLIENT_SECRET: google.secret,
  OAUTH_GITHUB_CLIENT_ID: github.id,
  OAUTH_GITHUB_CLIENT_SECRET: github.secret,
  OAUTH_MICROSOFT_CLIENT_ID: microsoft.id,
  OAUTH_MICROSOFT_CLIENT_SECRET: microsoft.secret,
  OAUTH_DISCORD_CLIENT_ID: discord.id,
  OAUTH_DISCORD_CLIENT_SECRET: discord.secret,
  OAUTH_TWITTER_CLIENT_ID: twitter.id,
  OAUTH_TWITTER_CLIENT_SECRET: twitter.secret,
  OAUTH_APPLE_CLIENT_ID: APPLE_CLIENT.id,
  OAUTH_APPLE_TEAM_ID: APPLE_CLIENT.teamId,
  OAUTH_APPLE_KEY_ID: APPLE_CLIENT.keyId,
  OAUTH_APPLE_PRIVATE_KEY: APPLE_CLIENT.privateKey,
  OAUTH_PROVIDERS: JSON.stringify([
    { name: 'oidc', display_name: 'Example ID', issuer: OIDC_ISSUER, client_id: oidc.id, client_secret: oidc.secret },
  ]),
}

export type Providers = ReturnType<typeof createProviders>
export type ProviderName = Parameters<Providers['person']>[0]

export const PROVIDERS: readonly ProviderName[] = [
  'google',
  'github',
  'microsoft',
  'discord',
  'twitter',
  'apple',
  'oidc',
]

/** A service whose calls to other providers reach stand-ins for them. */
export function createFederation(
  options: Pick<TestAppOptions, 'env' | 'override'> & { readonly providers?: Providers } = {},
) {
  const { providers = createProviders({ redirectUris: [RETURN_TO] }) } = options
  const app = createTestApp({
    env: { ...SETTINGS, ...options.env },
    override: (ctx) => ({ ...(options.override?.(ctx) ?? ctx), fetch: providers.fetch as typeof fetch }),
  })
  return { app, providers, browser: () => new Browser(app, providers) }
}

/** The same service later, or with other settings: isolates share the database. */
export const laterFederation = (providers: Providers, ms: number, env: Readonly<Record<string, unknown>> = {}) =>
  createFederation({ providers, env, override: (ctx) => ({ ...ctx, now: () => Date.now() + ms }) })

const cookieOf = (response: Response): string | null => response.headers.get('set-cookie')?.split(';')[0] ?? null

export type Returned = Awaited<ReturnType<Providers['authorize']>>
export type Federation = ReturnType<typeof createFederation>

/** What a program asks for. */
export const JSON_ONLY = { accept: 'application/json' }

const HTML = { accept: 'text/html,application/xhtml+xml' }

/** A browser of one person: it keeps the cookie, and follows redirects between the service and a provider by hand. */
export class Browser {
  cookie: string | null = null
  readonly address = newAddress()
  readonly #app: TestApp
  readonly #providers: Providers

  constructor(app: TestApp, providers: Providers) {
    this.#app = app
    this.#providers = providers
  }

  async open(path: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers({
      ...HTML,
      'cf-connecting-ip': this.address,
      ...Object.fromEntries(new Headers(init.headers)),
    })
    if (this.cookie) headers.set('cookie', this.cookie)
    const response = await this.#app.fetch(path, { ...init, headers, redirect: 'manual' })
    this.cookie = cookieOf(response) ?? this.cookie
    return response
  }

  /** The same browser at another isolate of the service. */
  at({ app, providers }: Pick<Federation, 'app' | 'providers'>): Browser {
    const moved = new Browser(app, providers)
    moved.cookie = this.cookie
    return moved
  }

  /** Begins, and signs in at the provider. Returns where the provider sends the browser back to. */
  async toCallback(provider: ProviderName, query: Record<string, string> = { redirect_to: RETURN_TO }) {
    const started = await this.open(`/api/v1/oauth/${provider}/authorize?${new URLSearchParams(query)}`)
    if (started.status !== 302) throw new Error(`the start answered ${started.status}: ${await started.text()}`)
    return this.#providers.authorize(started.headers.get('location') ?? '')
  }

  /** Goes where the provider sends it back to. */
  async callback({ callback, form }: Returned, headers: Record<string, string> = {}) {
    const path = callback.pathname + callback.search
    return form ? this.open(path, { method: 'POST', body: form, headers }) : this.open(path, { headers })
  }

  /** The whole way, to the address of the application. */
  async signIn(provider: ProviderName, query?: Record<string, string>): Promise<URL> {
    const answer = await this.callback(await this.toCallback(provider, query))
    const location = answer.headers.get('location')
    if (location === null) throw new Error(`the callback answered ${answer.status}: ${await answer.text()}`)
    return new URL(location)
  }
}

/** Exchanges the code of an address of the application. */
export const exchange = (app: TestApp, body: Record<string, unknown>, headers: Record<string, string> = {}) =>
  app.fetch('/api/v1/oauth/exchange', json(body, { 'cf-connecting-ip': newAddress(), ...headers }))

export interface Answer {
  readonly status: number
  readonly code?: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  readonly [key: string]: any
}

/** Status and body of a JSON answer. */
export async function answerOf(response: Response | Promise<Response>): Promise<Answer> {
  const settled = await response
  return { ...(await settled.json<object>()), status: settled.status }
}

export const codeIn = (address: URL): string => address.searchParams.get('code') ?? ''

/** The whole sign-in of a browser, tokens included. */
export async function signInBy({ app, browser }: Federation, provider: ProviderName, by = browser()): Promise<Answer> {
  return answerOf(exchange(app, { code: codeIn(await by.signIn(provider)) }))
}

/** A sign-in that a program begins: where it sends its browser, and the state. */
export const startAsProgram = (app: TestApp, provider: ProviderName, query: Record<string, string> = {}) =>
  answerOf(app.fetch(`/api/v1/oauth/${provider}/authorize?${new URLSearchParams(query)}`, { headers: JSON_ONLY }))

/** The path of an address of ours. */
export const pathOf = (address: string): string => {
  const { pathname, search } = new URL(address)
  return pathname + search
}

export const bearerOf = ({ access_token: token }: Answer) => ({ authorization: `Bearer ${token}` })

/** A PKCE verifier with its challenge (RFC 7636, S256). */
export async function newVerifier(): Promise<{ verifier: string; challenge: string }> {
  const verifier = base64url.encode(crypto.getRandomValues(new Uint8Array(32)))
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return { verifier, challenge: base64url.encode(new Uint8Array(digest)) }
}

const ISSUERS = {
  discord: 'https://discord.com',
  github: 'https://github.com/login/oauth',
  google: 'https://accounts.google.com',
}

/** Links an identity to an account, without the sign-in that would. */
export const linkByHand = (userId: string, provider: keyof typeof ISSUERS, subject: string | number) =>
  env.DB.prepare(
    'insert into identities (id, user_id, provider, issuer, subject, created_at, last_used_at) values (?, ?, ?, ?, ?, ?, null)',
  )
    .bind(crypto.randomUUID(), userId, provider, ISSUERS[provider], String(subject), Date.now())
    .run()

/** The identities of a user, or those of a subject. */
export async function identitiesOf(column: 'user_id' | 'subject', value: string | number) {
  const { results } = await env.DB.prepare(`select * from identities where ${column} = ? order by created_at`)
    .bind(String(value))
    .all<{
      id: string
      user_id: string
      provider: string
      subject: string
      email: string | null
      label: string | null
    }>()
  return results
}

export const setUser = (userId: string, set: string) =>
  env.DB.prepare(`update users set ${set} where id = ?`).bind(userId).run()

/** The mailed proof of an address, to the code of its page. */
export async function proveAddress(app: TestApp, pendingToken: string, email: string, count = 1): Promise<string> {
  const asked = await app.fetch(
    '/api/v1/oauth/pending-email',
    json({ pending_token: pendingToken, email }, { 'cf-connecting-ip': newAddress() }),
  )
  if (!asked.ok) throw new Error(await asked.text())
  return codeOfPage(await confirmAddress(app, await mailedToken(app, email, '/provider-email', count)))
}

/** Whoever opened the mail's link goes on. */
export const confirmAddress = (app: TestApp, token: string, headers: Record<string, string> = OWN): Promise<Response> =>
  app.fetch('/provider-email', {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ token }).toString(),
  })

const OWN = { origin: 'http://127.0.0.1:8787' }

export const codeOfPage = async (page: Response): Promise<string> =>
  /<code>([^<]+)<\/code>/.exec(await page.text())?.[1] ?? ''
