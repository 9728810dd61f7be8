import { beforeAll, describe, expect, it, vi } from 'vitest'
import { eraseDeletedUsers } from '../../../src/features/account/service/erasure.ts'
import { sealRecord } from '../../../src/features/audit/service/seal.ts'
import { pruneEvents } from '../../../src/features/events/service.ts'
import { loadSigningKey } from '../../../src/features/keys/service/tokens.ts'
import { expireMemberships } from '../../../src/features/memberships/store.ts'
import { findUser } from '../../../src/features/users/service/users.ts'
import { runScheduled } from '../../../src/jobs.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { DAY } from '../../../src/lib/time.ts'
import { USER_DATA } from '../../../src/user-data.ts'
import { createTestApp } from '../../support/app.ts'
import { emptyRecord } from '../../support/audit.ts'
import { readMailbox } from '../../support/mail.ts'
import { makeAdmin, newAddress, newEmail, type SignedInUser, signUpUser } from '../../support/users.ts'
import { rowsOf, run } from '../account/erasure-support.ts'
import { ageSession, createClockedSuite } from '../factors/totp/support.ts'
import { openBrowser } from '../pages/support.ts'
import { COMPLIANCE, call, HOLDS, later } from './support.ts'

const app = createTestApp()
const clocked = createClockedSuite()
let admin: SignedInUser
// A run seals and prunes a limited number of events, and other files have left more.
beforeAll(async () => {
  const ctx = await app.ctx()
  await emptyRecord(ctx)
  await loadSigningKey(ctx)
  admin = await makeAdmin(app)
})

const hold = (of: object, who = admin) => call(app, who, 'POST', HOLDS, { ...of, reason: 'Smith v. Jones' })
const release = (id: string) => call(app, admin, 'DELETE', `${HOLDS}/${id}`)
const erase = (id: string) => call(app, admin, 'DELETE', `/api/v1/admin/users/${id}/force-delete`)
const exists = async (id: string) => (await findUser(await app.ctx(), id)) !== undefined
const cronAfter = async (ms: number) => runScheduled(await later(ms).ctx())

/** All that cron deletes. Of the record only what an old block covers: two blocks, and the retention between them. */
async function pruneAll(): Promise<void> {
  await cronAfter(0)
  const ctx = await app.ctx()
  const retained = { ...ctx, now: () => Date.now() + (ctx.config.EVENT_RETENTION_DAYS + 1) * DAY }
  await sealRecord(retained)
  for (let run = 0; run < 3; run += 1) await pruneEvents(retained)
}

async function organizationOf(...members: readonly string[]): Promise<string> {
  const id = newUuid()
  await run(`insert into organizations (id, name, slug, created_at, updated_at) values (?, 'x', ?, 0, 0)`, id, id)
  for (const userId of members)
    await run(
      `insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at) values (?, ?, ?, 'member', 0, 0)`,
      newUuid(),
      id,
      userId,
    )
  return id
}

const mailOfDeletion = (email: string): Promise<string> =>
  vi.waitFor(
    async () => {
      const mails = await readMailbox(app, email)
      const told = mails.filter(({ subject }) => subject.includes('was deleted'))
      expect(told).toHaveLength(1)
      return told.map(({ text }) => text).join()
    },
    { timeout: 10_000, interval: 50 },
  )

/** An invitation that has ended. */
const invite = ({
  to,
  by,
  into,
  accepted = null,
}: {
  to: string
  by: string
  into: string
  accepted?: string | null
}) =>
  run(
    `insert into invitations (id, organization_id, email, role, status, invited_by, created_at, updated_at, expires_at, accepted_by)
     values (?, ?, ?, 'member', 'revoked', ?, 0, 0, 0, ?)`,
    newUuid(),
    into,
    to,
    by,
    accepted,
  )

