import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp } from '../../support/app.ts'
import { acceptedMails } from '../../support/mail.ts'
import { enroll, openPerson, type Person } from '../../support/organizations.ts'
import {
  accountOf,
  connect,
  membershipOf,
  refusalOf,
  rowsOf,
  run,
  type TestDirectory,
  verifyDomain,
} from './support.ts'

const app = createTestApp()

let known: Promise<TestDirectory> | undefined
/** One for all tests that do nothing to its organization. */
const shared = () => {
  known ??= connect(app)
  return known
}

const isRefused = async (person: Person): Promise<boolean> =>
  (await app.fetch('/validate', { headers: person.headers })).status === 401

/** Somebody with an account and a session, whose address is in the directory's domain. */
const openColleague = (directory: TestDirectory, fields: object = {}) =>
  openPerson(app, { email: directory.name(), ...fields })

const off = { op: 'replace', value: { active: false } }
const on = { op: 'Replace', path: 'active', value: 'True' }

describe('an account of the domain', () => {
  it('that is there already is managed from then on: switched off, and on again without its sessions', async () => {
    const directory = await shared()
    const person = await openColleague(directory)
    const { body } = await directory.user({ userName: person.user.email })
    expect(await accountOf(body.id)).toMatchObject({ id: person.id, status: 'active' })
    expect(await membershipOf(directory.team.id, person.id)).toMatchObject({ role: 'member' })
    const { status, headers, body: after } = await directory.patch(body.id, off)
    expect([status, headers.get('x-propagated'), after.active]).toEqual([200, 'true', false])
    expect(await isRefused(person)).toBe(true)
    expect(await accountOf(body.id)).toMatchObject({ status: 'inactive' })
    const events = await rowsOf("select type from events where user_id = ? and type like 'user.%'", person.id)
    expect(events).toContainEqual({ type: 'user.deactivated' })
    expect((await directory.patch(body.id, on)).body.active).toBe(true)
    expect(await accountOf(body.id)).toMatchObject({ status: 'active' })
    expect(await isRefused(person)).toBe(true)
    expect((await person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken })).status).toBe(401)
  })

  it('loses its unused one-time tokens when it is switched off', async () => {
    const directory = await shared()
    const person = await openColleague(directory)
    const { body } = await directory.user({ userName: person.user.email })
    await run(
      `insert into one_time_tokens (id, token_hash, purpose, user_id, data, created_at, expires_at)
       values (?1, ?1, 'federated_code', ?2, '{}', 1, 9e15)`,
      newUuid(),
      person.id,
    )
    await directory.patch(body.id, off)
    expect(await rowsOf('select 1 from one_time_tokens where user_id = ? and used_at is null', person.id)).toEqual([])
  })

  it('that nobody has proved is taken over: its password and sessions go', async () => {
    const directory = await shared()
    const email = directory.name()
    const person = await openPerson(app, {
      email,
      emailVerifiedAt: null as never,
      password: 'correct horse battery',
    } as never)
    const { body } = await directory.user({ userName: email })
    expect(await accountOf(body.id)).toMatchObject({ id: person.id, password_hash: null, status: 'active' })
    expect(
      (await rowsOf('select email_verified_at from users where id = ?', person.id))[0]?.email_verified_at,
    ).not.toBe(null)
    expect((await person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken })).status).toBe(401)
  })

  it('keeps what an admin decided: no directory lifts a suspension, a lock or a deletion', async () => {
    const directory = await shared()
    for (const status of ['suspended', 'locked'] as const) {
      const person = await openColleague(directory)
      const { body } = await directory.user({ userName: person.user.email })
      await run('update users set status = ? where id = ?', status, person.id)
      expect((await directory.patch(body.id, off)).status).toBe(200)
      expect((await directory.patch(body.id, on)).status).toBe(200)
      expect(await accountOf(body.id)).toMatchObject({ status })
    }
    const person = await openColleague(directory)
    const { body } = await directory.user({ userName: person.user.email })
    await run("update users set status = 'deleted' where id = ?", person.id)
    expect((await directory.patch(body.id, off)).status).toBe(200)
    expect((await directory.patch(body.id, on)).status).toBe(200)
    expect((await rowsOf('select status from users where id = ?', person.id))[0]).toEqual({ status: 'deleted' })
  })

  it('gets names and address from the directory, within the domain and where the address is free', async () => {
    const directory = await shared()
    const person = await openColleague(directory)
    const { body } = await directory.user({ userName: person.user.email })
    const email = directory.name()
    const put = await directory.call('PUT', `/Users/${body.id}`, {
      body: {
        userName: email,
        name: { givenName: 'Grace', familyName: 'Hopper' },
        displayName: 'Grace',
        locale: 'en-US',
        timezone: 'America/New_York',
        emails: [{ value: email, primary: true }],
      },
    })
    expect(put.status).toBe(200)
    expect(await accountOf(body.id)).toMatchObject({ email, first_name: 'Grace', last_name: 'Hopper', locale: 'en-US' })
    expect(await isRefused(person)).toBe(true)
    const taken = (await openColleague(directory)).user.email
    const primary = (value: string) => ({ op: 'replace', path: 'emails[primary eq true].value', value })
    expect(refusalOf(await directory.patch(body.id, primary(taken)))).toEqual([409, 'uniqueness'])
    expect(refusalOf(await directory.patch(body.id, primary(`${newUuid()}@elsewhere.test`)))).toEqual([
      409,
      'uniqueness',
    ])
    expect(await accountOf(body.id)).toMatchObject({ email })
  })

  it('goes inactive though it is the last owner: the ownership stays, and admins of the platform are told', async () => {
    const directory = await connect(app)
    // Ten are told, the oldest: admins of other files may be among them.
    await openPerson(app, { role: 'admin' })
    const { owner, id: organizationId } = directory.team
    await directory.team.join('member')
    await run('update users set email = ? where id = ?', directory.name(), owner.id)
    const [{ email } = { email: '' }] = await rowsOf<{ email: string }>(
      'select email from users where id = ?',
      owner.id,
    )
    const { body } = await directory.user({ userName: email })
    const adminsTold = async () => (await rowsOf("select id from mails where kind = 'organization_ownerless'")).length
    const before = await adminsTold()
    expect((await directory.patch(body.id, off)).status).toBe(200)
    expect(await accountOf(body.id)).toMatchObject({ id: owner.id, status: 'inactive' })
    expect(await membershipOf(organizationId, owner.id)).toMatchObject({ role: 'owner' })
    await app.settled()
    expect(await adminsTold()).toBeGreaterThan(before)
  })
})

