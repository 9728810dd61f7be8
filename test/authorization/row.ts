import type { Route } from '../../src/http/router.ts'
import type { TestDirectory } from '../features/scim/support.ts'
import type { TestApp } from '../support/app.ts'
import { newAddress } from '../support/users.ts'
import { type GuardName, guardNameOf } from './guards.ts'
import {
  type Account,
  DIRECTORIES,
  isHolder,
  MACHINES,
  makeAccount,
  PEOPLE,
  PRINCIPALS,
  type Principal,
  REFUSED,
  tokenOf,
  type World,
} from './principals.ts'

/** One principal before one route. */
export interface Scene {
  readonly app: TestApp
  readonly principal: Principal
  /** The accounts are other requests' too: nothing may be done to them. */
  readonly isShared: boolean
  /** Whose things the request names: the caller's own, where `user` or somebody who is refused asks; else those of `user`. */
  owner(): Promise<Account>
  /** The account that asks; that of `user` for those who have none. */
  own(): Promise<Account>
  /** Whose people and groups a request of a directory names. */
  readonly directory: TestDirectory
}

/** What a request says, beside its path and its credential. */
export interface Call {
  readonly path?: Readonly<Record<string, string | number>>
  readonly query?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

/** A route as it was reviewed: what is asked of it, and what everybody is answered. */
export interface Row {
  readonly call?: (scene: Scene) => Call | Promise<Call>
  /** What is answered to those whom the guard lets in; 200 when absent. */
  readonly good?: number
  /** Where the answer is not what the kind of guard says. */
  readonly but?: Partial<Record<Principal, number>>
}

type Answers = Record<Principal, number>

const forAll = (names: readonly Principal[], status: number): Partial<Answers> =>
  Object.fromEntries(names.map((name) => [name, status]))

const ofUser = (good: number) => ({ ...forAll(PRINCIPALS, 401), ...forAll(PEOPLE, good), ...forAll(MACHINES, 403) })
const ofOptional = (good: number) => ({
  ...forAll(PRINCIPALS, good),
  ...forAll([...REFUSED, ...DIRECTORIES], 401),
  ...forAll(MACHINES, 403),
})

const ofAdmin = (good: number) => ({
  ...forAll(PRINCIPALS, 401),
  ...forAll([...PEOPLE, ...MACHINES], 403),
  admin: good,
})

const ofPlace = (good: number) => ({
  ...forAll(PRINCIPALS, 401),
  ...forAll([...PEOPLE, ...MACHINES], 403),
  user: good,
  admin: good,
})

const ofPrincipal = (good: number) => ({
  ...forAll(PRINCIPALS, 401),
  ...forAll(PEOPLE, good),
  machine: 403,
  'machine with the scope': good,
})

/** What a guard answers. `good` stands for whatever the route does then. */
const BY_GUARD: Readonly<Record<GuardName, (good: number) => Partial<Answers>>> = {
  public: (good) => forAll(PRINCIPALS, good),
  recognizing: (good) => forAll(PRINCIPALS, good),
  // The route says itself whom it lets in.
  client: (good) => forAll(PRINCIPALS, good),
  optional: ofOptional,
  'confirmed optional': ofOptional,
  // The bodies of the rows prove nobody: there the route itself refuses a bad token.
  lenient: ofOptional,
  user: ofUser,
  'confirmed user': ofUser,
  self: ofUser,
  'self or admin': ofUser,
  admin: ofAdmin,
  'admin of': ofAdmin,
  // The organization is of `user`: of its ranks test/features/organizations/matrix.test.ts asks.
  'viewer of': ofPlace,
  'ranked admin of': ofPlace,
  'owner of': ofPlace,
  'scoped user': ofUser,
  principal: ofPrincipal,
  checker: ofPrincipal,
  evaluator: ofPrincipal,
  directory: (good) => ({ ...forAll(PRINCIPALS, 401), directory: good, 'directory of another': good }),
}

export const expectedOf = (route: Route, { good = 200, but = {} }: Row): Answers =>
  ({ ...BY_GUARD[guardNameOf(route)](good), ...but }) as Answers

/**
 * Who asks a route for real. What its guard decides is tested in `guards.test.ts`; here some callers show that the guard is
 * asked, and all those ask whom the route itself, or the owner of what it names, treats differently (`but`).
 */
export function askersOf(route: Route, row: Row): readonly Principal[] {
  const guard = guardNameOf(route)
  const decided = Object.keys(row.but ?? {}) as Principal[]
  const some = decided.length > 0 && OPEN.includes(guard) ? EVERY_TOKEN : ASKERS[guard]
  return [...new Set<Principal>(['anonymous', 'revoked', ...some, ...decided])]
}

const OPEN: readonly GuardName[] = ['public', 'recognizing', 'client']

/** Tokens that guards treat differently. A route whose body decides must ignore them all. */
const EVERY_TOKEN: readonly Principal[] = ['user', 'admin', 'machine', 'expired', 'demoted']

const ROLES: readonly Principal[] = ['user', 'vendor', 'admin']

const ASKERS: Readonly<Record<GuardName, readonly Principal[]>> = {
  public: [],
  recognizing: ['user'],
  client: [],
  optional: [...ROLES, 'machine'],
  'confirmed optional': [...ROLES, 'machine'],
  lenient: PRINCIPALS,
  user: [...ROLES, 'machine'],
  'confirmed user': [...ROLES, 'machine'],
  self: [...ROLES, 'machine'],
  'self or admin': [...ROLES, 'machine'],
  admin: ['user', 'admin'],
  'admin of': ['user', 'admin'],
  'viewer of': [...ROLES, 'machine'],
  'ranked admin of': [...ROLES, 'machine'],
  'owner of': [...ROLES, 'machine'],
  'scoped user': [...ROLES, 'machine'],
  principal: [...ROLES, ...MACHINES],
  checker: [...ROLES, ...MACHINES],
  evaluator: [...ROLES, ...MACHINES],
  directory: [...ROLES, 'machine', ...DIRECTORIES],
}

/** Some credential is wanted. */
export const isGuarded = (route: Route): boolean => GUARDED.includes(guardNameOf(route))

const GUARDED: readonly GuardName[] = [
  'user',
  'confirmed user',
  'self',
  'self or admin',
  'admin',
  'admin of',
  'viewer of',
  'ranked admin of',
  'owner of',
  'scoped user',
  'principal',
  'checker',
  'evaluator',
  'directory',
]

const namesOthers = (principal: Principal): boolean => !isHolder(principal) || !['user', ...REFUSED].includes(principal)

/** Whether the admin who asks stays signed in: then all requests may share the account. */
const keepsAdmin = (route: Route): boolean => guardNameOf(route).startsWith('admin') && !route.path.endsWith('/logout')

/**
 * A request that changes something has accounts of its own, so that nobody's sign-out is another's refusal. One that is
 * `isRefused` behind a guard changes nothing.
 */
export function sceneOf(
  world: World,
  route: Route,
  principal: Principal,
  isRefused = false,
): Scene & { token(): Promise<string | null> } {
  const isShared = route.method === 'GET' || (isGuarded(route) && isRefused)
  const made = new Map<Principal, Promise<Account>>()
  const accountOf = async (name: Principal): Promise<Account> => {
    if (!isHolder(name)) throw new Error(`${name} has no account`)
    if (isShared || (name === 'admin' && keepsAdmin(route))) return world.accounts[name]
    const known = made.get(name) ?? makeAccount(world.app, name)
    made.set(name, known)
    return known
  }
  return {
    app: world.app,
    principal,
    isShared,
    directory: world.directories.directory,
    owner: () => accountOf(namesOthers(principal) ? 'user' : principal),
    own: () => accountOf(isHolder(principal) ? principal : 'user'),
    token: async () =>
      isHolder(principal) && isGuarded(route) ? (await accountOf(principal)).accessToken : tokenOf(world, principal),
  }
}

/** The path with its parameters in place. */
export const toPath = (path: string, names: Call['path'] = {}): string =>
  path.replace(/:(\w+)/g, (_, name: string) => {
    const value = names[name]
    if (value === undefined) throw new Error(`the row of ${path} does not say what :${name} is`)
    return encodeURIComponent(String(value))
  })

/** The feature parses the text itself, and it is JSON. */
export const isMessage = ({ spec: { encoding } }: Route): boolean =>
  typeof encoding === 'object' && encoding.mediaTypes.includes('application/json')

function encode(route: Route, body: unknown): Pick<RequestInit, 'body'> & { type?: string } {
  if (!route.spec.body) return {}
  const { encoding } = route.spec
  if (encoding === undefined || encoding === 'json' || isMessage(route))
    return { body: JSON.stringify(body ?? {}), type: 'application/json' }
  const fields = new URLSearchParams((body ?? {}) as Record<string, string>)
  return { body: fields.toString(), type: 'application/x-www-form-urlencoded' }
}

/** Asks for real. A socket that opens is closed. */
export async function ask(world: World, route: Route, row: Row, principal: Principal): Promise<Response> {
  const scene = sceneOf(world, route, principal, expectedOf(route, row)[principal] >= 400)
  const call = (await row.call?.(scene)) ?? {}
  const token = await scene.token()
  const { body, type } = encode(route, call.body)
  const query = call.query ? `?${new URLSearchParams(call.query)}` : ''
  const answer = await world.app.fetch(toPath(route.path, call.path) + query, {
    method: route.method,
    redirect: 'manual',
    headers: {
      'cf-connecting-ip': newAddress(),
      ...(type === undefined ? {} : { 'content-type': type }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...call.headers,
    },
    ...(body === undefined ? {} : { body }),
  })
  answer.webSocket?.accept()
  answer.webSocket?.close()
  return answer
}
