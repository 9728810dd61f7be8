import { beforeAll, describe, expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { createTestApp, json } from '../support/app.ts'
import { createWorld, PRINCIPALS, REFUSED, tokenOf, type World } from './principals.ts'
import { ask, expectedOf, isGuarded } from './row.ts'
import { ROWS } from './rows.ts'

const app = createTestApp()
const routes = listRoutes()
const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`
const names = routes.map(nameOf)
/** Introspection asks for its scope itself. */
const scopes = ['introspect', ...new Set(routes.flatMap(({ spec }) => spec.guard.scope ?? []))]

let world: World
beforeAll(async () => {
  world = await createWorld(app, scopes)
})

describe('the authorization matrix', () => {
  // A token that is refused for another reason than the one it is here for would prove nothing.
  it('knows each principal for what it is', async () => {
    const said = await Promise.all(
      PRINCIPALS.map(async (principal) => {
        const answer = await app.fetch('/validate', json({ token: tokenOf(world, principal) ?? '' }))
        return [principal, (await answer.json<{ errorMessage: string | null }>()).errorMessage] as const
      }),
    )
    expect(Object.fromEntries(said)).toEqual({
      anonymous: 'Invalid token',
      user: null,
      'other user': null,
      vendor: null,
      admin: null,
      machine: null,
      'machine with the scope': null,
      suspended: 'Token has been revoked',
      locked: 'Token has been revoked',
      inactive: 'Token has been revoked',
      deleted: 'Token has been revoked',
      demoted: 'Token is out of date',
      expired: 'Token has expired',
      revoked: 'Token has been revoked',
      'second factor pending': 'Invalid token',
    })
  })

  it('has a row for every route', () => {
    expect(names.filter((name) => !(name in ROWS))).toEqual([])
  })

  it('has no row of a route that is gone', () => {
    expect(Object.keys(ROWS).filter((name) => !names.includes(name))).toEqual([])
  })

  it.each(routes.map((route) => [nameOf(route), route] as const))(
    '%s answers each principal as reviewed',
    async (name, route) => {
      const row = ROWS[name] ?? {}
      const answers = await Promise.all(
        PRINCIPALS.map(async (principal) => [principal, (await ask(world, route, row, principal)).status] as const),
      )
      expect(Object.fromEntries(answers)).toEqual(expectedOf(route, row))
    },
  )

  // What the isolates of other places know, they know of the feed: routes that ask no object refuse by it too.
  it('refuses in an isolate that has never seen these tokens', async () => {
    const elsewhere = { ...world, app: createTestApp() }
    const guarded = routes.filter((route) => isGuarded(route) && !route.spec.guard.strong)
    const answers = await Promise.all(
      guarded.flatMap((route) =>
        REFUSED.map(async (principal) => {
          const { status } = await ask(elsewhere, route, ROWS[nameOf(route)] ?? {}, principal)
          return [nameOf(route), principal, status]
        }),
      ),
    )
    expect(guarded.length).toBeGreaterThan(10)
    expect(answers.filter(([, , status]) => status !== 401)).toEqual([])
  })
})