describe('a deleted user', () => {
  it('is nowhere, its account is off, its name is free, and the person comes back with the old account', async () => {
    const directory = await connect(app)
    const userName = directory.name()
    const { body } = await directory.user({ userName })
    const account = await accountOf(body.id)
    const gone = await directory.call('DELETE', `/Users/${body.id}`)
    expect([gone.status, gone.body, gone.headers.get('x-propagated')]).toEqual([204, null, 'true'])
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'])
      expect(
        (await directory.call(method, `/Users/${body.id}`, method === 'GET' ? {} : { body: { userName } })).status,
      ).toBe(404)
    expect((await directory.call('GET', '/Users')).body.totalResults).toBe(0)
    expect((await rowsOf('select status from users where id = ?', account?.id))[0]).toEqual({ status: 'inactive' })
    const again = await directory.user({ userName })
    expect(again.status).toBe(201)
    expect(again.body.id).not.toBe(body.id)
    expect(await accountOf(again.body.id)).toMatchObject({ id: account?.id, status: 'active' })
  })
})

describe('what a directory may not reach', () => {
  /** Posts, renames, moves, switches off and deletes a record of an address; answers what became of the holder. */
  async function tryAll(directory: TestDirectory, email: string) {
    const { status, body } = await directory.user({ userName: email, emails: [{ value: email, primary: true }] })
    expect(status).toBe(201)
    await directory.patch(body.id, { op: 'replace', path: 'name.givenName', value: 'Mallory' })
    await directory.patch(body.id, { op: 'replace', path: 'emails[primary eq true].value', value: directory.name() })
    await directory.patch(body.id, off)
    await directory.patch(body.id, on)
    expect((await directory.call('DELETE', `/Users/${body.id}`)).status).toBe(204)
  }

  const snapshot = async (id: string) => (await rowsOf('select * from users where id = ?', id))[0]

  it.each([
    ['a stranger', async () => openPerson(app)],
    ['an unproved address of somebody else', async () => openPerson(app, { emailVerifiedAt: null as never })],
    [
      'an admin of the platform in its domain',
      (directory: TestDirectory) => openColleague(directory, { role: 'admin' }),
    ],
    [
      'somebody of a domain of another organization',
      async () => {
        const other = await connect(app)
        return openColleague(other)
      },
    ],
    ['an owner of the organization, elsewhere', async (directory: TestDirectory) => directory.team.join('owner')],
  ] as const)('%s keeps account, session and address', async (_, open) => {
    const directory = await shared()
    const person = await open(directory)
    const before = await snapshot(person.id)
    await tryAll(directory, person.user.email)
    expect(await snapshot(person.id)).toEqual(before)
    expect(await isRefused(person)).toBe(false)
  })

  it('a member outside its domains loses the membership alone, and gets it back', async () => {
    const directory = await shared()
    const person = await directory.team.join('member')
    const { body } = await directory.user({ userName: person.user.email })
    const before = await snapshot(person.id)
    await directory.patch(body.id, { op: 'replace', path: 'name.givenName', value: 'Mallory' })
    expect((await directory.patch(body.id, off)).headers.get('x-propagated')).toBe('true')
    const after = await snapshot(person.id)
    expect(after).toEqual({ ...before, claims_version: 2, updated_at: after?.updated_at })
    expect(await membershipOf(directory.team.id, person.id)).toMatchObject({ taken_up_at: null })
    expect(await isRefused(person)).toBe(true)
    const renewed = await person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken })
    expect([renewed.status, JSON.parse(atob(renewed.body.access_token.split('.')[1])).org_id]).toEqual([200, null])
    const back = person.withToken(renewed.body.access_token)
    expect((await back.call('POST', `${directory.team.path}/activate`)).status).toBe(403)
    await directory.patch(body.id, on)
    expect(await membershipOf(directory.team.id, person.id)).toMatchObject({ role: 'member', suspended_at: null })
    expect((await back.call('POST', `${directory.team.path}/activate`)).status).toBe(200)
  })

  it('an account of a domain that it lost', async () => {
    const directory = await connect(app)
    const person = await openColleague(directory)
    const { body } = await directory.user({ userName: person.user.email })
    await run('delete from organization_domains where organization_id = ?', directory.team.id)
    await directory.patch(body.id, off)
    expect(await snapshot(person.id)).toMatchObject({ status: 'active' })
    expect(await membershipOf(directory.team.id, person.id)).toMatchObject({ taken_up_at: null })
  })

  it('users and configuration of another organization', async () => {
    const [directory, other] = [await connect(app), await connect(app)]
    const { body } = await other.user()
    const { body: group } = await other.group()
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
      const call = method === 'GET' || method === 'DELETE' ? {} : { body: { userName: 'x', displayName: 'x' } }
      expect((await directory.call(method, `/Users/${body.id}`, call)).status).toBe(404)
      expect((await directory.call(method, `/Groups/${group.id}`, call)).status).toBe(404)
    }
    const asDirectory = { headers: { authorization: `Bearer ${directory.token}` } }
    expect((await app.fetch(`${other.team.path}/scim/config`, asDirectory)).status).toBe(401)
    expect((await app.fetch(`${directory.team.path}/scim/config`, asDirectory)).status).toBe(401)
    expect((await app.fetch('/validate', asDirectory)).status).toBe(401)
    const asOwner = { headers: other.team.owner.headers }
    expect((await app.fetch('/api/v1/scim/v2/Users', asOwner)).status).toBe(401)
  })
})

