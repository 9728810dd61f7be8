import { beforeAll, describe, expect, it } from 'vitest'
import { listRoutes } from '../../src/app.ts'
import { bearer, createTestApp, json, type TestApp } from '../support/app.ts'
import { createAppWithObjects, withMethods } from '../support/objects.ts'
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

const ENDED = ['revoked', 'demoted'] as const

/** An isolate whose view of what was revoked is as young as any, and has none of it: nothing has reached it yet. */
async function createDeafApp(): Promise<TestApp> {
  const page = { ...(await (await app.ctx()).objects.feed().pull(null)), entries: [] }
  return createAppWithObjects(({ feed }) => ({ feed: () => withMethods(feed(), { pull: async () => page }) }))
}

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

  // A view may be five seconds old: what must not be done in that time asks the session's object.
  it('refuses in an isolate that has not heard of it, where the session itself is asked', async () => {
    const unheard = await (await createDeafApp()).fetch('/api/v1/auth/me', bearer(tokenOf(world, 'revoked') ?? ''))
    expect(unheard.status).toBe(200)
    const confirmed = routes.filter((route) => route.spec.guard.strong)
    const answers = await Promise.all(
      confirmed.flatMap((route) =>
        // Whose token says no admin does not come as far on admin routes.
        (route.spec.guard.kind === 'admin' ? ENDED.slice(1) : ENDED).map(async (principal) => {
          // One each: what an object has said, its isolate knows.
          const deaf = { ...world, app: await createDeafApp() }
          const { status } = await ask(deaf, route, ROWS[nameOf(route)] ?? {}, principal)
          return [nameOf(route), principal, status]
        }),
      ),
    )
    expect(answers.filter(([, , status]) => status !== 401)).toEqual([])
  })
})
