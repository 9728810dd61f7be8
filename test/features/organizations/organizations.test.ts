import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { newUuid } from '../../../src/lib/ids.ts'
import { createTestApp, env } from '../../support/app.ts'
import { createTeam, enroll, newSlug, openPerson } from '../../support/organizations.ts'
import { PASSWORD } from '../../support/world.ts'

const app = createTestApp()
const ORGANIZATIONS = '/api/v1/organizations'
const claimsOf = (token: string) =>
  JSON.parse(atob((token.split('.')[1] ?? '').replaceAll('-', '+').replaceAll('_', '/')))

describe('POST /api/v1/organizations', () => {
  it('makes the caller the owner', async () => {
    const ada = await openPerson(app)
    const slug = newSlug()
    const made = await ada.call('POST', ORGANIZATIONS, {
      name: ' Analytical Engines ',
      slug,
      billing_email: 'a@example.com',
    })
    expect(made.status).toBe(201)
    expect(made.body).toMatchObject({
      name: 'Analytical Engines',
      slug,
      billing_email: 'a@example.com',
      owner_id: ada.id,
      owner_email: ada.user.email,
      member_count: 1,
      is_owner: true,
      user_role: 'owner',
      status: 'active',
    })
    const members = await ada.call('GET', `${ORGANIZATIONS}/${made.body.id}/members`)
    expect(members.body).toMatchObject([{ user_id: ada.id, role: 'owner', status: 'active', permissions: [] }])
  })

  it('lets one of two racing creates have a slug', async () => {
    const [ada, bob] = await Promise.all([openPerson(app), openPerson(app)])
    const slug = newSlug()
    const both = await Promise.all([ada, bob].map((one) => one.call('POST', ORGANIZATIONS, { name: 'x', slug })))
    expect(both.map(({ status }) => status).sort()).toEqual([201, 400])
    expect(both.find(({ status }) => status === 400)?.body.code).toBe('SLUG_TAKEN')
  })

  it('needs a verified address', async () => {
    const eve = await openPerson(app, { emailVerifiedAt: undefined as never, status: 'pending' })
    const refused = await eve.call('POST', ORGANIZATIONS, { name: 'x', slug: newSlug() })
    expect([refused.status, refused.body.code]).toEqual([403, 'VERIFIED_ADDRESS_REQUIRED'])
  })

  it('is for admins alone where the deployment says so', async () => {
    const closed = createTestApp({ env: { ORGANIZATIONS_CREATED_BY: 'admins' } })
    const [ada, admin] = await Promise.all([openPerson(closed), openPerson(closed, { role: 'admin' })])
    const create = { name: 'x', slug: newSlug() }
    expect((await ada.call('POST', ORGANIZATIONS, create)).body.code).toBe('ORGANIZATIONS_BY_ADMINS')
    expect((await admin.call('POST', ORGANIZATIONS, create)).status).toBe(201)
  })

  it('allows ten a day', async () => {
    const ada = await openPerson(app)
    const create = () => ada.call('POST', ORGANIZATIONS, { name: 'x', slug: newSlug() })
    const made = await Promise.all(Array.from({ length: 12 }, create))
    expect(made.filter(({ status }) => status === 201)).toHaveLength(10)
    const refused = made.filter(({ status }) => status === 429)
    expect(refused.map(({ body }) => [body.code, body.details.limit])).toEqual(Array(2).fill(['LIMIT_REACHED', 10]))
    expect((await ada.call('GET', ORGANIZATIONS)).body).toHaveLength(10)
  })

  it.each([
    { name: '' },
    { name: 'x'.repeat(201) },
    { name: 'two\nlines' },
    { slug: 'Upper' },
    { slug: '-x' },
    { slug: '' },
    { slug: 'x'.repeat(101) },
    // Where an organization is named by slug or id, it would be taken for that of another.
    { slug: newUuid() },
    { billing_email: 'nobody' },
    { description: 1 },
  ])('answers 422 to %j', async (wrong) => {
    const ada = await openPerson(app)
    const refused = await ada.call('POST', ORGANIZATIONS, { name: 'x', slug: newSlug(), ...wrong })
    expect([refused.status, refused.body.code]).toEqual([422, 'VALIDATION_ERROR'])
  })
})