describe('an address outside the domains', () => {
  it('is invited in the name of the organization; whoever accepts is the account behind the record', async () => {
    const directory = await shared()
    const person = await openPerson(app)
    const { body } = await directory.user({ userName: 'contractor', emails: [{ value: person.user.email }] })
    await app.settled()
    expect(await acceptedMails(person.user.email, 'invitation')).toHaveLength(1)
    const [invitation] = await rowsOf<{ id: string }>(
      "select id from invitations where email = ? and status = 'pending'",
      person.user.email,
    )
    const named = await rowsOf<{ type: string; data: string }>(
      'select type, data from events where organization_id = ? and instr(data, ?)',
      directory.team.id,
      person.user.email,
    )
    expect(named).toEqual([])
    expect(await rowsOf('select data from events where subject = ?', invitation?.id)).toHaveLength(1)
    expect(await accountOf(body.id)).toBeUndefined()
    expect((await person.call('POST', `/api/v1/invitations/${invitation?.id}/accept`)).status).toBe(200)
    expect(await accountOf(body.id)).toMatchObject({ id: person.id })
    expect((await directory.patch(body.id, off)).status).toBe(200)
    expect(await accountOf(body.id)).toMatchObject({ status: 'active' })
    expect(await membershipOf(directory.team.id, person.id)).toMatchObject({ taken_up_at: null })
  })

  it('is no longer invited once its record is off', async () => {
    const directory = await shared()
    const email = `${newUuid()}@elsewhere.test`
    const { body } = await directory.user({ userName: email })
    expect(await rowsOf("select 1 as one from invitations where email = ? and status = 'pending'", email)).toHaveLength(
      1,
    )
    await directory.patch(body.id, off)
    expect(await rowsOf("select 1 as one from invitations where email = ? and status = 'pending'", email)).toEqual([])
    await directory.patch(body.id, on)
    expect(await rowsOf("select 1 as one from invitations where email = ? and status = 'pending'", email)).toHaveLength(
      1,
    )
    await directory.call('DELETE', `/Users/${body.id}`)
    expect(await rowsOf("select 1 as one from invitations where email = ? and status = 'pending'", email)).toEqual([])
  })

  it('gets its account once its domain is verified', async () => {
    const directory = await shared()
    const domain = `${newUuid()}.test`
    const { body } = await directory.user({ userName: `ada@${domain}` })
    await verifyDomain(directory.team.id, domain)
    await directory.call('PUT', `/Users/${body.id}`, { body: { userName: `ada@${domain}` } })
    expect(await accountOf(body.id)).toMatchObject({ email: `ada@${domain}`, status: 'active' })
  })

  it('without any, a record stands alone', async () => {
    const directory = await shared()
    const { status, body } = await directory.user({ userName: 'ada' })
    expect([status, await accountOf(body.id)]).toEqual([201, undefined])
  })

  it('of an account that another record has, too', async () => {
    const directory = await shared()
    const email = directory.name()
    const first = await directory.user({ userName: email })
    const second = await directory.user({ userName: 'second', emails: [{ value: email }] })
    expect([second.status, await accountOf(second.body.id)]).toEqual([201, undefined])
    await directory.call('DELETE', `/Users/${second.body.id}`)
    expect(await accountOf(first.body.id)).toMatchObject({ status: 'active' })
  })
})

