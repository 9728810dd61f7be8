import { randomBytes } from 'node:crypto'
import { URL } from 'node:url'
import type { Miniflare } from 'miniflare'
import { ChildServer } from './child-server.ts'
import { type Contestant, compare, type Measured } from './compare.ts'
import { type Builds, betterAuthWorker, migratePostern, OPENID_CLIENT, posternWorker } from './deployments.ts'
import { post, signUpBetterAuth } from './fixtures.ts'
import { AIM_BETTER_AUTH, DOORS, named, RATE_HEAD, RATIO_HEAD, rateRow, ratioRow, table } from './format.ts'
import { signInAdmin } from './lists.ts'
import { requestOf, type Script } from './load/closed-loop.ts'
import type { LoadProcess } from './load-process.ts'
import type { Visit } from './openid-provider.ts'
import { startRuntime } from './runtime.ts'

/** Few: a callback waits for the provider again and again, and on a busy machine more would wait too long for Postern, which gives up. */
const CONNECTIONS = 2
/** Callbacks of a connection. */
const CALLBACKS = { 'warm-up': 60, round: 30 }
/** A round ends with its callbacks, not by the clock. What Postern's queue delivers comes a second later at most. */
const ROUNDS = { count: 5, milliseconds: 120_000, warmUp: 120_000, settle: 1500 }
/** Who comes back again and again, each from a network of their own: all have been here after the warm-up. */
const PEOPLE = CALLBACKS['warm-up'] * CONNECTIONS

type Person = Visit['person'] & { readonly address: string }

const SIGN_INS = ['known', 'first'] as const
type SignIn = (typeof SIGN_INS)[number]

/** By a provider that the operator has configured, and by that of an organization, which is a row of the database in both Workers. */
const WAYS = ['social', 'sso'] as const
type Way = (typeof WAYS)[number]

interface FederatedSignIns {
  readonly way: Way
  /** Whether the person has signed in before. */
  readonly signIn: SignIn
  readonly measured: readonly Measured[]
}

/** One of the two: how a sign-in begins there, and how its callback shows that it ended in a session. */
interface Side {
  readonly name: string
  readonly worker: string
  readonly start: (base: URL, person: Person) => Promise<{ authorization: URL; cookies: readonly string[] }>
  readonly proof?: string
}

const ORGANIZATION = 'engines'

function posternAt(start: string): Side {
  return {
    name: 'Postern',
    worker: 'postern',
    async start(base, { address }) {
      const answer = await fetch(new URL(start, base), {
        redirect: 'manual',
        headers: { 'cf-connecting-ip': address },
      })
      const location = answer.headers.get('location')
      if (location === null) throw new Error(`Postern's start answered ${answer.status}: ${await answer.text()}`)
      return { authorization: new URL(location), cookies: answer.headers.getSetCookie() }
    },
  }
}

function betterAuthAt(start: string, provider: object): Side {
  return {
    name: 'Better Auth, d1',
    worker: 'better-auth-d1',
    async start(base, { address }) {
      const answer = await fetch(new URL(start, base), {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'http://127.0.0.1', 'cf-connecting-ip': address },
        body: JSON.stringify({ ...provider, callbackURL: 'http://127.0.0.1/signed-in' }),
      })
      if (!answer.ok) throw new Error(`Better Auth's start answered ${answer.status}: ${await answer.text()}`)
      const { url } = (await answer.json()) as { url: string }
      return { authorization: new URL(url), cookies: answer.headers.getSetCookie() }
    },
    // Its refusals are redirects too, but without a session.
    proof: 'session_token=',
  }
}

const SIDES: Readonly<Record<Way, readonly Side[]>> = {
  social: [
    posternAt('/api/v1/oauth/bench/authorize?redirect=true'),
    betterAuthAt('/api/auth/sign-in/social', { provider: 'bench' }),
  ],
  sso: [
    posternAt(`/api/v1/sso/login?organization=${ORGANIZATION}`),
    betterAuthAt('/api/auth/sign-in/sso', { providerId: ORGANIZATION }),
  ],
}

/** Of the people of a way; that of `sso` is the organization's. */
const domainOf = (way: Way): string => `${way}.example`

/** Each person comes on one connection alone: nobody's callbacks race. */
function personFor(way: Way, signIn: SignIn, connection: number, turn: number): Person {
  const index = connection + CONNECTIONS * (turn % (PEOPLE / CONNECTIONS))
  const name = signIn === 'first' ? `new-${randomBytes(8).toString('hex')}` : `known-${index}`
  return {
    sub: `${way}-${name}`,
    email: `${name}@${domainOf(way)}`,
    address: `10.${index >> 8}.${index & 255}.1`,
  }
}

/** Begins a sign-in, and returns what the provider is told of it and the request with which the browser comes back. */
async function begin({ start }: Side, base: URL, person: Person) {
  const { authorization, cookies } = await start(base, person)
  const parameter = (name: string) => authorization.searchParams.get(name) ?? ''
  const code = randomBytes(16).toString('hex')
  const visit: Visit = {
    code,
    nonce: parameter('nonce'),
    clientId: parameter('client_id'),
    person,
  }
  const { pathname: callback } = new URL(parameter('redirect_uri'))
  const query = new URLSearchParams({ code, state: parameter('state') })
  const lines = {
    Host: '127.0.0.1',
    'CF-Connecting-IP': person.address,
    Cookie: cookies.map((cookie) => cookie.split(';', 1)[0]).join('; '),
  }
  const head = Object.entries(lines).reduce((text, [name, value]) => `${text}${name}: ${value}\r\n`, '')
  return { visit, request: requestOf(`GET ${callback}?${query} HTTP/1.1\r\n${head}`, '') }
}

