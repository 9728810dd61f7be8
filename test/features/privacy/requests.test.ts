import { beforeAll, describe, expect, it } from 'vitest'
import { eraseUser } from '../../../src/features/account/service/erasure.ts'
import { remindAdmins } from '../../../src/features/privacy/service/requests.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { DAY } from '../../../src/lib/time.ts'
import { USER_DATA } from '../../../src/user-data.ts'
import { createTestApp } from '../../support/app.ts'
import { emptyCountsDatabase, onCountsDatabase } from '../../support/counts-database.ts'
import { acceptedMails, waitForMails } from '../../support/mail.ts'
import { makeAdmin, newAddress, type SignedInUser, signUpUser } from '../../support/users.ts'
import { rowsOf, run } from '../account/erasure-support.ts'
import { openBrowser } from '../pages/support.ts'
import { COMPLIANCE, call, REQUESTS } from './support.ts'

const app = createTestApp()
let admin: SignedInUser
beforeAll(async () => {
  admin = await makeAdmin(app)
})

/** A request that an admin has to answer, by somebody whose address is confirmed. */
async function asked(body: object = { request_type: 'rectification', description: 'My name is Ada' }) {
  const user = await signUpUser(app)
  await run('update users set email_verified_at = 1 where id = ?', user.user.id)
  const { status, body: request } = await call(app, user, 'POST', REQUESTS, body)
  expect(status).toBe(201)
  return {
    user,
    request,
    change: (by: object, who = admin) => call(app, who, 'PATCH', `${REQUESTS}/${request.id}`, by),
  }
}

/** The texts of all that was mailed to somebody, once it is so many mails. */
async function mailedTo({ email }: SignedInUser, count: number): Promise<string> {
  const mails = await waitForMails(app, email, count)
  return mails.map(({ text }) => text).join('\n')
}

const daysBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / DAY

