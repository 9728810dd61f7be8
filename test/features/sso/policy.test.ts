import { describe, expect, it } from 'vitest'
import { findDomainOwner } from '../../../src/features/domains/service.ts'
import { eraseOrganizations } from '../../../src/features/organizations/service/ownership.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { ORGANIZATION_DATA } from '../../../src/user-data.ts'
import { acceptedMails } from '../../support/mail.ts'
import { ask, createTeam, openPerson, type Person, type Team, withStaleFactor } from '../../support/organizations.ts'
import { appWithNet, configure, eventsOf, giveDomain, rowsOf, run, setOpenedBySso } from './support.ts'

const { app, net } = appWithNet()

const set = (team: Team, policy: object, by: Person = team.owner) => by.call('PUT', `${team.path}/sso-policy`, policy)
const codeOf = ({ status, body }: { status: number; body: { error?: { code: string } } }) => [status, body.error?.code]

/** A team whose owner has signed in through its provider. */
async function provedTeam() {
  const team = await createTeam(app)
  const { id } = await configure(team, net)
  const domain = await giveDomain(team)
  await run('update sso_connections set owner_signed_in_at = 1 where id = ?', id)
  await setOpenedBySso(team, team.owner)
  return { team, domain, id }
}

const versionOf = async ({ id }: Team) => {
  const [row] = await rowsOf<{ version: number }>('select version from organizations where id = ?', id)
  return row?.version
}
const policyEvents = async ({ id }: Team) => (await eventsOf(id)).filter(({ type }) => type === 'sso.policy.changed')

describe('the policy', () => {
  it('that requires single sign-on refuses the tokens of all members, is an event and a mail', async () => {
    const { team, domain } = await provedTeam()
    const member = await team.join('member')
    expect((await member.call('GET', '/api/v1/auth/me')).status).toBe(200)
    const { status, body } = await set(team, { required: true })
    expect([status, body]).toEqual([200, { required: true, allow_break_glass: true, propagated: true }])
    expect(await versionOf(team)).toBe(2)
    expect((await member.call('GET', '/api/v1/auth/me')).status).toBe(401)
    expect(await policyEvents(team)).toMatchObject([
      { data: { before: { required: false }, after: { required: true, allow_break_glass: true } } },
    ])
    expect(await findDomainOwner(await app.ctx(), domain)).toMatchObject({ required: true, allowBreakGlass: true })
    await app.settled()
    expect(await acceptedMails(team.owner.user.email, 'sso_changed')).toHaveLength(2)
  })

  it('that requires it no longer, or changes break glass, refuses no token', async () => {
    const { team } = await provedTeam()
    const platform = await openPerson(app, { role: 'admin' })
    await set(team, { required: true })
    expect((await set(team, { allow_break_glass: false }, platform)).body).toMatchObject({
      required: true,
      allow_break_glass: false,
    })
    expect((await set(team, { required: false }, platform)).body).toMatchObject({ required: false })
    expect(await versionOf(team)).toBe(2)
    expect(await policyEvents(team)).toHaveLength(3)
  })

  it('that is what it was is no event', async () => {
    const { team } = await provedTeam()
    expect((await set(team, {})).body).toEqual({ required: false, allow_break_glass: true, propagated: true })
    expect((await set(team, { required: false })).status).toBe(200)
    expect(await eventsOf(team.id)).toHaveLength(1)
  })

  it.each([
    ['no owner has signed in', 'update sso_connections set owner_signed_in_at = null where organization_id = ?'],
    ['there is no configuration', 'delete from sso_connections where organization_id = ?'],
    ['it is disabled', 'update sso_connections set enabled = 0 where organization_id = ?'],
    ['it is in error', "update sso_connections set error = 'issuer_changed' where organization_id = ?"],
    ['there is no domain', 'delete from organization_domains where organization_id = ?'],
    ['no domain is verified', 'update organization_domains set verified_at = null where organization_id = ?'],
  ])('cannot require it while %s', async (_, statement) => {
    const { team } = await provedTeam()
    await run(statement, team.id)
    expect(codeOf(await set(team, { required: true }))).toEqual([409, 'SSO_UNPROVED'])
    expect(await versionOf(team)).toBe(1)
    expect(await policyEvents(team)).toEqual([])
  })

  it('of three changes at once is written whole: one event for each that was done', async () => {
    const { team } = await provedTeam()
    const all = await Promise.all([
      set(team, { required: true, allow_break_glass: false }),
      set(team, { required: true, allow_break_glass: true }),
      set(team, { required: true, allow_break_glass: false }),
    ])
    expect(all.map(({ status }) => status).filter((status) => status !== 200 && status !== 409)).toEqual([])
    const events = await policyEvents(team)
    expect(events).toHaveLength(all.filter(({ status }) => status === 200).length)
    expect(await versionOf(team)).toBe(2)
  })

  it('is for owners with a fresh factor', async () => {
    const { team } = await provedTeam()
    expect((await set(team, { required: true }, await team.join('admin'))).status).toBe(403)
    expect((await set(team, { required: true }, (await createTeam(app)).owner)).status).toBe(403)
    const stale = await withStaleFactor(await team.join('owner'))
    expect(codeOf(await set(team, { required: true }, stale))).toEqual([403, 'STEP_UP_REQUIRED'])
    expect(await policyEvents(team)).toEqual([])
  })

  it('is gone with its organization', async () => {
    const { team } = await provedTeam()
    await set(team, { required: true, allow_break_glass: false })
    const platform = await openPerson(app, { role: 'admin' })
    expect((await platform.call('DELETE', team.path)).status).toBe(200)
    await eraseOrganizations(await app.ctx(), ORGANIZATION_DATA)
    expect(await rowsOf('select * from sso_policies where organization_id = ?', team.id)).toEqual([])
  })
})

