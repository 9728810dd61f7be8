import { beforeAll, describe, expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { bearer, createTestApp } from '../support/app.ts'
import { GUARDS, guardNameOf, nameOf, ROUTES_OF } from './guards.ts'
import { createWorld, tokenOf, type World } from './principals.ts'
import { ask, askersOf, expectedOf } from './row.ts'
import { ROWS } from './rows.ts'
import { unheard } from './unheard.ts'

const app = createTestApp()
const routes = listRoutes()
const names = routes.map(nameOf)
const guarded = Object.values(ROUTES_OF).flat()
/** Introspection asks for its scope itself. */
const scopes = ['introspect', ...new Set(routes.flatMap(({ spec }) => spec.guard.scope ?? []))]

let world: World
beforeAll(async () => {
  world = await createWorld(app, scopes)
})

describe('the authorization matrix', () => {
  it('has a row for every route', () => {
    expect(names.filter((name) => !(name in ROWS))).toEqual([])
  })

  it('has no row of a route that is gone', () => {
    expect(Object.keys(ROWS).filter((name) => !names.includes(name))).toEqual([])
  })

  it('names one guard for every route, and none for a route that is gone', () => {
    expect(guarded.toSorted()).toEqual(names.toSorted())
  })

  it.each(routes.map((route) => [nameOf(route), route] as const))('%s has the guard that was reviewed', (_, route) => {
    expect(route.spec.guard).toBe(GUARDS[guardNameOf(route)])
  })

  it.each(routes.map((route) => [nameOf(route), route] as const))(
    '%s answers who asks as reviewed',
    async (name, route) => {
      const row = ROWS[name] ?? {}
      const askers = askersOf(route, row)
      const answers = await Promise.all(
        askers.map(async (principal) => [principal, (await ask(world, route, row, principal)).status] as const),
      )
      const expected = expectedOf(route, row)
      expect(Object.fromEntries(answers)).toEqual(Object.fromEntries(askers.map((name) => [name, expected[name]])))
    },
  )

  // A view may be five seconds old: what must not be done in that time asks the session's object.
  const confirmed = routes.filter((route) => GUARDS[guardNameOf(route)].strong)
  it.each(confirmed.map((route) => [nameOf(route), route] as const))(
    '%s refuses an ended session in an isolate that has not heard of it',
    async (name, route) => {
      // Whose token says no admin does not come as far on admin routes.
      const ended = guardNameOf(route).startsWith('admin') ? 'demoted' : 'revoked'
      const deaf = { ...world, app: createTestApp(await unheard(app)) }
      expect((await ask(deaf, route, ROWS[name] ?? {}, ended)).status).toBe(401)
    },
  )

  it('has routes that would let it in there', async () => {
    const deaf = createTestApp(await unheard(app))
    expect((await deaf.fetch('/api/v1/auth/me', bearer(tokenOf(world, 'revoked') ?? ''))).status).toBe(200)
    expect(confirmed.length).toBeGreaterThan(10)
  })
})