describe('versions', () => {
  it('are tags that writes name', async () => {
    const directory = await shared()
    const { body } = await directory.user()
    const path = `/Users/${body.id}`
    const ifMatch = (tag: string) => ({ headers: { 'if-match': tag }, body: { userName: body.userName, title: tag } })
    expect((await directory.call('PUT', path, ifMatch('W/"7"'))).status).toBe(412)
    expect((await directory.call('PUT', path, ifMatch('W/"1"'))).headers.get('etag')).toBe('W/"2"')
    expect((await directory.call('PUT', path, ifMatch('*'))).status).toBe(200)
    expect((await directory.call('DELETE', path, { headers: { 'if-match': 'W/"1"' } })).status).toBe(412)
    const unchanged = await directory.call('GET', path, { headers: { 'if-none-match': 'W/"3"' } })
    expect([unchanged.status, unchanged.body, unchanged.headers.get('etag')]).toEqual([304, null, 'W/"3"'])
    expect((await directory.call('GET', path, { headers: { 'if-none-match': 'W/"1"' } })).status).toBe(200)
  })

  it('stay when nothing changes: what GET gives may be put', async () => {
    const directory = await shared()
    const { body } = await directory.user({ name: { givenName: 'Ada' }, emails: [{ value: directory.name() }] })
    const put = await directory.call('PUT', `/Users/${body.id}`, { body })
    expect([put.status, put.body]).toEqual([200, body])
  })
})

it('a member by hand stays suspended for whoever invites or adds them', async () => {
  const directory = await shared()
  const person = await directory.team.join('member')
  const { body } = await directory.user({ userName: person.user.email })
  await directory.patch(body.id, off)
  const { owner, path } = directory.team
  expect((await owner.call('POST', `${path}/members`, { user_id: person.id, role: 'member' })).status).toBe(409)
  const { body: list } = await owner.call('GET', `${path}/members`)
  const members = Array.isArray(list) ? list : list.members
  expect(members.find((one: { user_id: string }) => one.user_id === person.id)).toMatchObject({ status: 'suspended' })
  await expect(enroll(app, directory.team.id, person.id, 'admin')).rejects.toThrow()
})