describe('discovery', () => {
  const discover = (email: unknown) => ask(app, { method: 'POST', path: '/api/v1/sso/discover', body: { email } })

  it('says how people of a domain sign in, the same of known and unknown people', async () => {
    const { team, domain } = await provedTeam()
    const known = `ada@${domain}`
    await openPerson(app, { email: known })
    const answers = await Promise.all([discover(known), discover(`nobody@${domain}`), discover(` ADA@${domain} `)])
    for (const { status, body } of answers.slice(0, 2)) {
      expect(status).toBe(200)
      expect({ ...body, authorization_url: '' }).toEqual({
        sso: true,
        required: false,
        organization_slug: team.slug,
        authorization_url: '',
      })
    }
    const url = new URL(answers[0]?.body.authorization_url)
    expect([url.origin, url.pathname, url.searchParams.get('email')]).toEqual([
      'http://127.0.0.1:8787',
      '/api/v1/sso/login',
      known,
    ])
    await set(team, { required: true })
    expect((await discover(known)).body.required).toBe(true)
  })

  it.each([
    'update sso_connections set enabled = 0 where organization_id = ?',
    "update sso_connections set error = 'issuer_changed' where organization_id = ?",
    'update sso_connections set allowed_domains = \'["other.test"]\' where organization_id = ?',
    'update organization_domains set verified_at = null where organization_id = ?',
    'update organizations set deleted_at = 1 where id = ?',
    'delete from sso_connections where organization_id = ?',
  ])('finds nothing after %s', async (statement) => {
    const { team, domain } = await provedTeam()
    await run(statement, team.id)
    expect((await discover(`ada@${domain}`)).body).toEqual({ sso: false, required: false })
  })

  it('finds nothing for subdomains and strangers', async () => {
    const { domain } = await provedTeam()
    for (const name of [`sub.${domain}`, `x${domain}`, `${newUuid()}.test`])
      expect((await discover(`ada@${name}`)).body).toEqual({ sso: false, required: false })
  })

  it.each(['', 'ada', '@engines.test', 'ada@', null, 7, ['a@b.test']])('of %j is 422', async (email) => {
    expect((await discover(email)).status).toBe(422)
  })
})