describe('a request about data', () => {
  it('is due in thirty days, and listed to its user and to admins alone', async () => {
    const { user, request } = await asked({
      type: 'rectification',
      reason: 'My name is Ada',
      specific_fields: ['first_name'],
      data_categories: ['profile'],
    })
    expect(request).toMatchObject({
      success: true,
      data: { request_id: request.id },
      request_type: 'rectification',
      type: 'rectification',
      status: 'received',
      description: 'My name is Ada',
      asked_for: { specific_fields: ['first_name'], data_categories: ['profile'] },
      user_email: user.email,
    })
    expect(daysBetween(request.received_at, request.response_due_date)).toBe(30)
    const idsOf = async (who: SignedInUser, query = '') =>
      (await call(app, who, 'GET', `${REQUESTS}?limit=100${query}`)).body.map(({ id }: { id: string }) => id)
    expect(await idsOf(user)).toEqual([request.id])
    expect(await idsOf(await signUpUser(app))).toEqual([])
    expect(await idsOf(admin)).toContain(request.id)
    expect(await idsOf(admin, '&request_type=deletion')).not.toContain(request.id)
    expect(await idsOf(user, '&status=completed')).toEqual([])
    const other = await call(app, user, 'GET', `${COMPLIANCE}/data-subject-requests`)
    expect(other.body).toHaveLength(1)
    expect((await call(app, user, 'GET', `${REQUESTS}?status=x`)).status).toBe(422)
  })

  it.each([
    ['no type', {}],
    ['an unknown type', { request_type: 'x' }],
    ['a text that is none', { request_type: 'objection', description: 'a\u0000b' }],
    ['a long text', { request_type: 'objection', description: 'x'.repeat(2001) }],
    ['a category that is no text', { request_type: 'objection', data_categories: ['a\u0000b'] }],
    ['a field that is no text', { request_type: 'objection', specific_fields: ['\ud800'] }],
    ['a date that is no text', { request_type: 'objection', date_range_start: '\u001b[31m' }],
    ['another date that is no text', { request_type: 'objection', date_range_end: 'a\u0000' }],
    ['an unknown format', { request_type: 'access', format: 'xml' }],
  ])('with %s is refused', async (_, body) => {
    expect((await call(app, await signUpUser(app), 'POST', REQUESTS, body)).status).toBe(422)
  })

  it('is answered by an admin, whose words the person reads and is mailed', async () => {
    const { user, request, change } = await asked()
    expect((await change({ status: 'in_progress' })).body.status).toBe('in_progress')
    expect((await change({ status: 'completed', answer: 'It is Ada now' })).body).toMatchObject({
      success: true,
      status: 'completed',
      answer: 'It is Ada now',
      completed_at: expect.any(String),
    })
    const [seen] = (await call(app, user, 'GET', REQUESTS)).body
    expect(seen).toMatchObject({ status: 'completed', answer: 'It is Ada now' })
    await app.settled()
    const mails = await waitForMails(app, user.email)
    expect(mails.map(({ text }) => text).join()).toContain('“It is Ada now”')
    const events = await rowsOf('select type, data from events where subject = ? order by position', request.id)
    expect(events.map(({ type }) => type)).toEqual([
      'privacy.requested',
      'privacy.request_changed',
      'privacy.request_changed',
    ])
    expect(JSON.stringify(events)).not.toContain('Ada')
    expect((await change({ status: 'rejected', answer: 'No' })).body.code).toBe('DATA_REQUEST_CLOSED')
  })

  it('is refused with a reason only', async () => {
    const { change } = await asked()
    expect((await change({ status: 'rejected' })).status).toBe(422)
    expect((await change({})).status).toBe(422)
    expect((await change({ status: 'received' })).status).toBe(422)
    expect((await change({ status: 'completed', extension_reason: 'x' })).status).toBe(422)
    expect((await change({ status: 'rejected', answer: 'It is not yours' })).body).toMatchObject({
      status: 'rejected',
      answer: 'It is not yours',
    })
  })

  it('is extended once by sixty days, before it is due, with a reason that the person reads', async () => {
    const { user, request, change } = await asked()
    const both = await Promise.all([1, 2].map(() => change({ extension_reason: 'Many archives' })))
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
    expect(both.find(({ status }) => status === 409)?.body.code).toBe('DATA_REQUEST_NOT_EXTENDABLE')
    const [seen] = (await call(app, user, 'GET', REQUESTS)).body
    expect(seen.extension_reason).toBe('Many archives')
    expect(daysBetween(request.received_at, seen.response_due_date)).toBe(90)
    await app.settled()
    expect(await acceptedMails(user.email, 'data_request_extended')).toHaveLength(1)
    const late = await asked()
    await run('update data_requests set due_at = ? where id = ?', Date.now() - 1, late.request.id)
    expect((await late.change({ extension_reason: 'x' })).body.code).toBe('DATA_REQUEST_NOT_EXTENDABLE')
  })

  it('has one answer, when two admins give theirs at once', async () => {
    const { change } = await asked()
    const both = await Promise.all([
      change({ status: 'completed', answer: 'Yes' }),
      change({ status: 'rejected', answer: 'No' }),
    ])
    expect(both.map(({ status }) => status).toSorted()).toEqual([200, 409])
  })

  it('of an address that nobody confirmed is answered with a mail, without what an admin typed', async () => {
    const { user, change } = await asked()
    await run('update users set email_verified_at = null where id = ?', user.user.id)
    expect((await change({ extension_reason: 'Many archives' })).status).toBe(200)
    expect((await change({ status: 'rejected', answer: 'It is not yours' })).status).toBe(200)
    await app.settled()
    for (const kind of ['data_request_extended', 'data_request_answered'] as const)
      expect(await acceptedMails(user.email, kind)).toHaveLength(1)
    const texts = await mailedTo(user, 3)
    expect(texts).toContain('It was refused.')
    for (const typed of ['Many archives', 'It is not yours', '“”']) expect(texts).not.toContain(typed)
  })

  it('is answered in the language of its person, with the date as it writes one, and the answer whole', async () => {
    const { user, request, change } = await asked()
    await run("update users set locale = 'de', email_unanswered_since = null where id = ?", user.user.id)
    const long = `${'x'.repeat(1990)} Ende`
    expect((await change({ extension_reason: 'Viele Archive' })).status).toBe(200)
    expect((await change({ status: 'rejected', answer: long })).status).toBe(200)
    await app.settled()
    const texts = await mailedTo(user, 3)
    const until = Date.parse(request.response_due_date) + 60 * DAY
    expect(texts).toContain(new Intl.DateTimeFormat('de', { dateStyle: 'long', timeZone: 'UTC' }).format(until))
    expect(texts).toContain(`„${long}“`)
  })

  it('is no user’s to change, and unknown ones are nobody’s', async () => {
    const { user, change } = await asked()
    expect((await change({ status: 'completed' }, user)).status).toBe(403)
    expect((await call(app, admin, 'PATCH', `${REQUESTS}/${newUuid()}`, { status: 'completed' })).body.code).toBe(
      'DATA_REQUEST_NOT_FOUND',
    )
  })

  it('for access is answered by the service, and by no admin', async () => {
    const { change } = await asked({ request_type: 'access' })
    expect((await change({ status: 'rejected', answer: 'No' })).body.code).toBe('DATA_REQUEST_CLOSED')
  })
})

