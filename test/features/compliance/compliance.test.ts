import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { CONTROLS } from '../../../src/features/compliance/rules/assessment.ts'
import { assessDay } from '../../../src/features/compliance/service/assessment.ts'
import { pruneReports } from '../../../src/features/compliance/service/retention.ts'
import type { Results } from '../../../src/features/compliance/types.ts'
import { pruneEvents } from '../../../src/features/events/service.ts'
import { pruneMails } from '../../../src/features/mail/service/mails.ts'
import { pruneRequests } from '../../../src/features/privacy/service/requests.ts'
import { runScheduled } from '../../../src/jobs.ts'
import { DAY, MINUTE } from '../../../src/lib/time.ts'
import { ORGANIZATION_DATA } from '../../../src/user-data.ts'
import { ask, openPerson, type Person } from '../../support/organizations.ts'
import { deploy, emptyDatabase, insertEvents, insertUser, rowsOf, run, seedGood } from './support.ts'

const assess = (ctx: Ctx) => assessDay(ctx, ORGANIZATION_DATA)

const PATH = '/api/v1/compliance'
const TODAY = Math.floor(Date.now() / DAY)
const dateOf = (day: number) => new Date(day * DAY).toISOString().slice(0, 10)

const at =
  (time: number) =>
  (ctx: Ctx): Ctx => ({ ...ctx, now: () => time })

const days = () =>
  rowsOf<{ day: number; results: string; head_number: number | null }>('select * from compliance_days order by day')
const eventsOf = (type: string) =>
  rowsOf<{ data: string; actor_id: string }>('select data, actor_id from events where type = ? order by position', type)

describe('the run of a day', () => {
  beforeEach(async () => void (await seedGood()))

  it('is written once by two runs of cron at once, with one event and the head it rests on', async () => {
    const ctxs = await Promise.all([deploy().ctx(), deploy().ctx()])
    await Promise.all(ctxs.map(assess))
    const [row, ...others] = await days()
    expect(others).toEqual([])
    const [head] = await rowsOf<{ number: number }>('select max(number) as number from audit_blocks')
    expect(row).toMatchObject({ day: TODAY, head_number: head?.number })
    expect(Object.keys(JSON.parse(row?.results ?? '{}'))).toEqual(CONTROLS.map(({ id }) => id))
    const told = await eventsOf('compliance.assessed')
    expect(told.map(({ data, actor_id }) => [JSON.parse(data), actor_id])).toEqual([
      [
        {
          day: dateOf(TODAY),
          failed: [],
          not_tested: CONTROLS.filter(({ fact }) => fact === null).map(({ id }) => id),
        },
        'compliance',
      ],
    ])
  })

  it('does not repeat within the day, and shows on the next one what was broken', async () => {
    const app = deploy()
    await assess(await app.ctx())
    await insertUser({ mfa_enabled: 0 })
    await assess(await app.ctx())
    await assess(await deploy().ctx())
    const statuses = async () =>
      (await days()).map(({ results }) => (JSON.parse(results) as Results)['admin-second-factor']?.status)
    expect(await statuses()).toEqual(['pass'])
    await assess(at(Date.now() + DAY)(await app.ctx()))
    expect(await statuses()).toEqual(['pass', 'fail'])
    const [, told] = await eventsOf('compliance.assessed')
    expect(JSON.parse(told?.data ?? '').failed).toContain('admin-second-factor')
  })

  it('does without a fact that D1 does not answer, and says so', async () => {
    await assess(await deploy({ failsAt: '"clients"' }).ctx())
    const results = JSON.parse((await days())[0]?.results ?? '{}') as Results
    expect(results['machine-credentials']).toEqual({
      status: 'not_tested',
      value: null,
      threshold: 'no credential older than a year',
      reason: 'It could not be found out',
    })
    expect(results['admin-second-factor']?.status).toBe('pass')
  })

  it('does without a fact that never answers', async () => {
    const hangs = () => new Promise<never>(() => undefined)
    const ctx = await deploy({ override: (ctx) => ({ ...ctx, fetch: hangs }) }).ctx()
    await assess(ctx)
    const results = JSON.parse((await days())[0]?.results ?? '{}') as Results
    expect(results['security-headers']).toMatchObject({ status: 'not_tested', reason: 'It took too long to find out' })
  })

  it('is made by the next run where the row could not be written', async () => {
    const app = deploy()
    const ctx = await app.ctx()
    const broken = await deploy({ failsAt: 'insert into "compliance_days"' }).ctx()
    await expect(assess(broken)).rejects.toThrow()
    expect(await days()).toEqual([])
    await runScheduled(ctx)
    expect(await days()).toHaveLength(1)
  })
})