describe('an organization', () => {
  it('is for its members: to strangers it does not exist, to admins of the platform it is 404 where it does not', async () => {
    const team = await createTeam(app)
    const [stranger, admin] = await Promise.all([openPerson(app), openPerson(app, { role: 'admin' })])
    const nowhere = `${ORGANIZATIONS}/${newUuid()}`
    for (const path of [team.path, nowhere, `${ORGANIZATIONS}/by-slug/${team.slug}`, `${ORGANIZATIONS}/slug/none`]) {
      const refused = await stranger.call('GET', path)
      expect([path, refused.status, refused.body.code]).toEqual([path, 403, 'NOT_A_MEMBER'])
    }
    expect((await admin.call('GET', team.path)).body).toMatchObject({ id: team.id, user_role: null, is_owner: false })
    expect((await admin.call('GET', nowhere)).body.code).toBe('ORGANIZATION_NOT_FOUND')
    expect((await stranger.call('GET', `${ORGANIZATIONS}/no-uuid`)).status).toBe(400)
  })

  it('is found by its slug, at both paths', async () => {
    const { owner, slug, id } = await createTeam(app)
    for (const path of ['by-slug', 'slug'])
      expect((await owner.call('GET', `${ORGANIZATIONS}/${path}/${slug}`)).body).toMatchObject({ id })
  })

  it('is changed by its admins, and nothing is lost that they do not name', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const member = await team.join('member')
    const change = { description: 'Engines\nand more', logo_url: 'https://example.com/logo.png' }
    for (const method of ['PUT', 'PATCH']) expect((await member.call(method, team.path, change)).status).toBe(403)
    const changed = await admin.call('PATCH', team.path, change)
    expect(changed.body).toMatchObject({ ...change, slug: team.slug, propagated: true })
    expect((await admin.call('PUT', team.path, { name: 'Other' })).body).toMatchObject({ ...change, name: 'Other' })
    expect((await admin.call('PATCH', team.path, { description: null })).body.description).toBeNull()
    for (const wrong of [{ logo_url: 'http://example.com/x.png' }, { logo_url: 'javascript:alert(1)' }, { name: '' }])
      expect((await admin.call('PATCH', team.path, wrong)).status).toBe(422)
  })

  it('keeps settings as they come, and lets owners alone set those that have a meaning', async () => {
    const team = await createTeam(app)
    const admin = await team.join('admin')
    const settings = `${team.path}/settings`
    const put = await admin.call('PUT', settings, {
      settings_data: { theme: 'dark', ['__proto__']: { admin: true }, constructor: 1 },
    })
    // Whether text of JSON has the name decides: in an object the name is its prototype.
    expect(JSON.stringify(put.body)).not.toContain('__proto__')
    expect({ ...put.body.settings_data }).toEqual({
      theme: 'dark',
      constructor: 1,
      require_two_factors: false,
      invitation_domains: [],
    })
    expect(put.body).toMatchObject({ organization_id: team.id, propagated: true })
    expect((await admin.call('PATCH', settings, { settings: { theme: 'light' } })).body).toMatchObject({
      settings_data: { theme: 'light' },
      propagated: true,
    })
    expect((await admin.call('GET', settings)).body.propagated).toBeUndefined()
    const domains = { settings_data: { invitation_domains: ['Example.com'] } }
    expect((await admin.call('PUT', settings, domains)).body.code).toBe('INSUFFICIENT_PERMISSIONS')
    expect((await team.owner.call('PUT', settings, domains)).body.settings_data).toEqual({
      require_two_factors: false,
      invitation_domains: ['example.com'],
    })
    const deep = JSON.parse(`${'{"a":'.repeat(9)}1${'}'.repeat(9)}`)
    for (const [wrong, limit] of [
      [{ x: 'y'.repeat(17_000) }, 16 * 1024],
      // Bytes, not characters: each of these has three.
      [{ x: '€'.repeat(6000) }, 16 * 1024],
      [deep, 8],
      [{ require_two_factors: 'yes' }, undefined],
      [{ invitation_domains: ['@'] }, undefined],
    ] as const) {
      const refused = await admin.call('PUT', settings, { settings_data: wrong })
      expect([refused.status, refused.body.details.limit]).toEqual([422, limit])
    }
    expect((await admin.call('PUT', settings, { settings_data: { x: 'y'.repeat(6000) } })).status).toBe(200)
    expect((await admin.call('PUT', settings, {})).status).toBe(422)
  })

  it('lets two racing changes both stand', async () => {
    const team = await createTeam(app)
    const changes = [{ name: 'One' }, { description: 'Two' }]
    const both = await Promise.all(changes.map((change) => team.owner.call('PATCH', team.path, change)))
    expect(both.map(({ status }) => status)).toEqual([200, 200])
    expect((await team.owner.call('GET', team.path)).body).toMatchObject({ name: 'One', description: 'Two' })
  })

  it('is deleted by an owner: it is gone at once for all, and its slug stays taken', async () => {
    const team = await createTeam(app)
    const [admin, stranger] = await Promise.all([team.join('admin'), openPerson(app)])
    expect((await admin.call('DELETE', team.path)).status).toBe(403)
    const deleted = await team.owner.call('DELETE', team.path)
    expect(deleted.body).toMatchObject({ success: true, propagated: true })
    // The token names the organization, so it is outdated.
    expect((await admin.call('GET', team.path)).status).toBe(401)
    const again = await stranger.call('POST', ORGANIZATIONS, { name: 'x', slug: team.slug })
    expect(again.body.code).toBe('SLUG_TAKEN')
  })
})