describe('open requests', () => {
  it('are ten at most, also of those that come at once, until one is answered', async () => {
    const { user, change } = await asked()
    const ask = () => call(app, user, 'POST', REQUESTS, { request_type: 'objection' })
    const answers = await Promise.all(Array.from({ length: 11 }, ask))
    const statuses = answers.map(({ status }) => status).toSorted()
    expect(statuses).toEqual([...Array(9).fill(201), 429, 429])
    expect(answers.find(({ status }) => status === 429)?.body).toMatchObject({
      code: 'RATE_LIMIT_EXCEEDED',
      details: { limit: 10 },
    })
    expect((await change({ status: 'completed' })).status).toBe(200)
    expect((await ask()).status).toBe(201)
  })
})

describe('a request for erasure', () => {
  it('is the account’s deletion, once, also of two that ask at once', async () => {
    const user = await signUpUser(app)
    const ask = () => call(app, user, 'POST', `${COMPLIANCE}/privacy/data-deletion`, { reason: 'leaving' })
    const both = await Promise.all([ask(), ask()])
    expect(both.some(({ status }) => status === 202)).toBe(true)
    const done = both.find(({ status }) => status === 202)
    expect(done?.body).toMatchObject({
      type: 'deletion',
      request_type: 'erasure',
      status: 'in_progress',
      hold: null,
      scheduled_for: expect.any(String),
    })
    const rows = await rowsOf('select id, description from data_requests where user_id = ?', user.user.id)
    expect(rows).toEqual([{ id: done?.body.id, description: 'leaving' }])
    const [row] = await rowsOf('select status from users where id = ?', user.user.id)
    expect(row).toEqual({ status: 'deleted' })
    const types = await rowsOf(
      'select type from events where user_id = ? and type in (?, ?)',
      user.user.id,
      'user.deleted',
      'privacy.requested',
    )
    expect(types.map(({ type }) => type).toSorted()).toEqual(['privacy.requested', 'user.deleted'])
  })

  it.each<[string, (user: SignedInUser) => Promise<number>]>([
    ['the profile', async (user) => (await call(app, user, 'DELETE', '/api/v1/users/me')).status],
    ['their id', async (user) => (await call(app, user, 'DELETE', `/api/v1/users/${user.user.id}`)).status],
    [
      'the page of the account',
      async ({ email, password }) => {
        const browser = openBrowser(app)
        await browser.post('/sign-in', { login: email, password }, { 'cf-connecting-ip': newAddress() })
        return (await browser.post('/account/delete', { sure: 'yes' })).status
      },
    ],
  ])('is recorded where people delete their account by %s, and is done with the erasure', async (_, remove) => {
    const user = await signUpUser(app)
    const { id } = user.user
    expect(await remove(user)).toBe(200)
    const listed = async () => {
      const { body } = await call(app, admin, 'GET', `${REQUESTS}?request_type=erasure&limit=100`)
      return body.filter(({ user_id }: { user_id: string }) => user_id === id)
    }
    expect(await listed()).toMatchObject([{ request_type: 'erasure', status: 'in_progress', user_email: user.email }])
    await eraseUser(await app.ctx(), { userId: id, actor: { type: 'system', id: 'test' }, userData: USER_DATA })
    expect(await listed()).toMatchObject([{ status: 'completed', completed_at: expect.any(String), user_email: null }])
  })

  it.each([
    ['/admins/users', 'id'],
    ['/admin/user', 'number'],
  ] as const)('is recorded where admins delete their own account at %s', async (path, name) => {
    const own = await makeAdmin(app)
    const { id } = own.user
    expect((await call(app, own, 'DELETE', `${path}/${own.user[name]}`)).status).toBe(200)
    expect(await rowsOf('select type, status from data_requests where user_id = ?', id)).toEqual([
      { type: 'erasure', status: 'in_progress' },
    ])
  })

  it('is not recorded where an admin deletes the account', async () => {
    const { id } = (await signUpUser(app)).user
    expect((await call(app, admin, 'DELETE', `/api/v1/users/${id}`)).status).toBe(200)
    expect(await rowsOf('select id from data_requests where user_id = ?', id)).toEqual([])
  })

  it('is taken back when the account is restored', async () => {
    const user = await signUpUser(app)
    const { body } = await call(app, user, 'POST', REQUESTS, { request_type: 'deletion' })
    await call(app, admin, 'POST', `/api/v1/admin/users/${user.user.id}/restore`)
    const [row] = await rowsOf(
      'select status, answer, completed_at, remind_at from data_requests where id = ?',
      body.id,
    )
    expect(row).toEqual({
      status: 'rejected',
      answer: 'The account was restored',
      completed_at: expect.any(Number),
      remind_at: null,
    })
  })

  it('is refused to the last owner of an organization with others, and nothing is recorded', async () => {
    const [owner, member] = [await signUpUser(app), await signUpUser(app)]
    const id = newUuid()
    await run(
      "insert into organizations (id, name, slug, created_at, updated_at) values (?, 'Engines', ?, 0, 0)",
      id,
      id,
    )
    for (const [userId, role] of [
      [owner.user.id, 'owner'],
      [member.user.id, 'member'],
    ])
      await run(
        `insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at) values (?, ?, ?, ?, 0, 0)`,
        newUuid(),
        id,
        userId,
        role,
      )
    const { status, body } = await call(app, owner, 'POST', `${COMPLIANCE}/privacy/data-deletion`)
    expect(status).toBe(400)
    expect(body.message).toContain('Engines')
    expect(await rowsOf('select id from data_requests where user_id = ?', owner.user.id)).toEqual([])
  })

  it('is refused to the last admin', async () => {
    const counted = createTestApp({ override: onCountsDatabase })
    await emptyCountsDatabase()
    const last = await makeAdmin(counted)
    const { status, body } = await call(counted, last, 'POST', `${COMPLIANCE}/privacy/data-deletion`)
    expect([status, body.code]).toEqual([409, 'LAST_ADMIN'])
  })
})