describe('a legal hold', () => {
  it('lets the account be deleted and end, and its erasure wait, until it is released', async () => {
    const user = await signUpUser(app)
    const { id } = user.user
    const placed = await hold({ user_id: id })
    expect(placed).toMatchObject({ status: 201, body: { user_id: id, reason: 'Smith v. Jones', released_at: null } })
    const deleted = await call(app, user, 'POST', `${COMPLIANCE}/privacy/data-deletion`, { reason: 'leaving' })
    expect(deleted.status).toBe(202)
    expect(deleted.body).toMatchObject({ status: 'in_progress', hold: expect.stringContaining('GDPR 17(3)') })
    expect((await call(app, user, 'GET', '/api/v1/users/me')).status).toBe(401)
    await cronAfter(40 * DAY)
    expect(await exists(id)).toBe(true)
    expect(await rowsOf("select id from events where user_id = ? and type = 'user.created'", id)).toHaveLength(1)
    const refused = await erase(id)
    expect({ status: refused.status, code: refused.body.code }).toEqual({ status: 409, code: 'LEGAL_HOLD' })
    const permanent = await call(app, admin, 'DELETE', `/api/v1/admin/users/${id}?permanent=true`)
    expect(permanent.body.code).toBe('LEGAL_HOLD')
    expect((await release(placed.body.id)).body).toMatchObject({ released_by: admin.user.id })
    await cronAfter(40 * DAY)
    expect(await exists(id)).toBe(false)
  })

  it.each<[string, (id: string) => Promise<object>]>([
    ['the user', async (id) => ({ user_id: id })],
    ['an organization of theirs', async (id) => ({ organization_id: await organizationOf(id) })],
  ])('of %s is what mail and page say of the erasure, and no day', async (_, of) => {
    const user = await signUpUser(app)
    await hold(await of(user.user.id))
    const browser = openBrowser(app)
    const { email: login, password } = user
    await browser.post('/sign-in', { login, password }, { 'cf-connecting-ip': newAddress() })
    const page = await (await browser.post('/account/delete', { sure: 'yes' })).text()
    for (const said of [page, await mailOfDeletion(login)]) {
      expect(said).toMatch(/kept while the law requires it \(GDPR 17\(3\)\)/)
      expect(said).not.toMatch(/\d{4}.*UTC|30 days/)
    }
  })

  it('that is released leaves the day in the mail', async () => {
    const { email, headers, user } = await signUpUser(app)
    await release((await hold({ user_id: user.id })).body.id)
    expect((await call(app, { headers }, 'DELETE', '/api/v1/users/me')).status).toBe(200)
    expect(await mailOfDeletion(email)).toMatch(/erased on .*\d{4}.* UTC/)
  })

  it('is refused by force-delete before anything is done to the account', async () => {
    const user = await signUpUser(app)
    await hold({ user_id: user.user.id })
    expect((await erase(user.user.id)).body.code).toBe('LEGAL_HOLD')
    expect((await call(app, user, 'GET', '/api/v1/users/me')).status).toBe(200)
  })

  it('of an organization keeps its rows and its members, also those who were removed since, and nobody else', async () => {
    const [member, leaver, former, stranger] = await Promise.all([1, 2, 3, 4].map(() => signUpUser(app)))
    const people = [member, leaver, former, stranger].map((one) => one?.user.id ?? '')
    const [memberId = '', leaverId = '', formerId = '', strangerId = ''] = people
    const id = await organizationOf(memberId, leaverId, formerId)
    await run('update memberships set removed_at = 1 where user_id = ?', formerId)
    const placed = await hold({ organization_id: id })
    expect(placed.status).toBe(201)
    await run('update memberships set removed_at = ? where user_id = ?', Date.now() + 1000, leaverId)
    for (const held of [memberId, leaverId]) expect((await erase(held)).body.code).toBe('LEGAL_HOLD')
    for (const free of [formerId, strangerId]) expect((await erase(free)).status).toBe(200)
    await run('update organizations set deleted_at = 1, erase_at = 1 where id = ?', id)
    await cronAfter(40 * DAY)
    expect(await rowsOf('select id from organizations where id = ?', id)).toHaveLength(1)
    // That of who left before is the organization's, also once they are erased.
    expect(await rowsOf('select id from memberships where organization_id = ?', id)).toHaveLength(3)
    await release(placed.body.id)
    await cronAfter(40 * DAY)
    expect(await rowsOf('select id from organizations where id = ?', id)).toEqual([])
    expect(await rowsOf('select id from memberships where organization_id = ?', id)).toEqual([])
  })

  it('of an organization keeps nobody who never took a membership of it up, or joined later and left', async () => {
    const [invited, suspended, guest] = await Promise.all([1, 2, 3].map(() => signUpUser(app)))
    const [invitedId = '', suspendedId = '', guestId = ''] = [invited, suspended, guest].map((one) => one?.user.id)
    const id = await organizationOf(invitedId, suspendedId, guestId)
    await run(
      'update memberships set taken_up_at = null, expires_at = ? where user_id = ?',
      Date.now() + DAY,
      invitedId,
    )
    await run('update memberships set taken_up_at = null, suspended_at = 1 where user_id = ?', suspendedId)
    const placed = await hold({ organization_id: id })
    const after = Date.now() + 1000
    await run('update memberships set joined_at = ?, removed_at = ? where user_id = ?', after, after + 1, guestId)
    for (const free of [invitedId, guestId]) expect((await erase(free)).status).toBe(200)
    expect((await erase(suspendedId)).body.code).toBe('LEGAL_HOLD')
    await release(placed.body.id)
  })

  it('keeps memberships that nobody took up in time, and lets them go', async () => {
    const [held, other] = [await signUpUser(app), await signUpUser(app)]
    const [ofHeld, byHeld, free] = [
      await organizationOf(held.user.id),
      await organizationOf(other.user.id),
      await organizationOf(other.user.id),
    ]
    const all = [ofHeld, byHeld, free]
    for (const id of all)
      await run('update memberships set taken_up_at = null, expires_at = 1 where organization_id = ?', id)
    const holds = [await hold({ user_id: held.user.id }), await hold({ organization_id: byHeld })]
    const remaining = async () => {
      await expireMemberships(await app.ctx())
      const rows = await rowsOf(
        'select organization_id as id from memberships where organization_id in (?, ?, ?)',
        ...all,
      )
      return rows.map(({ id }) => id).toSorted()
    }
    expect(await remaining()).toEqual([ofHeld, byHeld].toSorted())
    for (const { body } of holds) await release(body.id)
    expect(await remaining()).toEqual([])
  })

  it('keeps what a deleted organization held of its user', async () => {
    const held = await signUpUser(app)
    const free = await signUpUser(app)
    const id = await organizationOf(held.user.id, free.user.id)
    for (const { user, email } of [held, free]) {
      await invite({ to: email, by: 'x', into: id })
      await invite({ to: newEmail(), by: user.id, into: id })
      await run(
        `insert into policies (id, scope, name, effect, target_type, target_id, size, created_at, updated_at)
         values (?, ?, 'x', 'allow', 'user', ?, 1, 0, 0)`,
        newUuid(),
        id,
        user.id,
      )
      await run(
        `insert into scim_users (id, organization_id, user_id, user_name_key, active, attributes, folded, write_id, created_at,
           updated_at) values (?1, ?2, ?1, ?1, 1, '{}', '{}', 'x', 0, 0)`,
        user.id,
        id,
      )
      await run("insert into scim_members values (?, 'x', ?, 'x')", id, user.id)
      await run('insert into scim_user_emails values (?, ?, ?)', id, email, user.id)
    }
    const remaining = async () => {
      const counts = {
        memberships: 'organization_id',
        invitations: 'organization_id',
        policies: 'scope',
        scim_users: 'organization_id',
        scim_members: 'organization_id',
        scim_user_emails: 'organization_id',
        organizations: 'id',
      }
      const found = Object.entries(counts).map(async ([table, column]) => {
        return [table, (await rowsOf(`select 1 from ${table} where ${column} = ?`, id)).length]
      })
      return Object.fromEntries(await Promise.all(found))
    }
    const { body } = await hold({ user_id: held.user.id })
    await run('update organizations set deleted_at = 1, erase_at = 1 where id = ?', id)
    await cronAfter(0)
    const one = { memberships: 1, policies: 1, scim_users: 1, scim_members: 1, scim_user_emails: 1, organizations: 1 }
    expect(await remaining()).toEqual({ ...one, invitations: 2 })
    expect(await rowsOf('select user_id from memberships where organization_id = ?', id)).toEqual([
      { user_id: held.user.id },
    ])
    await release(body.id)
    await cronAfter(0)
    expect(Object.values(await remaining())).toEqual(Object.keys(await remaining()).map(() => 0))
  })

  it('keeps what an erased person did to whom it names, and lets it go', async () => {
    const [held, free, eraser] = [await signUpUser(app), await signUpUser(app), await signUpUser(app)]
    const [heldTeam, freeTeam] = [await organizationOf(), await organizationOf()]
    const { id } = eraser.user
    const rows = [
      { who: held, team: heldTeam },
      { who: free, team: freeTeam },
    ]
    for (const { who, team } of rows) {
      const { user, email } = who
      await run('update organizations set created_by = ? where id = ?', id, team)
      await run(
        `insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at, removed_at)
         values (?, ?, ?, 'admin', 0, 0, 1)`,
        newUuid(),
        team,
        id,
      )
      await run(
        `insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at, invited_by, removed_by)
         values (?, ?, ?, 'admin', 0, 0, ?, ?)`,
        newUuid(),
        newUuid(),
        user.id,
        id,
        id,
      )
      await invite({ to: newEmail(), by: id, into: team })
      await invite({ to: email, by: id, into: 'x' })
      await invite({ to: newEmail(), by: id, into: 'x', accepted: user.id })
      await run("insert into grants values ('platform', ?, 'reports:read', ?, 0)", user.id, id)
      await run("insert into role_assignments values (?, ?, 'platform', ?, 0)", newUuid(), user.id, id)
      await run(
        `insert into scim_tokens (id, organization_id, token_hash, prefix, created_by, created_at, expires_at)
         values (?, ?, ?, 'scim_x', ?, 0, 8e15)`,
        newUuid(),
        team,
        newUuid(),
        id,
      )
      await run(
        `insert into mails (id, kind, recipient, user_id, status, created_at) values (?, 'magic_link', ?, ?, 'sent', 1)`,
        newUuid(),
        email,
        id,
      )
    }
    const leftOf = async ({ who, team }: (typeof rows)[number]) => {
      const counts = {
        organizations: 'id = :team and created_by = :id',
        memberships: 'organization_id = :team and user_id = :id',
        given: 'user_id = :user and invited_by = :id and removed_by = :id',
        invitations: 'invited_by = :id and (organization_id = :team or email = :email or accepted_by = :user)',
        grants: 'user_id = :user and granted_by = :id',
        role_assignments: 'user_id = :user and assigned_by = :id',
        scim_tokens: 'organization_id = :team and created_by = :id',
        mails: 'recipient = :email and user_id = :id',
      }
      const names = { ':team': team, ':id': id, ':user': who.user.id, ':email': who.email }
      const found = Object.entries(counts).map(async ([table, where]) => {
        const sql = Object.entries(names).reduce((text, [name, value]) => text.replaceAll(name, `'${value}'`), where)
        const rows = await rowsOf(`select 1 from ${table === 'given' ? 'memberships' : table} where ${sql}`)
        return [table, rows.length]
      })
      return Object.fromEntries(await Promise.all(found))
    }
    const [ofHeld, ofFree] = rows as [(typeof rows)[number], (typeof rows)[number]]
    const before = await leftOf(ofHeld)
    expect(before).toEqual({
      organizations: 1,
      memberships: 1,
      given: 1,
      invitations: 3,
      grants: 1,
      role_assignments: 1,
      scim_tokens: 1,
      mails: 1,
    })
    const holds = [await hold({ user_id: held.user.id }), await hold({ organization_id: heldTeam })]
    expect((await erase(id)).status).toBe(200)
    expect(await exists(id)).toBe(false)
    const gone = Object.fromEntries(Object.keys(before).map((table) => [table, 0]))
    expect(await leftOf(ofFree)).toEqual(gone)
    await cronAfter(100 * DAY)
    expect(await leftOf(ofHeld)).toEqual(before)
    for (const { body } of holds) expect((await release(body.id)).status).toBe(200)
    // What they did is forgotten with the hold; cron takes their rows.
    expect(await leftOf(ofHeld)).toEqual({ ...gone, memberships: 1, invitations: 3, mails: 1 })
    await cronAfter(100 * DAY)
    expect(await leftOf(ofHeld)).toEqual(gone)
  })

  it('keeps every kind of row that cron prunes', async () => {
    const [held, free] = [await signUpUser(app), await signUpUser(app)]
    for (const { user, email } of [held, free]) {
      const insert = (sql: string, ...values: unknown[]) => run(sql, newUuid(), ...values)
      await insert(
        `insert into events (id, type, time, subject, user_id, actor_type, actor_id, data, delivered_at)
         values (?, 'test.logged', 1, 'x', ?, 'system', 'x', '{}', 1)`,
        user.id,
      )
      await insert(
        `insert into events (id, type, time, subject, actor_type, actor_id, data, delivered_at)
         values (?, 'test.logged', 1, 'x', 'user', ?, '{}', 1)`,
        user.id,
      )
      await insert(
        `insert into mails (id, kind, recipient, user_id, status, created_at) values (?, 'magic_link', ?, null, 'sent', 1)`,
        email,
      )
      await insert(
        `insert into one_time_tokens (id, token_hash, purpose, email, data, created_at, expires_at)
         values (?, ?, 'magic_link', ?, '{}', 1, 1)`,
        newUuid(),
        email,
      )
      await insert(
        `insert into dead_letters (id, user_id, destination, payload, attempts, created_at) values (?, ?, 'x', '{}', 1, 1)`,
        user.id,
      )
      await insert(
        `insert into former_addresses (id, user_id, email, replaced_by, changed_at, until) values (?, ?, ?, ?, 1, 1)`,
        user.id,
        newEmail(),
        email,
      )
      await insert(
        `insert into memberships (id, organization_id, user_id, role, joined_at, removed_at) values (?, 'x', ?, 'member', 1, 1)`,
        user.id,
      )
      await insert(
        `insert into invitations (id, organization_id, email, role, status, invited_by, created_at, updated_at, expires_at)
         values (?, 'x', ?, 'member', 'revoked', 'x', 1, 1, 1)`,
        email,
      )
      await insert(
        `insert into federated_sessions (session_id, organization_id, user_id, expires_at) values (?, 'x', ?, 1)`,
        user.id,
      )
      await insert(
        `insert into scim_users (id, organization_id, user_id, user_name_key, active, attributes, folded, write_id, created_at,
           updated_at, deleted_at) values (?, 'x', ?, ?, 1, '{}', '{}', 'x', 1, 1, 1)`,
        user.id,
        newUuid(),
      )
    }
    const leftOf = async ({ user, email }: SignedInUser) => {
      const counts = {
        events: 'time = 1 and (user_id = :id or actor_id = :id)',
        mails: 'created_at = 1 and recipient = :email',
        one_time_tokens: 'created_at = 1 and email = :email',
        dead_letters: 'user_id = :id',
        former_addresses: 'user_id = :id',
        memberships: 'user_id = :id',
        invitations: 'email = :email',
        federated_sessions: 'user_id = :id',
        scim_users: 'user_id = :id',
      }
      const found = Object.entries(counts).map(async ([table, where]) => {
        const sql = where.replaceAll(':id', `'${user.id}'`).replaceAll(':email', `'${email}'`)
        return [table, (await rowsOf(`select 1 from ${table} where ${sql}`)).length]
      })
      return Object.fromEntries(await Promise.all(found))
    }
    const before = await leftOf(held)
    expect(before).toMatchObject({ events: 2, scim_users: 1 })
    const { body } = await hold({ user_id: held.user.id })
    await pruneAll()
    expect(await leftOf(held)).toEqual(before)
    const gone = Object.fromEntries(Object.keys(before).map((table) => [table, 0]))
    expect(await leftOf(free)).toEqual(gone)
    await release(body.id)
    await pruneAll()
    expect(await leftOf(held)).toEqual(gone)
  })

  it('and an erasure at once: one is first, whichever it is', async () => {
    const outcomes = new Set<string>()
    for (let round = 0; round < 8; round += 1) {
      const { id } = (await signUpUser(app)).user
      await call(app, admin, 'DELETE', `/api/v1/admin/users/${id}`)
      await run('update users set erase_at = 1 where id = ?', id)
      const ctx = await app.ctx()
      const [placed] = await Promise.all([hold({ user_id: id }), eraseDeletedUsers(ctx, USER_DATA)])
      const isThere = await exists(id)
      expect([201, 404, 409]).toContain(placed.status)
      // Held and whole, or erased and not held: never half.
      expect(isThere).toBe(placed.status === 201)
      if (isThere) expect(await rowsOf('select id from mails where user_id = ?', id)).not.toEqual([])
      outcomes.add(String(placed.status))
    }
    expect(outcomes.size).toBeGreaterThan(0)
  })

  it('is too late once an erasure has begun, of a user and of an organization', async () => {
    const { id } = (await signUpUser(app)).user
    await call(app, admin, 'DELETE', `/api/v1/admin/users/${id}`)
    await run('update users set erase_at = 1, erasing_since = 1 where id = ?', id)
    expect((await hold({ user_id: id })).body.code).toBe('ERASURE_BEGUN')
    const organizationId = await organizationOf()
    await run('update organizations set deleted_at = 1, erase_at = 9e15 where id = ?', organizationId)
    expect((await hold({ organization_id: organizationId })).body.code).toBe('ERASURE_BEGUN')
    // Whoever is erased cannot come back either.
    expect((await call(app, admin, 'POST', `/api/v1/admin/users/${id}/restore`)).status).toBe(404)
  })

  it('can be one of several: the last that is released lets go', async () => {
    const { id } = (await signUpUser(app)).user
    const [first, second] = await Promise.all([hold({ user_id: id }), hold({ user_id: id })])
    const both = await Promise.all([release(first.body.id), release(first.body.id)])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 404])
    expect((await erase(id)).body.code).toBe('LEGAL_HOLD')
    await release(second.body.id)
    expect((await erase(id)).status).toBe(200)
  })

  it('is told to the platform alone, and its reason to nobody but admins', async () => {
    const user = await signUpUser(app)
    const { body } = await hold({ user_id: user.user.id })
    await release(body.id)
    const events = await rowsOf('select type, user_id, organization_id, data from events where subject = ?', body.id)
    expect(events).toEqual(
      ['privacy.hold_placed', 'privacy.hold_released'].map((type) => ({
        type,
        user_id: null,
        organization_id: null,
        data: JSON.stringify({ user_id: user.user.id }),
      })),
    )
    const active = await call(app, admin, 'GET', `${HOLDS}?limit=100`)
    expect(active.body.holds.map(({ id }: { id: string }) => id)).not.toContain(body.id)
    const all = await call(app, admin, 'GET', `${HOLDS}?active=false&limit=100`)
    expect(all.body.holds.map(({ id }: { id: string }) => id)).toContain(body.id)
  })
})