/** The callbacks of one connection, whose starts are not measured. */
async function scriptOf(issuer: string, side: Side, base: URL, callbacks: readonly Person[]): Promise<Script> {
  const visits: Visit[] = []
  const once: string[] = []
  for (const person of callbacks) {
    const { visit, request } = await begin(side, base, person)
    visits.push(visit)
    once.push(request)
  }
  const told = await fetch(new URL('/visits', issuer), { method: 'POST', body: JSON.stringify(visits) })
  if (!told.ok) throw new Error(`the provider answered ${told.status}`)
  await told.arrayBuffer()
  return { head: '', body: '', once, ...(side.proof ? { proof: side.proof } : {}) }
}

const contestantOf = (issuer: string, side: Side, base: URL, way: Way, signIn: SignIn): Contestant => ({
  name: side.name,
  base,
  scripts(phase) {
    const peopleOf = (connection: number) =>
      Array.from({ length: CALLBACKS[phase] }, (_, turn) => personFor(way, signIn, connection, turn))
    const connections = Array.from({ length: CONNECTIONS }, (_, connection) => peopleOf(connection))
    return Promise.all(connections.map((people) => scriptOf(issuer, side, base, people)))
  },
})

/** An organization with a domain and an identity provider, as its owner makes it; an admin of the platform vouches for the domain. */
async function createPosternOrganization(runtime: Miniflare, base: URL, issuer: string): Promise<void> {
  const token = await signInAdmin(runtime, base)
  const create = async (path: string, body: object) =>
    (await post(new URL(`/api/v1${path}`, base), body, token)).json() as Promise<{ id: string }>
  const { id } = await create('/organizations', { name: 'Bench', slug: ORGANIZATION })
  const domain = domainOf('sso')
  await create(`/organizations/${id}/domains`, { domain })
  await create(`/organizations/${id}/domains/${domain}/verify`, { vouch: true })
  await create(`/sso/configurations?organization_id=${id}`, {
    provider: 'oidc',
    oidc_issuer: issuer,
    oidc_client_id: OPENID_CLIENT.id,
    oidc_client_secret: OPENID_CLIENT.secret,
  })
}

async function registerAtBetterAuth(base: URL, issuer: string): Promise<void> {
  const [user] = await signUpBetterAuth(base, 1)
  if (!user) throw new Error('nobody signed up')
  const answer = await fetch(new URL('/api/auth/sso/register', base), {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: 'http://127.0.0.1', cookie: user.cookie },
    body: JSON.stringify({
      providerId: ORGANIZATION,
      issuer,
      domain: domainOf('sso'),
      oidcConfig: { clientId: OPENID_CLIENT.id, clientSecret: OPENID_CLIENT.secret },
    }),
  })
  if (!answer.ok) throw new Error(`Better Auth's register answered ${answer.status}: ${await answer.text()}`)
  await answer.arrayBuffer()
}

/** In a workerd of their own: both Workers know the provider from the start. */
async function measure(
  load: LoadProcess,
  builds: Pick<Builds, 'postern' | 'betterAuthProviders'>,
): Promise<readonly FederatedSignIns[]> {
  const provider = new ChildServer('./openid-provider.ts')
  const issuer = await provider.listening()
  const runtime = await startRuntime([
    await posternWorker(builds.postern, 'postern', { OAUTH_PROVIDERS: JSON.stringify([postern(issuer)]) }),
    await betterAuthWorker(builds.betterAuthProviders, 'd1', { ISSUER: issuer }),
  ])
  try {
    await migratePostern(runtime)
    await createPosternOrganization(runtime, await runtime.unsafeGetDirectURL('postern'), issuer)
    await registerAtBetterAuth(await runtime.unsafeGetDirectURL('better-auth-d1'), issuer)
    const results: FederatedSignIns[] = []
    for (const way of WAYS) {
      for (const signIn of SIGN_INS) {
        const contestants: Contestant[] = []
        for (const side of SIDES[way])
          contestants.push(contestantOf(issuer, side, await runtime.unsafeGetDirectURL(side.worker), way, signIn))
        results.push({ way, signIn, measured: await compare(load, contestants, ROUNDS) })
      }
    }
    return results
  } finally {
    await runtime.dispose()
    provider.stop()
  }
}

const postern = (issuer: string) => ({
  name: 'bench',
  display_name: 'Bench',
  issuer,
  client_id: OPENID_CLIENT.id,
  client_secret: OPENID_CLIENT.secret,
})

const CALLS: Readonly<Record<Way, string>> = { social: 'OpenID callback', sso: 'SSO callback' }

/** Callbacks of sign-ins by one OpenID provider. */
export async function measureFederation(
  load: LoadProcess,
  builds: Pick<Builds, 'postern' | 'betterAuthProviders'>,
): Promise<string> {
  const results = await measure(load, builds)
  const ratios = results.map(({ way, signIn, measured }) =>
    ratioRow(
      'socket',
      `${CALLS[way]}, ${signIn} person`,
      named(measured, 'Postern'),
      named(measured, 'Better Auth, d1'),
      AIM_BETTER_AUTH,
    ),
  )
  const rates = results.flatMap(({ way, signIn, measured }) =>
    measured.map((one) => rateRow(DOORS.socket, `${CALLS[way]}, ${signIn}`, one)),
  )
  return `## Sign-in by a provider

Callbacks of an OpenID provider: one of the operator beside \`genericOAuth\`, and that of an organization beside \`@better-auth/sso\`.

${table(RATIO_HEAD, ratios)}

${table(RATE_HEAD, rates)}
`
}