describe('GET /api/v1/organizations', () => {
  it('is a bare array, and a page where one is asked for', async () => {
    const ada = await openPerson(app)
    const teams = [await createTeam(app), await createTeam(app), await createTeam(app)]
    for (const [at, { id }] of teams.entries()) await enroll(app, id, ada.id, 'member', at + 1)
    const ids = teams.map(({ id }) => id)
    const all = await ada.call('GET', ORGANIZATIONS)
    expect(all.body.map(({ id }: { id: string }) => id)).toEqual(ids)
    const page = await ada.call('GET', `${ORGANIZATIONS}?page=2&per_page=2`)
    expect(page.body).toMatchObject({ total: 3, page: 2, per_page: 2, organizations: [{ id: ids[2] }] })
    expect((await ada.call('GET', `/api/v1/users/${ada.id}/organizations`)).body).toMatchObject({ total: 3 })
    expect((await teams[0]?.owner.call('GET', `/api/v1/users/${ada.id}/organizations`))?.status).toBe(403)
  })
})

describe('the active organization of a session', () => {
  it('is the only one of its user, then the last active one', async () => {
    const team = await createTeam(app)
    const ada = await team.join('admin')
    const claims = claimsOf(ada.headers.authorization ?? '')
    expect(claims).toMatchObject({ org_id: team.id, org_role: 'admin', org_roles: [], org_ver: 1, permissions: [] })
    const other = await createTeam(app)
    await enroll(app, other.id, ada.id, 'viewer')
    const activated = await ada.call('POST', `${other.path}/activate`)
    expect(activated.status).toBe(200)
    expect(activated.body).toMatchObject({ organization_id: other.id })
    expect('refresh_token' in activated.body).toBe(false)
    expect(claimsOf(activated.body.access_token)).toMatchObject({
      org_id: other.id,
      org_role: 'viewer',
      exp: claims.exp,
      sid: claims.sid,
    })
    const next = await ada.call('POST', '/api/v1/auth/refresh', { refresh_token: ada.refreshToken })
    expect(claimsOf(next.body.access_token).org_id).toBe(other.id)
    const again = await ada.call('POST', '/api/v1/auth/signin', { email: ada.user.email, password: PASSWORD })
    expect(claimsOf(again.body.access_token).org_id).toBe(other.id)
  })

  it('is none after it was deactivated', async () => {
    const team = await createTeam(app)
    const ada = await team.join('member')
    const left = await ada.call('POST', `${ORGANIZATIONS}/deactivate`)
    expect(claimsOf(left.body.access_token)).toMatchObject({ org_id: null, org_role: null, org_ver: null })
  })

  it('is the one that a sign-in asks for; a foreign one is 403 and no session', async () => {
    const [one, two] = await Promise.all([createTeam(app), createTeam(app)])
    const ada = await one.join('member')
    await enroll(app, two.id, ada.id, 'admin')
    const signIn = (organization_id: string) =>
      ada.call('POST', '/api/v1/auth/signin', { email: ada.user.email, password: PASSWORD, organization_id })
    expect(claimsOf((await signIn(two.id)).body.access_token)).toMatchObject({ org_id: two.id, org_role: 'admin' })
    const sessions = async () => (await ada.call('GET', '/api/v1/sessions')).body.total
    const before = await sessions()
    for (const foreign of [newUuid(), (await createTeam(app)).id]) {
      const refused = await signIn(foreign)
      expect([refused.status, refused.body.code]).toEqual([403, 'NOT_A_MEMBER'])
    }
    expect(await sessions()).toBe(before)
    expect((await signIn('no-uuid')).status).toBe(422)
  })

  it('is of a refresh what it asks for, for that token alone; a foreign one uses up no generation', async () => {
    const [one, two] = await Promise.all([createTeam(app), createTeam(app)])
    const ada = await one.join('member')
    await enroll(app, two.id, ada.id, 'admin')
    const refresh = (refresh_token: string, organization_id?: string) =>
      ada.call('POST', '/api/v1/auth/refresh', { refresh_token, organization_id })
    const refused = await refresh(ada.refreshToken, (await createTeam(app)).id)
    expect([refused.status, refused.body.code]).toEqual([403, 'NOT_A_MEMBER'])
    const first = await refresh(ada.refreshToken, two.id)
    expect(claimsOf(first.body.access_token).org_id).toBe(two.id)
    const second = await refresh(first.body.refresh_token)
    expect(claimsOf(second.body.access_token).org_id).toBe(one.id)
    const replayed = await refresh(first.body.refresh_token, two.id)
    expect(replayed.body.refresh_token).toBe(second.body.refresh_token)
    expect(claimsOf(replayed.body.access_token).org_id).toBe(two.id)
    expect(claimsOf(replayed.body.access_token).jti).not.toBe(claimsOf(second.body.access_token).jti)
  })

  it('is reuse to the object, whatever organization an old refresh token names', async () => {
    const team = await createTeam(app)
    const ada = await team.join('member')
    const refresh = (refresh_token: string, organization_id?: string) =>
      ada.call('POST', '/api/v1/auth/refresh', { refresh_token, organization_id })
    let token = ada.refreshToken
    for (let turn = 0; turn < 4; turn += 1) token = (await refresh(token)).body.refresh_token
    const stub = env.USER_AUTHORITY.getByName(ada.id)
    await runInDurableObject(stub, (object) => {
      Object.assign(object, { clock: () => Date.now() + 60_000 })
    })
    expect((await refresh(ada.refreshToken, (await createTeam(app)).id)).status).toBe(401)
    expect((await refresh(token)).status).toBe(401)
  })
})
