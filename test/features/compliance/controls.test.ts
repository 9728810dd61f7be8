import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { sealRecord } from '../../../src/features/audit/service/seal.ts'
import { CONTROLS } from '../../../src/features/compliance/rules/assessment.ts'
import { gatherFact, gatherFacts } from '../../../src/features/compliance/service/facts.ts'
import { type FactName, FRAMEWORK_IDS, type GatheredFacts } from '../../../src/features/compliance/types.ts'
import { isWeakHash, users } from '../../../src/features/users/tables.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { hashPassword } from '../../../src/lib/password-hash/password-hash.ts'
import { CURRENT_COST } from '../../../src/lib/password-hash/stored-hash.ts'
import { DAY, HOUR, MINUTE } from '../../../src/lib/time.ts'
import { ORGANIZATION_DATA } from '../../../src/user-data.ts'
import { deploy, insertEndpoint, insertEvents, insertUser, type Parts, rowsOf, run, seedGood } from './support.ts'

const allFacts = (ctx: Ctx) => gatherFacts(ctx, ORGANIZATION_DATA)
const factOf = (ctx: Ctx, name: FactName) => gatherFact(ctx, name, ORGANIZATION_DATA)

const now = Date.now()

const insertMail = (status: string, createdAt = now) =>
  run(
    `insert into mails (id, kind, recipient, status, created_at) values (?, 'verification', 'a@example.test', ?, ?)`,
    newUuid(),
    status,
    createdAt,
  )

async function overdueOrganization(name: string): Promise<string> {
  const id = newUuid()
  await run(
    `insert into organizations (id, name, slug, created_at, updated_at, deleted_at, erase_at) values (?, ?, ?, 0, 0, 1, ?)`,
    id,
    name,
    id,
    now - 25 * HOUR,
  )
  return id
}

