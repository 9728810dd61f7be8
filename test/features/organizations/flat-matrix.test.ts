import { describe, expect, it } from 'vitest'
import { listRoutes } from '../../../src/app.ts'
import { isRanked, type Rank } from '../../../src/lib/roles.ts'
import { place } from '../../authorization/rows/organizations.ts'
import { ROWS } from '../../authorization/rows.ts'
import { createTestApp } from '../../support/app.ts'
import { joinTo, openPerson, type Person } from '../../support/organizations.ts'
import { openPrincipal, PRINCIPALS, type Principal, rankOf } from './principals.ts'

const app = createTestApp()

/** Flat routes that ask for no rank in an organization: for anybody, for whoever has a token, or for admins of the platform. */
const UNRANKED = [
  'GET /api/v1/roles/permissions',
  'GET /api/v1/invitations/:invitation_id',
  'GET /api/v1/invitations/invitations/:invitation_id',
  'GET /api/v1/invitations/validate/:token',
  'POST /api/v1/invitations/accept',
  'POST /api/v1/invitations/:invitation_id/accept',
  'POST /api/v1/invitations/invitations/:invitation_id/accept',
  'POST /api/v1/invitations/cleanup',
]

/** What members of any rank may do; all else is for admins. */
const OF_VIEWERS = [
  'GET /api/v1/rbac/roles',
  'GET /api/v1/roles',
  'GET /api/v1/rbac/roles/:role_id',
  'GET /api/v1/roles/:role_id',
  'GET /api/v1/rbac/permissions',
  'GET /api/v1/rbac/role',
  'GET /api/v1/policies',
  'GET /api/v1/policies/:policy_id',
]

const FLAT = /^\/api\/v1\/(rbac|roles|policies|invitations|users\/:user_id\/permissions)(\/|$)/
const routes = listRoutes()
  .map(({ method, path }) => ({ method, path, name: `${method} ${path}` }))
  .filter(({ path, name }) => FLAT.test(path) && !path.includes(':organization_id') && !UNRANKED.includes(name))

/** Whoever is not in the organization: what is named by its own id does not exist to them. */
function refusalOf(path: string, principal: Principal): string {
  if (principal.includes('two factors')) return 'STEP_UP_REQUIRED'
  if (rankOf(principal) !== null) return 'INSUFFICIENT_PERMISSIONS'
  if (path.includes(':policy_id')) return 'POLICY_NOT_FOUND'
  return path.includes(':invitation_id') ? 'INVITATION_NOT_FOUND' : 'NOT_A_MEMBER'
}

/** What these routes change is made anew for each call, so a principal asks all of them in one organization. */
const scenes = new Map<Principal, ReturnType<typeof makeScene>>()

async function makeScene(principal: Principal) {
  const owner = await openPerson(app)
  const scene = { app, owner: async () => ({ user: owner.user }) } as unknown as Parameters<typeof place>[0]
  const { id } = await place(scene)
  const person = await openPrincipal(app, { id, join: joinTo(app, id) }, principal)
  return { scene, person }
}

function sceneOf(principal: Principal) {
  const known = scenes.get(principal) ?? makeScene(principal)
  scenes.set(principal, known)
  return known
}

async function ask(
  person: Person,
  { method, path, name }: (typeof routes)[number],
  scene: Parameters<typeof place>[0],
) {
  const { path: params = {}, query: given, body } = (await ROWS[name]?.call?.(scene)) ?? {}
  // Its row asks about the caller's only organization.
  const isUnnamed = name === 'GET /api/v1/users/:user_id/permissions'
  const query = isUnnamed ? { organization_id: (await place(scene)).id } : given
  const at = path.replace(/:(\w+)/g, (_, key: string) => String((params as Record<string, unknown>)[key]))
  expect(at).not.toContain('undefined')
  return person.call(method, query ? `${at}?${new URLSearchParams(query)}` : at, body)
}

describe('routes about an organization that is named in query, body or by what is in it', () => {
  it('are those of this table', () => {
    const names = listRoutes().map(({ method, path }) => `${method} ${path}`)
    expect([...UNRANKED, ...OF_VIEWERS].filter((name) => !names.includes(name))).toEqual([])
    expect(routes.length).toBeGreaterThan(30)
  })

  it.each(routes.map((route) => [route.name, route] as const))(
    '%s lets in whoever has the rank, and nobody else',
    async (name, route) => {
      const needed: Rank = OF_VIEWERS.includes(name) ? 'viewer' : 'admin'
      for (const principal of PRINCIPALS) {
        const { scene, person } = await sceneOf(principal)
        const isLetIn = isRanked(rankOf(principal), needed)
        const { status, body } = await ask(person, route, scene)
        const seen = [401, 403, 404].includes(status) ? body.code : 'in'
        expect([principal, seen]).toEqual([principal, isLetIn ? 'in' : refusalOf(route.path, principal)])
      }
    },
    60_000,
  )
})
