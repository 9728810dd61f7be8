import { insertMembership } from '../../../src/features/memberships/service.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { RANKS, type Rank } from '../../../src/lib/roles.ts'
import { env, type TestApp } from '../../support/app.ts'
import { createTeam, openPerson, type Person, type Team } from '../../support/organizations.ts'

/** Everybody who may come near an organization, and the rank that they have in it. */
export const PRINCIPALS = [
  ...RANKS,
  'pending owner',
  'removed owner',
  'owner of another',
  'stranger',
  'unverified member',
  'owner of one that requires two factors',
] as const
export type Principal = (typeof PRINCIPALS)[number]

export const rankOf = (principal: Principal): Rank | null => {
  if (principal === 'unverified member') return 'member'
  return RANKS.find((rank) => rank === principal) ?? null
}

export async function openPrincipal(
  app: TestApp,
  team: Pick<Team, 'id' | 'join'>,
  principal: Principal,
): Promise<Person> {
  const member = { id: newUuid(), organizationId: team.id, role: 'owner', joinedAt: Date.now() }
  switch (principal) {
    case 'pending owner': {
      const person = await openPerson(app)
      await insertMembership(await app.ctx(), { ...member, userId: person.id, expiresAt: Date.now() + 60_000 })
      return person
    }
    case 'removed owner': {
      const person = await team.join('owner')
      await env.DB.prepare('update memberships set removed_at = 1 where user_id = ?').bind(person.id).run()
      return person
    }
    case 'owner of another':
      return (await createTeam(app)).owner
    case 'stranger':
      return openPerson(app)
    case 'unverified member':
      return team.join('member', { emailVerifiedAt: undefined as never, status: 'pending' })
    case 'owner of one that requires two factors': {
      const person = await team.join('owner')
      await env.DB.prepare('update organizations set require_two_factors = 1 where id = ?').bind(team.id).run()
      return person
    }
    default:
      return team.join(principal)
  }
}