describe('whoever may not, and what is no hold', () => {
  it.each([
    ['nobody', {}, 422],
    ['both', { user_id: newUuid(), organization_id: newUuid() }, 422],
    ['no UUID', { user_id: 'x' }, 422],
    ['an unknown user', { user_id: newUuid() }, 404],
    ['an unknown organization', { organization_id: newUuid() }, 404],
  ])('%s', async (_, of, status) => {
    expect((await hold(of)).status).toBe(status)
  })

  it('has a reason', async () => {
    const { id } = (await signUpUser(app)).user
    for (const reason of ['', ' ', 'a\u0000b', 'x'.repeat(2001)])
      expect((await call(app, admin, 'POST', HOLDS, { user_id: id, reason })).status).toBe(422)
  })

  it('an admin whose factor is not fresh neither places nor releases one', async () => {
    const { id } = (await signUpUser(app)).user
    const placed = await hold({ user_id: id })
    const aged = await ageSession(clocked, await makeAdmin(app))
    const asked = [
      await call(clocked, aged, 'POST', HOLDS, { user_id: id, reason: 'x' }),
      await call(clocked, aged, 'DELETE', `${HOLDS}/${placed.body.id}`),
    ]
    for (const { status, body } of asked) expect([status, body.code]).toEqual([403, 'STEP_UP_REQUIRED'])
    const given = await call(clocked, aged, 'DELETE', `${HOLDS}/${placed.body.id}`, { password: aged.password })
    expect(given.status).toBe(200)
  })

  it('a user places and lists none', async () => {
    const user = await signUpUser(app)
    expect((await hold({ user_id: user.user.id }, user)).status).toBe(403)
    expect((await call(app, user, 'GET', HOLDS)).status).toBe(403)
    expect((await release(newUuid())).body.code).toBe('LEGAL_HOLD_NOT_FOUND')
  })
})
