import { settlePerson } from '../../../src/features/sso/service/accounts.ts'
import type { SeenConfiguration } from '../../../src/features/sso/service/configuration.ts'
import { getConfiguration } from '../../../src/features/sso/service/configurations.ts'
import type { SsoPerson } from '../../../src/features/sso/service/read-person.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTeam, type Team } from '../../support/organizations.ts'
import { appWithNet, configure, giveDomain, ISSUER, rowsOf } from './support.ts'

/** A service where tests say what a provider has proved of a person. */
export function createSettling() {
  const { app, net } = appWithNet()

  /** A configuration as a sign-in reads it. */
  async function read(team: Team): Promise<SeenConfiguration> {
    const actor = { id: team.owner.id, roles: [], acr: 'aal1' }
    return getConfiguration({ ...(await app.ctx()), actor } as never, team.id)
  }

  async function ready(fields: Record<string, unknown> = {}) {
    const team = await createTeam(app)
    const domain = await giveDomain(team)
    await configure(team, net, fields)
    return { team, domain, configuration: await read(team) }
  }

  const settle = async (configuration: SeenConfiguration, who: SsoPerson) =>
    settlePerson(await app.ctx(), configuration, who)

  return { app, read, ready, settle }
}

export const person = (email: string | null, changed: Partial<SsoPerson> = {}): SsoPerson => ({
  issuer: ISSUER,
  subject: newUuid(),
  email,
  isEmailVerified: true,
  speaksForEmail: true,
  label: 'Ada',
  profile: { displayName: 'Ada' },
  groups: [],
  hasSecondFactor: false,
  ...changed,
})

export const outcome = (work: Promise<unknown>) =>
  work.then(
    () => 'done',
    (error: { code?: string }) => error.code ?? String(error),
  )
export const REFUSED = 'SSO_AUTHENTICATION_ERROR'

export const roleIn = async (team: Team, userId: string) => {
  const rows = await rowsOf<{ role: string }>(
    'select role from memberships where organization_id = ? and user_id = ? and removed_at is null and taken_up_at is not null',
    team.id,
    userId,
  )
  return rows.map(({ role }) => role)
}
