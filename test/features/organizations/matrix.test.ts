import { describe, expect, it } from 'vitest'
import { listRoutes } from '../../../src/app.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { isRanked, type Rank } from '../../../src/lib/roles.ts'
import { ROWS } from '../../authorization/rows.ts'
import { createTestApp } from '../../support/app.ts'
import { createTeam, type Person, type Team } from '../../support/organizations.ts'
import { openPrincipal, PRINCIPALS, type Principal, rankOf } from './principals.ts'

const app = createTestApp()

/** Those that are refused change nothing, so that they ask all routes. */
const refused = new Map<Principal, Promise<Scene>>()

interface Scene {
  readonly team: Team
  readonly member: Person
  readonly person: Person
}

async function makeScene(principal: Principal): Promise<Scene> {
  const team = await createTeam(app)
  return { team, member: await team.join('member'), person: await openPrincipal(app, team, principal) }
}

function sharedScene(principal: Principal): Promise<Scene> {
  const known = refused.get(principal) ?? makeScene(principal)
  refused.set(principal, known)
  return known
}

const routes = listRoutes().filter(
  ({ path, spec }) => spec.guard.rank !== undefined && path.includes(':organization_id'),
)

describe('routes of an organization', () => {
  it.each(routes.map((route) => [`${route.method} ${route.path}`, route] as const))(
    '%s lets in whoever has the rank, and nobody else',
    async (name, route) => {
      const needed = route.spec.guard.rank as Rank
      for (const principal of PRINCIPALS) {
        const rank = rankOf(principal)
        const isLetIn = rank !== null && isRanked(rank, needed)
        const { team, member, person } = await (isLetIn ? makeScene(principal) : sharedScene(principal))
        const call = await ROWS[name]?.call?.({ app, owner: async () => ({ user: team.owner.user }) } as never)
        const path = route.path
          .replace(':organization_id', team.id)
          .replace(':user_id', member.id)
          .replace(/:\w+/g, newUuid())
        const body = withIdsOf(call?.body, member.id)
        const query = call?.query ? `?${new URLSearchParams(call.query)}` : ''
        const { status, body: answer } = await person.call(route.method, `${path}${query}`, body)
        const seen = status === 401 || status === 403 ? answer.code : 'in'
        const refusal = principal.includes('two factors')
          ? 'STEP_UP_REQUIRED'
          : rank === null
            ? 'NOT_A_MEMBER'
            : 'INSUFFICIENT_PERMISSIONS'
        expect([principal, seen]).toEqual([principal, isLetIn ? 'in' : refusal])
      }
    },
    60_000,
  )
})

/** The body that the authorization matrix sends, about a member of this organization. */
function withIdsOf(body: unknown, memberId: string): unknown {
  if (typeof body !== 'object' || body === null) return body
  const about = ['new_owner_id'].filter((key) => key in body).map((key) => [key, memberId])
  return { ...body, ...Object.fromEntries(about) }
}
