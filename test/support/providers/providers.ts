import { fromUtf8 } from '../../../src/lib/encoding.ts'
import { apple } from './apple.ts'
import { openDesk, type Return } from './desk.ts'
import { discord } from './discord.ts'
import type { Fault } from './faults.ts'
import { github } from './github.ts'
import { google } from './google.ts'
import { microsoft } from './microsoft.ts'
import { openid } from './openid.ts'
import { type Changes, NEW_PERSON, type People, type ProviderName } from './people.ts'
import type { Provider, World } from './provider.ts'
import { twitter } from './twitter.ts'

export interface ProvidersOptions {
  /** Where the service is: its callbacks there, `/api/v1/oauth/<provider>/callback`, are registered. */
  readonly origin?: string
  /** Further addresses that are registered at every provider; asked at each request, so a test may add to them. */
  readonly redirectUris?: readonly string[]
  readonly now?: () => number
}

/** A request that a provider got, under the provider's own address. */
export interface Call {
  readonly provider: ProviderName
  /** authorize, token, userinfo, emails, keys or discovery. */
  readonly endpoint: string
  readonly method: string
  readonly url: URL
  readonly headers: Headers
  readonly body: string
}

export interface Providers {
  /** Answers for every provider, under `https://host/path` and under `http://<loopback>/host/path`. Anything else is a failure of the network. */
  readonly fetch: (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>
  /** The browser at an authorization endpoint, where the chosen person agrees. Throws what the provider's page says when it refuses. */
  readonly authorize: (url: string | URL) => Promise<Return>
  /** Who signs in from now on: a new person, but for what is given. */
  readonly person: <Name extends ProviderName>(provider: Name, person?: Changes<People[Name]>) => People[Name]
  readonly fault: (fault: Fault | null) => void
  readonly calls: readonly Call[]
}

const WORKS: { readonly [Name in ProviderName]: (world: World) => Provider<People[Name]> } = {
  google,
  github,
  microsoft,
  discord,
  twitter,
  apple,
  oidc: openid,
}

/** Google, GitHub, Microsoft, Discord, X, Apple and an OpenID provider, as their documents say. Web APIs only. */
export function createProviders({
  origin = 'http://127.0.0.1:8787',
  redirectUris = [],
  now = Date.now,
}: ProvidersOptions = {}): Providers {
  let current: Fault | null = null
  const calls: Call[] = []
  const world: World = { now, fault: () => current }
  const desk = <Name extends ProviderName>(name: Name) =>
    openDesk(
      world,
      WORKS[name](world),
      NEW_PERSON[name],
      (address) => address === `${origin}/api/v1/oauth/${name}/callback` || redirectUris.includes(address),
    )
  const desks = {
    google: desk('google'),
    github: desk('github'),
    microsoft: desk('microsoft'),
    discord: desk('discord'),
    twitter: desk('twitter'),
    apple: desk('apple'),
    oidc: desk('oidc'),
  } satisfies Record<ProviderName, unknown>
  const names = Object.keys(desks) as ProviderName[]

  const find = (url: URL) => {
    for (const name of names) {
      const endpoint = desks[name].endpointOf(url)
      if (endpoint !== undefined) return { name, endpoint }
    }
    return undefined
  }

  return {
    calls,
    person: (provider, person = {}) => desks[provider].choose(person as never) as never,
    fault: (fault) => {
      current = fault
    },
    async authorize(address) {
      const url = providerAddress(new URL(address))
      const found = find(url)
      if (found?.endpoint !== 'authorize') throw new Error(`${url} is no authorization endpoint`)
      const decision = await desks[found.name].authorize(url)
      if ('page' in decision) throw new Error(`${found.name}: ${decision.page}`)
      return decision
    },
    async fetch(input, init) {
      const request = new Request(input, init)
      const url = providerAddress(new URL(request.url))
      const found = find(url)
      if (!found) throw new TypeError(`nothing answers at ${url}`)
      const { name, endpoint } = found
      const { method, headers } = request
      const body = fromUtf8(new Uint8Array(await request.arrayBuffer()))
      calls.push({ provider: name, endpoint, method, url, headers, body })
      const signal = init?.signal ?? (input instanceof Request ? input.signal : undefined)
      const response = await desks[name].answer(endpoint, { method, url, headers, body, signal })
      // As a client that is not told otherwise: it follows.
      const location = response.headers.get('location')
      if (endpoint !== 'token' || location === null || request.redirect === 'manual') return response
      return desks[name].answer('moved', { method: 'GET', url: new URL(location, url), headers, body: '', signal })
    },
  }
}

const LOOPBACK = /^(127\.0\.0\.1|localhost|\[::1\])$/

/** `http://127.0.0.1:9000/host/path` stands for `https://host/path`. */
function providerAddress(url: URL): URL {
  if (url.protocol !== 'http:' || !LOOPBACK.test(url.hostname)) return url
  return new URL(`https:/${url.pathname}${url.search}`)
}
