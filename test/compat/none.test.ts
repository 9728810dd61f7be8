import { beforeAll, describe, expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { SURFACES, type SurfaceName } from '../../src/config.ts'
import { templateOf } from '../../src/http/openapi.ts'
import type { Route } from '../../src/http/router.ts'
import { createWorld, type World } from '../authorization/principals.ts'
import { ask, expectedOf, isGuarded } from '../authorization/row.ts'
import { ROWS } from '../authorization/rows.ts'
import { createTestApp, json, type TestApp } from '../support/app.ts'
import { newAddress, newEmail, PASSWORD } from '../support/users.ts'

const nameOf = ({ method, path }: Route): string => `${method} ${path}`
const rowOf = (route: Route) => ROWS[nameOf(route)] ?? {}

const core = listRoutes([])
const coreNames = core.map(nameOf)
const ownOf = (surfaces: readonly SurfaceName[]): Route[] =>
  listRoutes(surfaces).filter((route) => !coreNames.includes(nameOf(route)))
const allOwn = ownOf(SURFACES)

const appWith = (...surfaces: SurfaceName[]): TestApp => createTestApp({ env: { COMPAT: surfaces.join() } })

interface Document {
  readonly paths: Record<string, Record<string, unknown>>
}

const documentOf = async (app: TestApp, path = '/openapi.json'): Promise<Document> => (await app.fetch(path)).json()

/** The systems that have a document of their own. */
async function describedBy(app: TestApp): Promise<string[]> {
  const statuses = await Promise.all(SURFACES.map(async (name) => (await app.fetch(`/openapi/${name}.json`)).status))
  expect(statuses.filter((status) => status !== 200 && status !== 404)).toEqual([])
  return SURFACES.filter((_, index) => statuses[index] === 200)
}

const operationsIn = ({ paths }: Document): string[] =>
  Object.entries(paths)
    .flatMap(([path, item]) => Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`))
    .sort()

const isShown = (document: Document, route: Route): boolean =>
  document.paths[templateOf(route.path)]?.[route.method.toLowerCase()] !== undefined

/** What a path is answered that nobody serves, or that something else serves by other methods. */
const GONE: readonly number[] = [404, 405]

async function unservedBy(app: TestApp, routes: readonly Route[]): Promise<string[]> {
  const answers = await Promise.all(
    routes.map(async (route) => {
      const answer = await app.fetch(route.path.replace(/:\w+/g, '1'), {
        method: route.method,
        headers: { 'cf-connecting-ip': newAddress() },
      })
      const { code } = answer.headers.get('content-type')?.startsWith('application/json')
        ? await answer.json<{ code?: string }>()
        : {}
      const isAbsent = GONE.includes(answer.status) && (code === 'NOT_FOUND' || code === 'METHOD_NOT_ALLOWED')
      return isAbsent ? [nameOf(route)] : []
    }),
  )
  return answers.flat().sort()
}

const namesOf = (routes: readonly Route[]): string[] => routes.map(nameOf).sort()

describe('with no documented system', () => {
  const none = appWith()
  let world: World

  beforeAll(async () => {
    world = await createWorld(none, [])
  })

  it('serves none of their paths', async () => {
    expect(allOwn.length).toBeGreaterThan(30)
    expect(await unservedBy(none, allOwn)).toEqual(namesOf(allOwn))
  })

  it('describes none of them', async () => {
    const document = await documentOf(none)
    expect(await describedBy(none)).toEqual([])
    expect(namesOf(allOwn.filter((route) => isShown(document, route)))).toEqual([])
    const shown = core.filter(({ spec }) => !spec.hidden && !spec.localOnly)
    expect(namesOf(shown.filter((route) => !isShown(document, route)))).toEqual([])
  })

  it.each(core.map((route) => [nameOf(route), route] as const))(
    '%s answers as it does with all of them',
    async (_, route) => {
      // Whoever is let in: what guards refuse, they refuse before anybody knows which systems there are.
      const principal = isGuarded(route) ? 'admin' : 'anonymous'
      const { status } = await ask(world, route, rowOf(route), principal)
      expect(status).toBe(expectedOf(route, rowOf(route))[principal])
    },
  )

  const post = async (path: string, body: unknown, headers: Record<string, string> = {}) => {
    const answer = await none.fetch(path, json(body, { 'cf-connecting-ip': newAddress(), ...headers }))
    return [answer.status, await answer.json<Record<string, unknown>>()] as const
  }

  it('keeps the keys of Janua and users-api on the paths that they share with the core, and none in camelCase', async () => {
    const account = { email: newEmail(), username: `n${crypto.randomUUID().slice(0, 8)}`, password: PASSWORD }
    const keys = [
      'access_token',
      'email_verification_required',
      'expires_in',
      'mfa_required',
      'mfa_token',
      'refresh_token',
      'token_type',
      'tokens',
      'user',
    ]
    const [registered, made] = await post('/api/v1/auth/register', account)
    expect([registered, Object.keys(made).sort()]).toEqual([201, [...keys, 'verification_email']])
    const [loggedIn, session] = await post('/api/v1/auth/login', { username: account.username, password: PASSWORD })
    expect([loggedIn, Object.keys(session).sort()]).toEqual([200, keys])
    const [refreshed, next] = await post('/api/v1/auth/refresh', { refreshToken: session.refresh_token })
    expect([refreshed, Object.keys(next).sort()]).toEqual([200, keys])
    const headers = { authorization: `Bearer ${String(next.access_token)}` }
    const userId = (session.user as { number: number }).number
    const profile = await (await none.fetch('/api/v1/auth/profile', { headers })).json<Record<string, unknown>>()
    expect(profile).toMatchObject({ id: userId, role: 'USER', status: 'ACTIVE' })
    expect(Object.keys(profile)).not.toContain('createdAt')
    expect(Object.keys(profile)).not.toContain('lastLoginAt')
    const [checked, check] = await post('/api/v1/auth/validate', { token: next.access_token })
    expect([checked, check]).toMatchObject([200, { valid: true, userId, role: 'ROLE_USER' }])
    const [created, user] = await post('/api/v1/users', {
      email: newEmail(),
      username: `n${crypto.randomUUID().slice(0, 8)}`,
      password: PASSWORD,
    })
    expect([created, user]).toMatchObject([
      201,
      { id: expect.any(Number), uuid: expect.any(String), is_superuser: false },
    ])
    const health = await (await none.fetch('/api/v1/health')).json<Record<string, unknown>>()
    expect(Object.keys(health).sort()).toEqual(['database', 'service', 'status', 'timestamp', 'version'])
    const [loggedOut, out] = await post('/api/v1/auth/logout', {}, headers)
    expect([loggedOut, out]).toMatchObject([200, { success: true, data: null }])
    expect((await none.fetch('/validate', { headers })).status).toBe(401)
  })

  it('lists users with the keys of both systems', async () => {
    const headers = { authorization: `Bearer ${world.accounts.admin.accessToken}` }
    const list = await (await none.fetch('/api/v1/users?skip=0&limit=1', { headers })).json<Record<string, unknown>>()
    const keys = ['items', 'limit', 'page', 'per_page', 'skip', 'total', 'users']
    expect(Object.keys(list)).toEqual(expect.arrayContaining(keys))
  })
})

describe('with one documented system alone', () => {
  it.each(SURFACES)('%s serves its own paths and no others', async (surface) => {
    const app = appWith(surface)
    const own = namesOf(ownOf([surface]))
    const foreign = allOwn.filter((route) => !own.includes(nameOf(route)))
    expect(await unservedBy(app, foreign)).toEqual(namesOf(foreign))
    const unserved = await unservedBy(app, allOwn)
    expect(unserved.filter((name) => own.includes(name))).toEqual([])
  })

  it.each(SURFACES)('%s has a document of its own, and the native one is the same', async (surface) => {
    const app = appWith(surface)
    expect(await describedBy(app)).toEqual([surface])
    const document = await documentOf(app, `/openapi/${surface}.json`)
    const its = listRoutes([surface]).filter(({ systems }) => systems.includes(surface))
    expect(operationsIn(document)).toEqual(its.map(({ method, path }) => `${method} ${templateOf(path)}`).sort())
    expect(its.map(nameOf)).toEqual(expect.arrayContaining(namesOf(ownOf([surface]))))
    expect(await documentOf(app)).toEqual(await documentOf(appWith()))
  })

  it.each(SURFACES)('%s signs a user in', async (surface) => {
    const app = appWith(surface)
    const account = { email: newEmail(), password: PASSWORD }
    const headers = { 'cf-connecting-ip': newAddress() }
    expect((await app.fetch('/api/v1/auth/signup', json(account, headers))).status).toBe(201)
    const path = surface === 'janux' || surface === 'auth-service' ? '/auth/login' : '/api/v1/auth/login'
    const login = await app.fetch(path, json({ ...account, username: account.email }, headers))
    expect([login.status, await login.json()]).toMatchObject([200, { access_token: expect.any(String) }])
  })
})

/** Every choice of them: a bit of its number says whether a system is chosen. */
const CHOICES = Array.from({ length: 2 ** SURFACES.length }, (_, choice) =>
  SURFACES.filter((_name, index) => (choice >> index) % 2 === 1),
)

describe('documented systems together', () => {
  it.each(CHOICES.map((choice) => [choice.join(' and ') || 'none', choice] as const))(
    '(%s) serve what each of them serves, every route once and under whose it is',
    (_, choice) => {
      const routes = listRoutes(choice)
      const each = choice.map((name) => ({ name, routes: listRoutes([name]) }))
      expect(namesOf(routes)).toEqual(
        [...new Set([...coreNames, ...each.flatMap((alone) => alone.routes.map(nameOf))])].sort(),
      )
      for (const route of routes) {
        const whose = each.filter((alone) =>
          alone.routes.some((it) => nameOf(it) === nameOf(route) && it.systems.includes(alone.name)),
        )
        expect([nameOf(route), route.systems]).toEqual([nameOf(route), whose.map(({ name }) => name)])
      }
    },
  )

  it('are those that are named, in whatever order and how often', async () => {
    const app = createTestApp({ env: { COMPAT: ' gateway-auth, janux,janux ,' } })
    expect(await describedBy(app)).toEqual(['janux', 'gateway-auth'])
    expect((await documentOf(app, '/openapi/janux.json')).paths).toHaveProperty(['/users/profile', 'get'])
    expect((await documentOf(app, '/openapi/gateway-auth.json')).paths).toHaveProperty(['/api/v1/auth/profile', 'get'])
  })
})

describe('systems that share a path', () => {
  it('answer it as long as one of them is on', async () => {
    for (const surface of ['janux', 'auth-service'] as const) {
      const welcome = await appWith(surface).fetch('/')
      expect([surface, welcome.status, Object.keys(await welcome.json())]).toEqual([surface, 200, ['message']])
    }
    expect(await (await appWith('users-api', 'gateway-auth').fetch('/')).json()).not.toHaveProperty('message')
  })
})