/** What makes a good deployment fail each control: another setting, or what it has in its database. */
const BREAKS: Readonly<Record<string, Parts & { readonly with?: () => Promise<unknown>; readonly value: unknown }>> = {
  'admin-second-factor': { with: () => insertUser({ mfa_enabled: 0 }), value: 1 },
  'admins-seen': { with: () => insertUser({ last_sign_in_at: now - 91 * DAY }), value: 1 },
  'admins-confirmed': { with: () => insertUser({ email_verified_at: null, status: 'pending' }), value: 1 },
  'admin-deputies': { with: () => run('delete from users where number = (select min(number) from users)'), value: 1 },
  'no-admin-secret': { settings: { ADMIN_SECRET_KEY: 'known-to-many-people' }, value: 0 },
  'closed-accounts': {
    async with() {
      const id = await insertUser({ role: 'user', status: 'suspended', updated_at: now - 2 * HOUR })
      await run('insert into counts (name, value) values (?, 1)', `sessions.open:${id}`)
    },
    value: 1,
  },
  'expired-access': {
    with: () =>
      run(
        `insert into invitations (id, organization_id, email, role, invited_by, created_at, updated_at, expires_at)
         values ('i', 'o', 'a@example.test', 'member', 'u', 1, 1, ?)`,
        now - 25 * HOUR,
      ),
    value: 1,
  },
  'machine-credentials': {
    with: () =>
      run(
        `insert into clients (id, name, secret_hash, scopes, created_at) values ('c', 'c', 'h', '[]', ?)`,
        now - 366 * DAY,
      ),
    value: 1,
  },
  'sso-connections': {
    with: () =>
      run(
        `insert into sso_connections (id, organization_id, provider, error, issuer, client_id, secret_sealed, metadata, check_at,
           created_at, updated_at) values ('s', 'o', 'oidc', 'issuer_changed', 'i', 'c', 's', '{}', 1, 1, 1)`,
      ),
    value: 1,
  },
  'session-idle': { settings: { SESSION_IDLE_SECONDS: `${8 * 86_400}` }, value: 8 },
  'session-life': { settings: { SESSION_ABSOLUTE_SECONDS: `${31 * 86_400}` }, value: 31 },
  'token-life': { settings: { ACCESS_TOKEN_SECONDS: '901' }, value: 901 },
  'fails-closed': { settings: { VALIDATE_FAIL_OPEN: 'true' }, value: 0 },
  lockout: {
    override: (ctx) => ({
      ...ctx,
      objects: {
        ...ctx.objects,
        guard: (subject) =>
          Object.assign(Object.create(ctx.objects.guard(subject)), { attempt: async () => ({ allowed: true }) }),
      },
    }),
    value: 11,
  },
  'breached-passwords': { settings: { BREACHED_PASSWORD_CHECK: 'false' }, value: 0 },
  'password-length': { settings: { PASSWORD_MIN_LENGTH: '11' }, value: 11 },
  'password-hashes': { with: () => insertUser({ password_hash: '$2b$12$imported' }), value: 1 },
  'proved-addresses': { settings: { REQUIRE_VERIFIED_EMAIL: 'false' }, value: 0 },
  'signing-key': { with: () => run('update signing_keys set signs_from = ?', now - 32 * DAY), value: 2 },
  'present-seals': {
    with: () => run(`insert into totp_factors (user_id, secret_sealed, created_at) values ('u', 'former.sealed', 1)`),
    value: 1,
  },
  'former-root-secret': {
    settings: { ROOT_SECRET_PREVIOUS: 'former-root-secret-0123456789-0123456789' },
    async with() {
      const { config } = await deploy({ settings: this.settings ?? {} }).ctx()
      const id = config.rootKeys.all[1]?.id
      await run(
        `insert into compliance_days (day, assessed_at, results, former_root_key) values (?, 1, '{}', ?)`,
        Math.floor(now / DAY) - 32,
        id,
      )
    },
    value: 2,
  },
  https: { settings: { APP_URL: 'http://app.example.test' }, value: 1 },
  'security-headers': { headers: { 'cache-control': 'no-store' }, value: 4 },
  'plain-origins': { settings: { CORS_ORIGINS: 'http://app.example.test' }, value: 1 },
  stores: {
    override: (ctx) => ({
      ...ctx,
      objects: { ...ctx.objects, feed: () => ({ ping: () => Promise.reject(new Error('down')) }) as never },
    }),
    value: 1,
  },
  delivery: { with: () => insertEvents(1, { time: now - 16 * MINUTE, deliveredAt: null }), value: 1 },
  'dead-letters': {
    with: () =>
      run(
        `insert into dead_letters (id, destination, payload, attempts, created_at) values ('d', 'd1', '{}', 9, ?)`,
        now - HOUR,
      ),
    value: 1,
  },
  mails: {
    async with() {
      for (let index = 0; index < 9; index += 1) await insertMail('sent')
      // Queued late on the day before, given up after midnight.
      await insertMail('dead', now - 33 * HOUR)
    },
    value: 10,
  },
  webhooks: { with: () => insertEndpoint({ is_active: 0, disabled_reason: 'failing' }), value: 1 },
  'chain-intact': { with: () => run(`update events set subject = 'changed' where type = 'test.logged'`), value: 3 },
  'record-sealed': { with: () => insertEvents(1, { time: now - 16 * MINUTE }), value: 1 },
  'chain-grows': {
    with: () => run('update audit_blocks set time = ?', now - 3 * HOUR),
    value: expect.closeTo(3, 1),
  },
  'heads-outside': { with: () => run(`update webhook_endpoints set events = '["user.*"]'`), value: 0 },
  'record-kept': { settings: { EVENT_RETENTION_DAYS: '364' }, value: 364 },
  pruning: { with: () => insertMail('sent', now - 10 * DAY), value: 1 },
  erasures: {
    with: () => insertUser({ role: 'user', status: 'deleted', erase_at: now - 25 * HOUR }),
    value: 1,
  },
  'requests-answered': {
    with: () =>
      run(
        `insert into data_requests (id, user_id, type, status, received_at, due_at, updated_at)
         values ('r', 'u', 'objection', 'received', 1, ?, 1)`,
        now - HOUR,
      ),
    value: 1,
  },
  'deletion-grace': { settings: { DELETION_GRACE_DAYS: '31' }, value: 31 },
}

const TESTED = CONTROLS.filter(({ fact }) => fact !== null)
const OUTSIDE = CONTROLS.filter(({ fact }) => fact === null)

