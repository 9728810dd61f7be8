import { expect, it } from 'vitest'
import { deleteEnded, expireInvitations } from '../../../src/features/invitations/service/changes.ts'
import { createTestApp } from '../../support/app.ts'
import { ask, createTeam, openPerson } from '../../support/organizations.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'
import { PASSWORD } from '../../support/world.ts'
import { insertRole } from '../rbac/support.ts'
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
  const roleId = await insertRole(app, { scope: team.id, key: 'writer', permissions: ['docs:*'] })
  const [author, admin] = [await team.join('admin'), await openPerson(app, { role: 'admin' })]
  const rights = `?organization_id=${team.id}`
  const losses = [
    await call('POST', `/api/v1/rbac/users/${author.id}/roles${rights}`, { role_id: roleId }),
    await call('PATCH', `/api/v1/rbac/roles/${roleId}${rights}`, { permissions: [] }),
    await call('DELETE', `/api/v1/rbac/users/${author.id}/roles/${roleId}${rights}`),
    await call('PUT', `/api/v1/users/${author.id}/permissions${rights}`, { permissions: ['docs:read'] }),
    await call('PUT', `/api/v1/users/${author.id}/permissions${rights}`, { permissions: [] }),
    await admin.call('PUT', `/api/v1/admin/users/${author.id}/role`, { role: 'vendor' }),
    await admin.call('POST', `/api/v1/admin/users/${author.id}/suspend`),
  ]
  expect(losses.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 200])
  await expireInvitations(await app.ctx())
  await deleteEnded(await app.ctx())
  await app.settled()
  const steps = await plans()
  expect(steps.length).toBeGreaterThan(50)
  // One row, and tables of a few rows.
  expect(scansIn(steps).filter((step) => !/^SCAN (\(subquery|standing|signing_keys)/.test(step))).toEqual([])
})
