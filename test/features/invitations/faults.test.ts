import { describe, expect, it } from 'vitest'
import { fails, isolateWithout } from '../../faults/support.ts'
import { createTestApp, env, type TestApp } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { ask, createTeam, openPerson, type Person } from '../../support/organizations.ts'
import { newEmail, PASSWORD } from '../../support/world.ts'
import { asStranger, codeOf, eventsAbout, INVITATIONS, invite } from './support.ts'

const app = createTestApp()
const OUTAGE = [503, 'SERVICE_UNAVAILABLE']

const on = (broken: TestApp, { headers }: Person) => ({
  call: (path: string, body: unknown) => ask(broken, { method: 'POST', path, body, headers }),
})

const countOf = async (table: string, column: string, value: string): Promise<number> => {
  const row = await env.DB.prepare(`select count(*) as n from ${table} where ${column} = ?`)
    .bind(value)
    .first<{ n: number }>()
  return row?.n ?? 0
}

describe('an invitation', () => {
  it('is not written where it cannot be counted', async () => {
    const team = await createTeam(app)
    const ada = await openPerson(app)
    const broken = on(isolateWithout('guard', fails), team.owner)
    const email = newEmail()
    expect(codeOf(await broken.call(INVITATIONS, { organization_id: team.id, email }))).toEqual(OUTAGE)
    expect(codeOf(await broken.call(`${team.path}/members`, { user_id: ada.id }))).toEqual(OUTAGE)
    expect(await countOf('invitations', 'email', email)).toBe(0)
    expect(await countOf('memberships', 'user_id', ada.id)).toBe(0)
  })

  it('stands when the mail cannot be brought to its queue, or its events to their hub', async () => {
    const team = await createTeam(app)
    for (const part of ['mail', 'hub'] as const) {
      const email = newEmail()
      const made = await on(isolateWithout(part, fails), team.owner).call(INVITATIONS, {
        organization_id: team.id,
        email,
      })
      expect([part, made.status, made.body.email_sent]).toEqual([part, 201, true])
      expect(await acceptedMails(email, 'invitation')).toHaveLength(1)
      expect(await eventsAbout(made.body.id)).toHaveLength(1)
    }
  })
})

describe('an acceptance', () => {
  it('writes nothing while the database is away', async () => {
    const team = await createTeam(app)
    const { id, email, urlToken: token } = await invite(team)
    const body = { token, password: PASSWORD }
    const broken = asStranger(isolateWithout('database', fails))
    expect(codeOf(await broken.call('POST', `${INVITATIONS}/accept`, body))).toEqual(OUTAGE)
    expect(await countOf('users', 'email', email)).toBe(0)
    expect((await asStranger(app).call('GET', `${INVITATIONS}/${id}`)).body.status).toBe('pending')
  })

  it('is whole while the objects of users are away', async () => {
    const team = await createTeam(app)
    const { id, email, urlToken: token } = await invite(team)
    const broken = asStranger(isolateWithout('user', fails))
    const accepted = await broken.call('POST', `${INVITATIONS}/accept`, { token, password: PASSWORD })
    expect(accepted.status).toBe(200)
    expect(await countOf('users', 'email', email)).toBe(1)
    expect(await countOf('memberships', 'user_id', accepted.body.user_id)).toBe(1)
    expect((await eventsAbout(id)).map(({ type }) => type)).toEqual(['invitation.created', 'invitation.accepted'])
  })
})