const result = (status: 'pass' | 'fail' | 'not_tested', value: number | null = null) => ({
  status,
  value,
  threshold: 'no admin whom a password alone signs in',
  reason: status === 'not_tested' ? 'It could not be found out' : null,
})

/** Ninety days that end yesterday: one control failed on nine of them, one was not tested on thirty, ten days are missing. */
async function seedDays() {
  for (let back = 90; back >= 1; back -= 1) {
    if (back > 50 && back <= 60) continue
    const results: Results = {
      'admin-second-factor': result(back <= 9 ? 'fail' : 'pass', back <= 9 ? 2 : 0),
      lockout: result(back > 60 ? 'not_tested' : 'pass', back > 60 ? null : 5),
      staff: result('not_tested'),
    }
    await run(
      'insert into compliance_days (day, assessed_at, results, head_number, head_hash) values (?, ?, ?, ?, ?)',
      TODAY - back,
      (TODAY - back) * DAY,
      JSON.stringify(results),
      100 - back,
      `hash-${back}`,
    )
  }
}

describe('what admins read', () => {
  // People sign in, so addresses need no proof here.
  const app = deploy({ settings: { REQUIRE_VERIFIED_EMAIL: 'false' } })
  let admin: Person
  let somebody: Person

  beforeAll(async () => {
    await emptyDatabase()
    admin = await openPerson(app, { role: 'admin' })
    somebody = await openPerson(app)
    await seedDays()
  })

  const report = (body: object) => admin.call('POST', `${PATH}/reports`, body)
  const ninety = { framework: 'soc2', period_start: dateOf(TODAY - 90), period_end: dateOf(TODAY - 1) }

  it('reports on which share of ninety days each control held, and on what it rests', async () => {
    const { status, body } = await report(ninety)
    expect(status).toBe(201)
    expect(body).toMatchObject({ success: true, message: 'The report', ...body.data })
    const { data } = body
    expect(data).toMatchObject({
      title: `SOC 2 from ${ninety.period_start} to ${ninety.period_end}`,
      compliance_framework: 'soc2',
      period_start: `${ninety.period_start}T00:00:00.000Z`,
      period_end: `${ninety.period_end}T23:59:59.999Z`,
      // 71 and 50 of 80 and 50 tests.
      compliance_score: 93,
      status: 'completed',
      days_in_period: 90,
      days_assessed: 80,
    })
    const of = (id: string) => data.controls.find(({ control_id }: { control_id: string }) => control_id === id)
    expect(of('admin-second-factor')).toMatchObject({
      clauses: ['CC6.1'],
      days_passed: 71,
      days_failed: 9,
      days_not_tested: 10,
      share: 71 / 80,
      value: 2,
      threshold: 'no admin whom a password alone signs in',
      failed_on: Array.from({ length: 9 }, (_, index) => dateOf(TODAY - 1 - index)),
    })
    expect(of('lockout')).toMatchObject({ days_passed: 50, days_failed: 0, days_not_tested: 40, share: 1 })
    expect(data.heads).toHaveLength(80)
    expect(data.heads[0]).toEqual({ day: ninety.period_start, number: 10, hash: 'hash-90' })
    const reasons = new Map(
      data.not_tested.map(({ control_id, reason }: { control_id: string; reason: string }) => [control_id, reason]),
    )
    expect(reasons.get('staff')).toBe('It could not be found out')
    expect(reasons.get('password-length')).toBe('It was assessed on no day of the period')
    expect(reasons.has('lockout')).toBe(false)
    const [told] = await eventsOf('compliance.report_created')
    expect(JSON.parse(told?.data ?? '')).toEqual({
      report_id: data.report_id,
      framework: 'soc2',
      from: ninety.period_start,
      to: ninety.period_end,
    })
    expect((await admin.call('GET', `${PATH}/reports/${data.report_id}`)).body).toEqual(body)
  })

  it('has no score where nothing was tested, and takes the path of others', async () => {
    const { status, body } = await admin.call('POST', `${PATH}/admin/generate-report`, {
      framework: 'ccpa',
      period_start: `${ninety.period_start}T10:00:00Z`,
      period_end: `${ninety.period_start}T11:00:00+01:00`,
      report_type: 'whatever a client sends',
    })
    expect(status).toBe(201)
    expect(body).toMatchObject({ compliance_score: null, days_in_period: 1 })
    const { body: list } = await admin.call('GET', `${PATH}/reports?framework=ccpa`)
    expect(list).toMatchObject({ total: 1, reports: [{ report_id: body.report_id, compliance_score: null }] })
    expect(list.reports[0]).not.toHaveProperty('controls')
  })

  it.for([
    ['an unknown framework', { ...ninety, framework: 'iso9001' }],
    ['no framework', { period_start: ninety.period_start, period_end: ninety.period_end }],
    ['a name of every object', { ...ninety, framework: 'constructor' }],
    ['an end before the beginning', { ...ninety, period_start: ninety.period_end, period_end: ninety.period_start }],
    ['an end an hour before', { ...ninety, period_start: '2026-01-02T01:00:00Z', period_end: '2026-01-02T00:00:00Z' }],
    ['tomorrow', { ...ninety, period_end: dateOf(TODAY + 1) }],
    ['no time', { ...ninety, period_end: 'soon' }],
    ['a day that is none', { ...ninety, period_start: '2026-02-30' }],
    ['more than a year', { ...ninety, period_start: dateOf(TODAY - 370) }],
  ] as const)('refuses %s: 422, and nothing is stored', async ([, body]) => {
    const before = await rowsOf('select id from compliance_reports')
    expect((await report(body)).status).toBe(422)
    expect(await rowsOf('select id from compliance_reports')).toEqual(before)
  })

  it('answers 404 for an unknown report, 400 for what is no id, 422 for no framework and no status', async () => {
    const statusOf = async (path: string) => (await admin.call('GET', `${PATH}${path}`)).status
    expect(await statusOf(`/reports/${somebody.id}`)).toBe(404)
    expect(await statusOf('/reports/1')).toBe(400)
    expect(await statusOf('/controls?framework=iso9001')).toBe(422)
    expect(await statusOf('/controls?status=certified')).toBe(422)
    expect(await statusOf('/reports?framework=SOC2')).toBe(422)
  })

  it('lists frameworks, and controls by framework and status', async () => {
    const { body } = await admin.call('GET', `${PATH}/frameworks`)
    expect(body.total).toBe(6)
    for (const { id, controls_count } of body.frameworks) {
      const { body: list } = await admin.call('GET', `${PATH}/controls?framework=${id}`)
      expect(list.total).toBe(controls_count)
      expect(list.controls.every((control: { serves: object }) => id in control.serves)).toBe(true)
    }
    const { body: failing } = await admin.call('GET', `${PATH}/controls?status=fail`)
    expect(failing).toMatchObject({
      total: 1,
      controls: [
        {
          control_id: 'admin-second-factor',
          compliance_framework: 'soc2',
          implementation_status: 'not_implemented',
          status: 'fail',
          effectiveness_rating: 'ineffective',
          last_assessed: `${dateOf(TODAY - 1)}T00:00:00.000Z`,
          value: 2,
          threshold: 'no admin whom a password alone signs in',
        },
      ],
    })
    const { body: untested } = await admin.call('GET', `${PATH}/controls?status=not_tested`)
    expect(untested.total).toBe(CONTROLS.length - 2)
    expect(untested.controls.every(({ reason }: { reason: string | null }) => reason)).toBe(true)
  })

  it('shows on the dashboard what fails, and counts in no score what was not tested', async () => {
    const { body } = await admin.call('GET', `${PATH}/dashboard`)
    expect(body).toMatchObject({
      success: true,
      passed: 1,
      failed: 1,
      not_tested: CONTROLS.length - 2,
      compliance_score: 50,
      failing_controls: [{ control_id: 'admin-second-factor' }],
    })
    expect(body.untested_controls).toHaveLength(CONTROLS.length - 2)
    expect(body.frameworks.find(({ id }: { id: string }) => id === 'ccpa')).toMatchObject({ compliance_score: null })
  })

  it('says nowhere that anything is certified', async () => {
    const paths = ['/frameworks', '/controls', '/reports', '/dashboard', '/admin/expired-data']
    const answers = await Promise.all(paths.map((path) => admin.call('GET', `${PATH}${path}`)))
    answers.push(await report(ninety))
    expect(JSON.stringify(answers)).not.toMatch(/certif|compliant\b/i)
    expect(JSON.stringify(CONTROLS)).not.toMatch(/certif|compliant\b/i)
  })

  it('is for admins of the platform alone', async () => {
    const calls = [
      ['GET', '/frameworks'],
      ['GET', '/controls'],
      ['GET', '/reports'],
      ['POST', '/reports'],
      ['GET', '/dashboard'],
      ['POST', '/admin/generate-report'],
      ['POST', '/admin/retention-policy'],
      ['GET', '/admin/expired-data'],
    ] as const
    for (const [method, path] of calls) {
      const { status, body } = await somebody.call(method, `${PATH}${path}`, method === 'POST' ? ninety : undefined)
      expect([status, body.code], path).toEqual([403, 'ADMIN_REQUIRED'])
      expect((await app.fetch(`${PATH}${path}`, { method })).status, path).toBe(401)
    }
  })

  describe('retention', () => {
    const set = (body: object, as: Person = admin) => as.call('POST', `${PATH}/admin/retention-policy`, body)
    const categoryOf = async (name: string) =>
      (await admin.call('GET', `${PATH}/admin/expired-data`)).body.categories.find(
        ({ data_category }: { data_category: string }) => data_category === name,
      )

    it('is never fewer days than configuration says, and has an event', async () => {
      const short = await set({ data_category: 'record', retention_period_days: 364 })
      expect([short.status, short.body.code, short.body.details]).toEqual([
        422,
        'RETENTION_OUT_OF_RANGE',
        { kind: 'record', minimum: 365, maximum: 3650 },
      ])
      expect(
        (await set({ data_category: 'record', retention_period_days: 500 })).body.data.categories[0],
      ).toMatchObject({ data_category: 'record', retention_period_days: 500, minimum_days: 365 })
      expect((await set({ data_category: 'record', retention_period_days: 365 })).status).toBe(200)
      const told = await eventsOf('compliance.retention_changed')
      expect(told.map(({ data }) => JSON.parse(data))).toEqual([
        { kind: 'record', before: { days: 365 }, after: { days: 500 } },
        { kind: 'record', before: { days: 500 }, after: { days: 365 } },
      ])
    })

    it('is what configuration says where that was raised meanwhile', async () => {
      await set({ data_category: 'record', retention_period_days: 400 })
      const raised = deploy({ settings: { REQUIRE_VERIFIED_EMAIL: 'false', EVENT_RETENTION_DAYS: '1000' } })
      const { body } = await openPerson(raised, { role: 'admin' }).then((one) =>
        one.call('GET', `${PATH}/admin/expired-data`),
      )
      expect(body.categories[0]).toMatchObject({ retention_period_days: 1000, minimum_days: 1000 })
    })

    it.for([
      ['an unknown kind', { data_category: 'users', retention_period_days: 400 }],
      ['a part of a day', { data_category: 'mails', retention_period_days: 7.5 }],
      ['more than ten years', { data_category: 'mails', retention_period_days: 3651 }],
      ['no days', { data_category: 'mails', retention_period_days: 0 }],
      ['nothing', {}],
    ] as const)('refuses %s', async ([, body]) => {
      expect((await set(body)).status).toBe(422)
    })

    it('asks for a fresh factor', async () => {
      const settings = { REQUIRE_VERIFIED_EMAIL: 'false', ACCESS_TOKEN_SECONDS: '900' }
      const { headers } = await openPerson(deploy({ settings }), { role: 'admin' })
      const later = deploy({ settings, override: at(Date.now() + 10 * MINUTE) })
      const { status, body } = await ask(later, {
        method: 'POST',
        path: `${PATH}/admin/retention-policy`,
        body: { data_category: 'mails', retention_period_days: 30 },
        headers,
      })
      expect([status, body.code]).toEqual([403, 'STEP_UP_REQUIRED'])
    })

    it('ends in one of two values that are set at once', async () => {
      const both = await Promise.all(
        [10, 20].map((days) => set({ data_category: 'mails', retention_period_days: days })),
      )
      expect(both.map(({ status }) => status)).toEqual([200, 200])
      expect([10, 20]).toContain((await categoryOf('mails')).retention_period_days)
    })

    it('is what pruning follows, and expired data say what that takes', async () => {
      const ctx = await app.ctx()
      const time = (days: number) => Date.now() - days * DAY
      const mail = (status: string, days: number) =>
        run(
          `insert into mails (id, kind, recipient, status, created_at) values (?, 'verification', 'a@example.test', ?, ?)`,
          `old ${status}`,
          status,
          time(days),
        )
      await run('delete from retention_days')
      await insertEvents(1, { time: time(366) })
      await mail('sent', 8)
      await mail('dead', 31)
      await run(`insert into compliance_days (day, assessed_at, results) values (?, 1, '{}')`, TODAY - 401)
      await run(
        `insert into data_requests (id, user_id, type, status, received_at, due_at, completed_at, updated_at)
         values ('old', 'u', 'access', 'completed', 1, 1, ?, 1)`,
        time(1096),
      )
      const kinds = ['record', 'mails', 'dead_mails', 'requests', 'reports']
      const left = () =>
        rowsOf(
          `select 1 from events where time < ? union all select 1 from mails where id like 'old %'
             union all select 1 from data_requests where id = 'old'
             union all select 1 from compliance_days where day < ?`,
          time(365.5),
          TODAY - 400,
        )
      const prune = async () => {
        for (const work of [pruneEvents, pruneMails, pruneRequests, pruneReports]) await work(ctx)
        return (await left()).length
      }
      const taken = async () => Promise.all(kinds.map(async (kind) => (await categoryOf(kind)).expired_count))
      expect(await taken()).toEqual([1, 1, 1, 1, 1])
      for (const data_category of kinds) await set({ data_category, retention_period_days: 1100 })
      expect(await taken()).toEqual([0, 0, 0, 0, 0])
      expect(await prune()).toBe(5)
      await run('delete from retention_days')
      const blind = await deploy({ failsAt: 'retention_days' }).ctx()
      for (const work of [pruneEvents, pruneMails, pruneRequests, pruneReports])
        await expect(work(blind)).rejects.toThrow()
      expect(await left()).toHaveLength(5)
      expect(await prune()).toBe(0)
      expect(await categoryOf('attempts')).toMatchObject({ retention_period_days: 7, expired_count: null })
    })
  })
})