describe('admins are reminded', () => {
  it('a week before a request is due and on the day, once each, and not of what was answered', async () => {
    const counted = createTestApp({ override: onCountsDatabase })
    await emptyCountsDatabase()
    const boss = await makeAdmin(counted)
    const ctx = await counted.ctx()
    await ctx.db.run(`update users set email_verified_at = 1 where id = '${boss.user.id}'`)
    const user = await signUpUser(counted)
    const [first, second] = [
      await call(counted, user, 'POST', REQUESTS, { request_type: 'objection' }),
      await call(counted, user, 'POST', REQUESTS, { request_type: 'restriction' }),
    ]
    // The service answers it by itself.
    const leaving = await signUpUser(counted)
    const erasure = await call(counted, leaving, 'POST', REQUESTS, { request_type: 'erasure' })
    await ctx.db.run(`update data_requests set remind_at = 1 where id = '${erasure.body.id}'`)
    const mailsAfter = async (days: number) => {
      await remindAdmins({ ...ctx, now: () => Date.now() + days * DAY })
      const rows = await ctx.db.all(
        `select id from mails where kind = 'data_requests_due' and recipient = '${boss.email}'`,
      )
      return rows.length
    }
    expect(await mailsAfter(22)).toBe(0)
    expect(await mailsAfter(23.1)).toBe(1)
    expect(await mailsAfter(24)).toBe(1)
    await call(counted, boss, 'PATCH', `${REQUESTS}/${first.body.id}`, { status: 'completed' })
    const both = await Promise.all([mailsAfter(30.1), mailsAfter(30.1)])
    expect(Math.max(...both)).toBe(2)
    expect(await mailsAfter(60)).toBe(2)
    await ctx.db.run(`update data_requests set due_at = ${Date.now() + DAY} where id = '${second.body.id}'`)
    const extended = await call(counted, boss, 'PATCH', `${REQUESTS}/${second.body.id}`, { extension_reason: 'x' })
    expect(extended.status).toBe(200)
    expect(await mailsAfter(53)).toBe(2)
    expect(await mailsAfter(54.1)).toBe(3)
  })
})
