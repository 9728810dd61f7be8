import { type ChildProcess, fork } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { URL } from 'node:url'
import { type Contestant, compare, type Measured } from './compare.ts'
import { CONNECTIONS } from './contestants.ts'
import { type Builds, betterAuthWorker, migratePostern, OPENID_CLIENT, posternWorker } from './deployments.ts'
import { requestOf, type Script } from './load/closed-loop.ts'
import type { LoadProcess } from './load-process.ts'
import type { Visit } from './openid-provider.ts'
import { startRuntime } from './runtime.ts'

/** Callbacks of a connection. */
const CALLBACKS = { 'warm-up': 60, round: 15 }
/** A round ends with its callbacks, not by the clock. What Postern's queue delivers comes a second later at most. */
const ROUNDS = { count: 7, milliseconds: 120_000, warmUp: 120_000, settle: 1500 }
/** Who comes back again and again, each from a network of their own. */
const PEOPLE = 16 * CONNECTIONS

type Person = Visit['person'] & { readonly address: string }

const SIGN_INS = ['known', 'first'] as const
type SignIn = (typeof SIGN_INS)[number]

export interface FederatedSignIns {
  /** Whether the person has signed in before. */
  readonly signIn: SignIn
  readonly measured: readonly Measured[]
}

/** One of the two: how a sign-in begins there, and how its callback shows that it ended in a session. */
interface Side {
  readonly name: string
  readonly worker: string
  readonly start: (base: URL, person: Person) => Promise<{ authorization: URL; cookies: readonly string[] }>
  readonly callback: string
  readonly proof?: string
}

const SIDES: readonly Side[] = [
  {
    name: 'Postern',
    worker: 'postern',
    async start(base, { address }) {
      const answer = await fetch(new URL('/api/v1/oauth/bench/authorize?redirect=true', base), {
        redirect: 'manual',
        headers: { 'cf-connecting-ip': address },
      })
      const location = answer.headers.get('location')
      if (location === null) throw new Error(`Postern's start answered ${answer.status}: ${await answer.text()}`)
      return { authorization: new URL(location), cookies: answer.headers.getSetCookie() }
    },
    callback: '/api/v1/oauth/bench/callback',
  },
  {
    name: 'Better Auth, d1',
    worker: 'better-auth-d1',
    async start(base, { address }) {
      const answer = await fetch(new URL('/api/auth/sign-in/social', base), {
        method: 'POST',
        headers: { 'content-type': 'application/json', origin: 'http://127.0.0.1', 'cf-connecting-ip': address },
        body: JSON.stringify({ provider: 'bench', callbackURL: 'http://127.0.0.1/signed-in' }),
      })
      if (!answer.ok) throw new Error(`Better Auth's start answered ${answer.status}: ${await answer.text()}`)
      const { url } = (await answer.json()) as { url: string }
      return { authorization: new URL(url), cookies: answer.headers.getSetCookie() }
    },
    callback: '/api/auth/callback/bench',
    // Its refusals are redirects too, but without a session.
    proof: 'session_token=',
  },
]

class Provider {
  readonly #child: ChildProcess = fork(new URL('./openid-provider.ts', import.meta.url))

  listening(): Promise<string> {
    return new Promise((resolve, reject) => this.#child.once('message', resolve).once('exit', reject))
  }

  stop(): void {
    this.#child.disconnect()
  }
}

const personOf = (name: string, index: number): Person => ({
  sub: name,
  email: `${name}@example.com`,
  address: `10.${index >> 8}.${index & 255}.1`,
})

/** Each person comes on one connection alone: nobody's callbacks race. */
function personFor(signIn: SignIn, connection: number, turn: number): Person {
  const index = connection + CONNECTIONS * (turn % (PEOPLE / CONNECTIONS))
  const name = signIn === 'first' ? `new-${randomBytes(8).toString('hex')}` : `known-${index}`
  return personOf(name, index)
}

/** Begins a sign-in, and returns what the provider is told of it and the request with which the browser comes back. */
async function begin({ start, callback }: Side, base: URL, person: Person) {
  const { authorization, cookies } = await start(base, person)
  const parameter = (name: string) => authorization.searchParams.get(name) ?? ''
  const code = randomBytes(16).toString('hex')
  const visit: Visit = {
    code,
    nonce: parameter('nonce'),
    clientId: parameter('client_id'),
    person,
  }
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

const contestantOf = (issuer: string, side: Side, base: URL, signIn: SignIn): Contestant => ({
  name: side.name,
  base,
  scripts(phase) {
    const peopleOf = (connection: number) =>
      Array.from({ length: CALLBACKS[phase] }, (_, turn) => personFor(signIn, connection, turn))
    const connections = Array.from({ length: CONNECTIONS }, (_, connection) => peopleOf(connection))
    return Promise.all(connections.map((people) => scriptOf(issuer, side, base, people)))
  },
})

/** Callbacks of sign-ins by one OpenID provider, in a workerd of their own: both Workers know the provider from the start. */
export async function measureFederation(
  load: LoadProcess,
  builds: Pick<Builds, 'postern' | 'betterAuth'>,
): Promise<readonly FederatedSignIns[]> {
  const provider = new Provider()
  const issuer = await provider.listening()
  const runtime = await startRuntime([
    await posternWorker(builds.postern, 'postern', { OAUTH_PROVIDERS: JSON.stringify([postern(issuer)]) }),
    await betterAuthWorker(builds.betterAuth, 'd1', { ISSUER: issuer }),
  ])
  try {
    await migratePostern(runtime)
    await fetch(new URL('/migrate', await runtime.unsafeGetDirectURL('better-auth-d1')))
    const results: FederatedSignIns[] = []
    for (const signIn of SIGN_INS) {
      const contestants: Contestant[] = []
      for (const side of SIDES)
        contestants.push(contestantOf(issuer, side, await runtime.unsafeGetDirectURL(side.worker), signIn))
      results.push({ signIn, measured: await compare(load, contestants, ROUNDS) })
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