describe('a control', () => {
  it('has a deployment that fails it, or says that the service cannot know', () => {
    expect(Object.keys(BREAKS).sort()).toEqual(TESTED.map(({ id }) => id).sort())
    expect(new Set(CONTROLS.map(({ id }) => id)).size).toBe(CONTROLS.length)
    for (const { id, title, serves, threshold } of TESTED) {
      expect([id, title, threshold].every(Boolean), id).toBe(true)
      expect(Object.keys(serves).length, id).toBeGreaterThan(0)
      for (const [framework, clauses] of Object.entries(serves)) {
        expect(FRAMEWORK_IDS, id).toContain(framework)
        expect(clauses.length, id).toBeGreaterThan(0)
      }
    }
    expect(TESTED.length).toBeGreaterThanOrEqual(30)
  })

  it('names no clause whose number it does not measure', () => {
    const clauses = CONTROLS.flatMap(({ serves }) => serves.pci_dss ?? [])
    // All user accounts, lockouts of half an hour, digits beside letters, 15 idle minutes.
    for (const clause of ['8.2.6', '8.3.4', '8.3.6', '8.2.8']) expect(clauses).not.toContain(clause)
  })

  it('is not failed by endpoints of users and organizations, nor by one that its receiver gave up', async () => {
    await seedGood()
    const off = { is_active: 0, disabled_reason: 'failing' }
    await insertEndpoint({ ...off, user_id: newUuid() })
    await insertEndpoint({ ...off, organization_id: newUuid() })
    await insertEndpoint({ ...off, disabled_reason: 'gone' })
    expect(await factOf(await deploy().ctx(), 'webhooks')).toEqual({ value: { disabled: 0 } })
  })

  it('is failed by no erasure that a hold keeps waiting, of an organization or of somebody in it, and by every other', async () => {
    await seedGood()
    const [held, ofMember, left] = await Promise.all(['held', 'of-member', 'left'].map(overdueOrganization))
    const personId = await insertUser({ role: 'user', status: 'deleted', erase_at: now - 2 * DAY })
    for (const organizationId of [ofMember, left])
      await run(
        `insert into memberships (id, organization_id, user_id, role, joined_at, taken_up_at) values (?, ?, ?, 'member', 0, 0)`,
        newUuid(),
        organizationId,
        organizationId === ofMember ? personId : newUuid(),
      )
    const overdue = async () => (await factOf(await deploy().ctx(), 'erasures')) as unknown
    expect(await overdue()).toEqual({ value: { overdue: 4 } })
    for (const [column, id] of [
      ['organization_id', held],
      ['user_id', personId],
    ])
      await run(
        `insert into legal_holds (id, ${column}, reason, placed_by, placed_at) values (?, ?, 'x', 'a', 1)`,
        newUuid(),
        id,
      )
    expect(await overdue()).toEqual({ value: { overdue: 1 } })
    await run('update legal_holds set released_at = 2, released_by = ? where user_id = ?', 'a', personId)
    expect(await overdue()).toEqual({ value: { overdue: 3 } })
  })

  it('holds in a good deployment', async () => {
    await seedGood()
    const facts = await allFacts(await deploy().ctx())
    const results = TESTED.map((control) => [control.id, control.assess(facts)] as const)
    expect(results.filter(([, { status }]) => status !== 'pass')).toEqual([])
    for (const { id, assess } of OUTSIDE) {
      expect(assess(facts), id).toMatchObject({ status: 'not_tested', value: null })
      expect(assess(facts).reason, id).toBeTruthy()
    }
  })

  it('reads no table from end to end that grows with people and what they do', async () => {
    await seedGood()
    const asked: string[] = []
    const ctx = await deploy({ asked }).ctx()
    await factOf(ctx, 'seals')
    // As cron does each minute: the secrets of all factors, and what else is sealed.
    const known = new Set(asked.splice(0))
    await allFacts(ctx)
    const planOf = (query: string) =>
      rowsOf<{ detail: string }>(`explain query plan ${query}`, ...Array.from(query.matchAll(/\?/g), () => 1))
    const plans = await Promise.all(
      asked.filter((query) => !known.has(query)).map(async (query) => [query, await planOf(query)] as const),
    )
    const grows = /^SCAN (users|events|mails|invitations|memberships|dead_letters|organizations)\b/
    const isPartial = /events_undelivered|users_with_weak_hash/
    const scans = plans.flatMap(([query, plan]) =>
      plan.flatMap(({ detail }) => (grows.test(detail) && !isPartial.test(detail) ? [[detail, query]] : [])),
    )
    expect(scans).toEqual([])
    const late = plans.filter(([query]) => query.includes('"delivered_at" is null'))
    expect(JSON.stringify(late)).toContain('events_undelivered')
  })

  it('finds a record that was restored, which a chain of its own would hide', async () => {
    await seedGood()
    const ctx = await deploy().ctx()
    await ctx.kv.put('audit:head', JSON.stringify({ number: 99, hash: 'lost', time: Date.now() }))
    await sealRecord(ctx)
    expect(await factOf(ctx, 'chain')).toEqual({ value: { findings: 1 } })
  })

  it('counts weak hashes by the index that has them alone, and none with the parameters of today', async () => {
    await seedGood()
    const passwordHash = await hashPassword(
      { ...(await deploy().ctx()), hashCost: CURRENT_COST },
      'Tr0ubadour-of-the-gate',
    )
    await insertUser({ password_hash: passwordHash })
    const ctx = await deploy().ctx()
    expect(await factOf(ctx, 'passwords')).toEqual({ value: { weak: 0 } })
    const { sql } = ctx.db.select({ one: users.number }).from(users).where(isWeakHash).toSQL()
    const plan = await rowsOf<{ detail: string }>(`explain query plan ${sql}`)
    expect(plan.map(({ detail }) => detail)).toEqual([expect.stringContaining('users_with_weak_hash')])
  })

  it.for(TESTED.map((control) => [control.id, control] as const))(
    'fails where it does not hold: %s',
    async ([id, control]) => {
      const { value, ...parts } = BREAKS[id] ?? { value: undefined }
      if (parts.with) {
        await seedGood()
        await parts.with()
      }
      if (control.fact === null) return expect.unreachable()
      const fact = await factOf(await deploy(parts).ctx(), control.fact)
      const result = control.assess({ [control.fact]: fact } as unknown as GatheredFacts)
      expect(result).toEqual({ status: 'fail', value, threshold: control.threshold, reason: null })
    },
  )
})
