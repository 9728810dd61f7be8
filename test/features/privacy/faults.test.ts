import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { eraseDeletedUsers } from '../../../src/features/account/service/erasure.ts'
import { remindAdmins } from '../../../src/features/privacy/service/requests.ts'
import { DAY } from '../../../src/lib/time.ts'
import { USER_DATA } from '../../../src/user-data.ts'
import { fails, isolateWithout } from '../../faults/support.ts'
import { createTestApp, type TestApp } from '../../support/app.ts'
import { emptyCountsDatabase, onCountsDatabase } from '../../support/counts-database.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'
import { makeAdmin, signUpUser } from '../../support/users.ts'
import { rowsOf, run } from '../account/erasure-support.ts'
import { COMPLIANCE, call, EXPORTS, exportOf, HOLDS, REQUESTS } from './support.ts'

const app = createTestApp()

const withObjects = (change: (objects: Ctx['objects']) => Partial<Ctx['objects']>): TestApp =>
  createTestApp({ override: (ctx) => ({ ...ctx, objects: { ...ctx.objects, ...change(ctx.objects) } }) })

/** The object answers everything but what an export reads of it. */
const refusing = <T extends object>(stub: T, method: string): T =>
  new Proxy(stub, { get: (target, name) => (name === method ? fails : Reflect.get(target, name)) })

describe('a download that fails in the middle', () => {
  const away = {
    "the user's object": withObjects((objects) => ({ user: (id) => refusing(objects.user(id), 'exportRows') })),
    'the guard': withObjects((objects) => ({ guard: (id) => refusing(objects.guard(id), 'networksOf') })),
  }
  it.each(Object.entries(away))('%s is away: the connection breaks, and no file looks whole', async (_, broken) => {
    const user = await signUpUser(app)
    const id = await exportOf(app, user)
    const path = `${EXPORTS}/${id}/download`
    const response = await broken.fetch(path, { headers: user.headers })
    expect(response.status).toBe(200)
    await expect(response.text()).rejects.toThrow()
    // Nothing is spent: it is read again.
    expect((await call(app, user, 'GET', path)).body.complete).toBe(true)
  })

  it('the store of pictures is away', async () => {
    const user = await signUpUser(app)
    const id = await exportOf(app, user)
    const response = await isolateWithout('kv', fails).fetch(`${EXPORTS}/${id}/download?part=profile`, {
      headers: user.headers,
    })
    await expect(response.text()).rejects.toThrow()
  })
})

describe('when a part of the platform is away', () => {
  it('D1: nothing is asked, placed or consented, and it is said', async () => {
    const [user, admin] = [await signUpUser(app), await makeAdmin(app)]
    const broken = isolateWithout('database', fails)
    for (const [who, method, path, body] of [
      [user, 'POST', EXPORTS, {}],
      [user, 'POST', REQUESTS, { request_type: 'objection' }],
      [user, 'GET', REQUESTS, undefined],
      [user, 'POST', `${COMPLIANCE}/consent`, { purpose: 'x' }],
      [user, 'PUT', `${COMPLIANCE}/privacy-settings`, { x: true }],
      [admin, 'POST', HOLDS, { user_id: user.user.id, reason: 'x' }],
    ] as const)
      expect([path, (await call(broken, who, method, path, body)).status]).toEqual([path, 503])
    expect(await rowsOf('select id from data_requests where user_id = ?', user.user.id)).toEqual([])
    expect(await rowsOf('select id from legal_holds where user_id = ?', user.user.id)).toEqual([])
  })

  it('mail: an export is ready all the same, and admins are reminded by the next run', async () => {
    const user = await signUpUser(app)
    expect((await call(isolateWithout('mail', fails), user, 'POST', EXPORTS)).status).toBe(202)
    const counted = createTestApp({ override: onCountsDatabase })
    await emptyCountsDatabase()
    const boss = await makeAdmin(counted)
    const ctx = { ...(await counted.ctx()), now: () => Date.now() + 24 * DAY }
    await ctx.db.run(`update users set email_verified_at = 1 where id = '${boss.user.id}'`)
    const asker = await signUpUser(counted)
    const { body } = await call(counted, asker, 'POST', REQUESTS, { request_type: 'objection' })
    const unmailed = { ...ctx, objects: { ...ctx.objects, guard: () => ({ use: fails }) as never } }
    await expect(remindAdmins(unmailed)).rejects.toThrow('no admin could be reminded')
    await remindAdmins(ctx)
    const told = await ctx.db.all(
      `select id from mails where kind = 'data_requests_due' and recipient = '${boss.email}'`,
    )
    expect(told).toHaveLength(1)
    expect(body.status).toBe('received')
  })

  it('the guard: an erasure waits, and the next run ends it', async () => {
    const { user } = await signUpUser(app)
    const admin = await makeAdmin(app)
    await call(app, admin, 'DELETE', `/api/v1/admin/users/${user.id}`)
    await run('update users set erase_at = 1 where id = ?', user.id)
    const broken = withObjects((objects) => ({ guard: (id) => refusing(objects.guard(id), 'forget') }))
    await eraseDeletedUsers(await broken.ctx(), USER_DATA)
    expect(await rowsOf('select id from users where id = ?', user.id)).toHaveLength(1)
    // Begun, so that no hold comes in between.
    expect((await call(app, admin, 'POST', HOLDS, { user_id: user.id, reason: 'x' })).body.code).toBe('ERASURE_BEGUN')
    await eraseDeletedUsers(await app.ctx(), USER_DATA)
    expect(await rowsOf('select id from users where id = ?', user.id)).toEqual([])
  })
})

it('lists, holds and what cron asks of them are found by indexes', async () => {
  const plans = watchPlans()
  const [user, admin] = [await signUpUser(app), await makeAdmin(app)]
  const watched = createTestApp({ override: (ctx) => plans.into(ctx) })
  const { body } = await call(watched, user, 'POST', REQUESTS, { request_type: 'objection' })
  await call(watched, user, 'GET', REQUESTS)
  await call(watched, admin, 'GET', REQUESTS)
  await call(watched, admin, 'PATCH', `${REQUESTS}/${body.id}`, { status: 'completed' })
  const placed = await call(watched, admin, 'POST', HOLDS, { user_id: user.user.id, reason: 'x' })
  await call(watched, admin, 'GET', HOLDS)
  await call(watched, admin, 'DELETE', `${HOLDS}/${placed.body.id}`)
  await call(watched, user, 'POST', `${COMPLIANCE}/consent`, { purpose: 'x' })
  await call(watched, user, 'POST', `${COMPLIANCE}/consent/withdraw`, { purpose: 'x' })
  await call(watched, user, 'PUT', `${COMPLIANCE}/privacy-settings`, { x: true })
  await remindAdmins(await watched.ctx())
  const steps = await plans.plans()
  expect(steps.length).toBeGreaterThan(15)
  // Pages of all, in the order of their index.
  const pages = ['data_requests', 'legal_holds'].map((table) => `SCAN ${table} USING INDEX ${table}_by_time`)
  const scans = new Set(scansIn(steps).filter((step) => /hold|data_requests|consents|privacy/.test(step)))
  expect([...scans].toSorted()).toEqual(pages)
})
