import { expect, it } from 'vitest'
import { expireInvitations } from '../../../src/features/invitations/service/invitations.ts'
import { createTestApp } from '../../support/app.ts'
import { ask, createTeam } from '../../support/organizations.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'
import { PASSWORD } from '../../support/world.ts'
import { asStranger, INVITATIONS, invite } from './support.ts'

it('no statement about invitations reads a table as a whole', async () => {
  const { into, plans } = watchPlans()
  const app = createTestApp({ override: into })
  const team = await createTeam(app)
  const call = (method: string, path: string, body?: unknown) =>
    ask(app, { method, path, body, headers: team.owner.headers })
  const [one, two] = [await invite(team), await invite(team, { permissions: ['docs:read'] })]
  const asked = [
    await call('GET', `${INVITATIONS}?organization_id=${team.id}&email=${one.email}`),
    await call('GET', `${INVITATIONS}?organization_id=${team.id}&status=expired`),
    await call('PATCH', `${INVITATIONS}/${one.id}`, { message: 'x' }),
    await call('POST', `${INVITATIONS}/${one.id}/resend`),
    await call('DELETE', `${INVITATIONS}/${one.id}`),
    await asStranger(app).call('POST', `${INVITATIONS}/accept`, { token: two.urlToken, password: PASSWORD }),
  ]
  expect(asked.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
  await expireInvitations(await app.ctx())
  await app.settled()
  const steps = await plans()
  expect(steps.length).toBeGreaterThan(50)
  // One row, and tables of a few rows.
  expect(scansIn(steps).filter((step) => !/^SCAN (\(subquery|standing|signing_keys)/.test(step))).toEqual([])
})
