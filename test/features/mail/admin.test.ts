import { beforeAll, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { deliverMail, queueMail } from '../../../src/features/mail/service/mails.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { describeAdminRoutes } from '../../support/admin-routes.ts'
import { createTestApp, env } from '../../support/app.ts'
import { readMailbox } from '../../support/mail.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'
import { makeAdmin, type SignedInUser, signUpUser } from '../../support/users.ts'
import { freshAddress, keptQueue, resetMail, rowOf } from './support.ts'

const MAILS = '/api/v1/admin/mails'
const queue = keptQueue()
const app = createTestApp({ override: queue.into })
const refusing = createTestApp({
  env: { MAIL_TRANSPORT: 'http', MAIL_FROM: 'a@example.test', MAIL_API_KEY: 'k' },
  override: (ctx: Ctx) => queue.into({ ...ctx, fetch: async () => new Response(null, { status: 400 }) }),
})

let admin: SignedInUser
beforeAll(async () => {
  admin = await makeAdmin(app)
})

async function deadMail(): Promise<{ to: string; id: string }> {
  const ctx = await refusing.ctx()
  const to = freshAddress()
  await queueMail(ctx, resetMail(to))
  const { id } = await rowOf(to)
  expect(await deliverMail(ctx, id)).toEqual({ outcome: 'dead' })
  return { to, id }
}

const list = async (query = '') => {
  const answer = await app.fetch(`${MAILS}${query}`, { headers: admin.headers })
  return { status: answer.status, body: await answer.json<{ mails: Record<string, unknown>[] }>() }
}
const requeue = (id: string) => app.fetch(`${MAILS}/${id}/requeue`, { method: 'POST', headers: admin.headers })

describe('GET /api/v1/admin/mails', () => {
  it('has dead mails, newest first, without content', async () => {
    const { to, id } = await deadMail()
    const { status, body } = await list()
    expect(status).toBe(200)
    const mail = body.mails.find((entry) => entry.id === id)
    expect(mail).toEqual({
      id,
      kind: 'password_reset',
      to,
      user_id: null,
      status: 'dead',
      attempts: 1,
      last_error: 'http 400',
      created_at: expect.stringMatching(/Z$/),
      sent_at: null,
    })
    expect(body).toMatchObject({ status: 'dead', limit: 50, offset: 0 })
  })

  it('pages and filters by status', async () => {
    const [first, second] = [await deadMail(), await deadMail()]
    const ids = async (query: string) => (await list(query)).body.mails.map(({ id }) => id)
    const both = await ids('?status=dead&limit=2')
    expect(new Set(both)).toEqual(new Set([first.id, second.id]))
    expect([...(await ids('?limit=1')), ...(await ids('?limit=1&offset=1'))]).toEqual(both)
    expect(await ids('?status=sent&limit=100')).not.toContain(first.id)
  })

  it('filters by user and by address, in any case', async () => {
    const { user, email } = await signUpUser(app)
    await queueMail(await app.ctx(), { ...resetMail(email), userId: user.id })
    const { id } = await deadMail()
    const of = async (query: string) => (await list(query)).body.mails
    const theirs = await of(`?status=queued&user_id=${user.id}`)
    expect(theirs.map(({ user_id }) => user_id)).toEqual(theirs.map(() => user.id))
    expect(theirs.map(({ kind }) => kind)).toContain('password_reset')
    const to = encodeURIComponent(` ${email.toUpperCase()}`)
    expect((await of(`?status=queued&to=${to}`)).map((mail) => mail.to)).toContain(email)
    expect(await of(`?status=queued&to=${to}&user_id=${newUuid()}`)).toEqual([])
    expect((await of(`?user_id=${user.id}`)).map((mail) => mail.id)).not.toContain(id)
    expect(await of('?to=nobody%40example.com')).toEqual([])
  })

  it.each(['', 'user_id=USER', 'to=a%40example.com'])('is found by an index: %s', async (query) => {
    const watched = watchPlans()
    const other = createTestApp({ override: watched.into })
    await other.fetch(MAILS, { headers: admin.headers })
    await watched.plans()
    await other.fetch(`${MAILS}?${query.replace('USER', newUuid())}`, { headers: admin.headers })
    const steps = await watched.plans()
    expect(scansIn(steps)).toEqual([])
    const index = query === '' ? 'mails_by_status' : query.startsWith('to') ? 'mails_by_recipient' : 'mails_by_user'
    expect(steps.some((step) => step.includes(index))).toBe(true)
  })

  it.each(['?user_id=x', '?status=lost', '?limit=0', '?limit=101', '?offset=-1'])('refuses %s', async (query) => {
    expect((await list(query)).status).toBe(422)
  })
})

describe('POST /api/v1/admin/mails/:id/requeue', () => {
  it('queues a dead mail again with its id, and records who asked', async () => {
    const { to, id } = await deadMail()
    const answer = await requeue(id)
    expect(answer.status).toBe(200)
    expect(await answer.json()).toMatchObject({ id, status: 'queued', attempts: 0, last_error: null })
    expect(queue.taken.filter((taken) => taken === id).length).toBeGreaterThan(0)
    const event = await env.DB.prepare("select * from events where subject = ? and type = 'mail.requeued'")
      .bind(id)
      .first<{ actor_id: string; data: string }>()
    expect(event).toMatchObject({ actor_type: 'user', actor_id: admin.user.id, user_id: null })
    expect(JSON.parse(event?.data ?? '')).toEqual({ kind: 'password_reset', attempts: 1, last_error: 'http 400' })
    expect(await deliverMail(await app.ctx(), id)).toEqual({ outcome: 'sent' })
    expect(await readMailbox(app, to)).toHaveLength(1)
  })

  it('lets one of two racing admins do it', async () => {
    const { id } = await deadMail()
    const answers = await Promise.all([requeue(id), requeue(id)])
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409])
    const { results } = await env.DB.prepare("select id from events where subject = ? and type = 'mail.requeued'")
      .bind(id)
      .all()
    expect(results).toHaveLength(1)
  })

  it('is 409 for a mail that is not dead, 404 for an unknown one, 400 for a malformed id', async () => {
    const ctx = await app.ctx()
    const to = freshAddress()
    await queueMail(ctx, resetMail(to))
    const { id } = await rowOf(to)
    for (const state of ['queued', 'sent']) {
      const answer = await requeue(id)
      expect([state, answer.status, await answer.json()]).toMatchObject([state, 409, { code: 'MAIL_NOT_DEAD' }])
      await deliverMail(ctx, id)
    }
    const unknown = await requeue(newUuid())
    expect([unknown.status, await unknown.json()]).toMatchObject([404, { code: 'MAIL_NOT_FOUND' }])
    expect((await requeue('1')).status).toBe(400)
  })
})

describeAdminRoutes('every admin route of mail', app, [
  ['GET', MAILS],
  ['POST', `${MAILS}/${newUuid()}/requeue`],
])
