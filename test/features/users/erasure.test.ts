import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { loadSigningKey } from '../../../src/features/keys/service.ts'
import { eraseDeletedUsers, eraseUser } from '../../../src/features/users/service/erasure.ts'
import { changeUserState } from '../../../src/features/users/service/state.ts'
import { createUser, findUser } from '../../../src/features/users/service.ts'
import { deleteUser } from '../../../src/features/users/store/erasure.ts'
import { runQueue, runScheduled } from '../../../src/jobs.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { DAY } from '../../../src/lib/time.ts'
import { createTestApp, env, json, type TestApp } from '../../support/app.ts'
import { emptyCountsDatabase, onCountsDatabase } from '../../support/counts-database.ts'
import { waitForMails } from '../../support/mail.ts'
import { connect } from '../../support/sockets.ts'
import { newEmail, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { insertRows, testEvent } from '../events/support.ts'

const app = createTestApp()
const ADMIN = { type: 'user', id: 'the-admin' } as const

// The first request of a deployment makes the signing key, with its own address in the record.
beforeAll(async () => {
  await loadSigningKey(await app.ctx())
})

const run = (statement: string, ...values: unknown[]) =>
  env.DB.prepare(statement)
    .bind(...values)
    .run()

const rowsOf = async <T = Record<string, unknown>>(statement: string, ...values: unknown[]): Promise<T[]> =>
  (
    await env.DB.prepare(statement)
      .bind(...values)
      .all<T>()
  ).results

interface Column {
  readonly table: string
  readonly column: string
}

const columns = (): Promise<Column[]> =>
  rowsOf<Column>(
    `select m.name as "table", c.name as "column" from sqlite_master m join pragma_table_info(m.name) c
     where m.type = 'table' and m.name not like 'sqlite_%' and m.name not like '_cf_%' and m.name not like 'user_search%'
       and m.name <> 'd1_migrations'`,
  )

/** Columns of the whole database that have `text` somewhere. */
async function placesOf(text: string): Promise<string[]> {
  const all = await columns()
  const found = await env.DB.batch<{ found: number }>(
    all.map(({ table, column }) =>
      env.DB.prepare(`select exists (select 1 from ${table} where instr(${column}, ?) > 0) as found`).bind(text),
    ),
  )
  return all.flatMap(({ table, column }, index) => (found[index]?.results[0]?.found ? `${table}.${column}` : []))
}

const tablesOf = (places: readonly string[]) => [...new Set(places.map((place) => place.split('.')[0]))].toSorted()

/** A user with a row in every table that has users' rows, and no mail on its way. */
async function userWithEverything(on: TestApp = app, fields: Record<string, string> = {}): Promise<SignedInUser> {
  const user = await signUpUser(on, { username: `u${newUuid().slice(0, 8)}`, ...fields })
  await on.settled()
  await waitForMails(on, user.email)
  const { id } = user.user
  await run("insert into totp_factors (user_id, secret_sealed, created_at) values (?, 'sealed', 0)", id)
  await run(
    "insert into backup_codes (id, user_id, salt, code_hash, hint, created_at) values (?, ?, '', '', '', 0)",
    newUuid(),
    id,
  )
  await run('insert into passkey_handles (user_id, handle) values (?, ?)', id, newUuid())
  await run(
    `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, device_type, backed_up, aaguid, rp_id, created_at)
     values (?, ?, ?, '', 0, '[]', 'singleDevice', 0, '', '', 0)`,
    newUuid(),
    id,
    newUuid(),
  )
  await recorded(id, 'session.created')
  return user
}

/** Waits until the queue has brought the user's events of this type to the record. */
const recorded = (userId: string, type: string) =>
  expect
    .poll(() => rowsOf('select id from events where user_id = ? and type = ?', userId, type), { timeout: 15_000 })
    .not.toEqual([])

const erase = async (userId: string, on: TestApp = app) => eraseUser(await on.ctx(), { userId, actor: ADMIN })

const later = (ms: number): TestApp => {
  const now = Date.now() + ms
  return createTestApp({ override: (ctx) => ({ ...ctx, now: () => now }) })
}

describe('erasing a user', () => {
  it('deletes the row and everything that belongs to it, and takes the person out of the record', async () => {
    const user = await userWithEverything()
    const { id } = user.user
    expect(tablesOf(await placesOf(id))).toEqual(
      [
        'backup_codes',
        'counts',
        'events',
        'mails',
        'one_time_tokens',
        'passkey_handles',
        'passkeys',
        'totp_factors',
        'users',
      ].toSorted(),
    )
    expect(await placesOf(user.email)).toEqual(
      expect.arrayContaining(['users.email', 'mails.recipient', 'mailbox.recipient', 'events.data']),
    )
    expect(await erase(id)).toEqual({ erased: true, propagated: true })
    expect(await placesOf(user.email)).toEqual([])
    expect(await placesOf(user.address)).toEqual([])
    expect(await placesOf(String(user.user.username))).toEqual([])
    expect(tablesOf(await placesOf(id))).toEqual(['events'])
    const search = await rowsOf('select rowid from user_search where user_search match ?', `"${user.email}"`)
    expect(search).toEqual([])
  })

  it('leaves nothing in the pages of the search either', async () => {
    const ctx = await app.ctx()
    const pages = () =>
      rowsOf("select id from user_search_data where instr(hex(block), hex('𐎀𐎁𐎂')) > 0").then((rows) => rows.length)
    const { id } = await createUser(ctx, { email: newEmail(), firstName: 'x𐎀𐎁𐎂y' })
    expect(await pages()).toBeGreaterThan(0)
    expect((await erase(id)).erased).toBe(true)
    expect(await pages()).toBe(0)
  })

  it('looks into every table that has a column for a user', async () => {
    const owners = (await columns()).filter(({ column }) => /^(user_id|email|recipient)$/.test(column))
    expect(owners.map(({ table, column }) => `${table}.${column}`).toSorted()).toEqual([
      'backup_codes.user_id',
      'events.user_id',
      'mailbox.recipient',
      'mails.recipient',
      'mails.user_id',
      'one_time_tokens.email',
      'one_time_tokens.user_id',
      'passkey_handles.user_id',
      'passkeys.user_id',
      'totp_factors.user_id',
      'users.email',
    ])
  })

  it('keeps that something happened, when, and who did it', async () => {
    const user = await userWithEverything()
    const { id } = user.user
    const before = await rowsOf('select id, type, time, actor_id from events where user_id = ? order by position', id)
    await erase(id)
    const after = await rowsOf(
      'select id, type, time, actor_id, data, ip, user_agent, delivered_at from events where user_id = ? order by position',
      id,
    )
    expect(after.slice(0, before.length)).toMatchObject(before)
    expect(after.map(({ type }) => type)).toEqual(
      expect.arrayContaining(['user.created', 'user.deleted', 'user.updated']),
    )
    for (const row of after) {
      expect(row).toMatchObject({ data: '{}', ip: null, user_agent: null, delivered_at: expect.any(Number) })
    }
    const [erased, ...more] = await rowsOf("select * from events where type = 'user.erased' and subject = ?", id)
    expect(erased).toMatchObject({ user_id: null, actor_type: 'user', actor_id: ADMIN.id, data: '{}' })
    expect(more).toEqual([])
  })

  it('tells the platform, and the user’s own log no more', async () => {
    const user = await userWithEverything()
    await erase(user.user.id)
    await app.settled()
    const hub = (await app.ctx()).objects.hub('platform')
    const { head } = await hub.read({ topic: 'platform', after: 0, limit: 1 })
    const { events } = await hub.read({ topic: 'platform', after: head - 200, limit: 200 })
    const types = events.filter(({ event }) => event.subject === user.user.id).map(({ event }) => event.type)
    expect(types.slice(-3)).toEqual(['user.deleted', 'user.updated', 'user.erased'])
  })

  it('makes every token of the user one of nobody, in every isolate', async () => {
    const user = await userWithEverything()
    const other = await signInUser(app, user)
    const ticketed = await app.fetch('/api/v1/websocket/ticket', { method: 'POST', headers: user.headers })
    const { ticket } = await ticketed.json<{ ticket: string }>()
    const socket = await connect(app, { token: user.accessToken })
    await socket.first('connection')
    await erase(user.user.id)
    expect(await socket.closed()).toEqual({ code: 4001, reason: 'session revoked' })
    expect(socket.events().map(({ type }) => type)).toEqual(expect.arrayContaining(['user.deleted', 'session.revoked']))
    for (const isolate of [app, createTestApp()]) {
      for (const { accessToken, refreshToken } of [user, other]) {
        const headers = { authorization: `Bearer ${accessToken}` }
        expect((await isolate.fetch('/validate', { headers })).status).toBe(401)
        expect((await isolate.fetch('/validate?consistency=strong', { headers })).status).toBe(401)
        const refreshed = await isolate.fetch('/api/v1/auth/refresh', json({ refresh_token: refreshToken }))
        expect(refreshed.status).toBe(401)
      }
    }
    const late = await connect(app, { ticket })
    expect(await late.closed()).toEqual({ code: 1008, reason: 'invalid_token' })
  })

  it('frees address and name for another account, whose number is new and to whom the old tokens mean nothing', async () => {
    const username = `again${newUuid().slice(0, 8)}`
    const old = await userWithEverything(app, { username })
    await erase(old.user.id)
    const next = await signUpUser(app, { email: old.email, username })
    const [before, after] = [old.user, next.user]
    expect(after.id).not.toBe(before.id)
    const { number } = (await findUser(await app.ctx(), after.id)) ?? { number: 0 }
    const gone = await rowsOf<{ seq: number }>("select seq from sqlite_sequence where name = 'users'")
    expect(number).toBe(gone[0]?.seq)
    const strong = (token: string) =>
      app.fetch('/validate?consistency=strong', { headers: { authorization: `Bearer ${token}` } })
    expect((await strong(old.accessToken)).status).toBe(401)
    expect((await strong(next.accessToken)).status).toBe(200)
    expect((await app.fetch('/api/v1/auth/refresh', json({ refresh_token: old.refreshToken }))).status).toBe(401)
    expect((await app.fetch('/api/v1/auth/refresh', json({ refresh_token: next.refreshToken }))).status).toBe(200)
    // The old session lists as nobody's.
    const sessions = await app.fetch('/api/v1/sessions', { headers: next.headers })
    expect((await sessions.json<{ total: number }>()).total).toBe(1)
  })

  it('never gives the number of the last user again', async () => {
    const ctx = await app.ctx()
    const first = await createUser(ctx, { email: newEmail() })
    await erase(first.id)
    const second = await createUser(ctx, { email: first.email })
    expect(second.number).toBeGreaterThan(first.number)
  })

  it('erases one who was deleted before, and has nobody twice', async () => {
    const ctx = await app.ctx()
    const { id } = await createUser(ctx, { email: newEmail() })
    await changeUserState(ctx, { userId: id, change: 'delete', actor: ADMIN })
    expect(await erase(id)).toEqual({ erased: true, propagated: true })
    await expect(erase(id)).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await expect(erase(newUuid())).rejects.toMatchObject({ code: 'NOT_FOUND' })
  })

  it('happens once when five ask at once', async () => {
    const user = await userWithEverything()
    const { id } = user.user
    const results = await Promise.allSettled(Array.from({ length: 5 }, () => erase(id)))
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason.code] : []))
    expect(new Set(refused).isSubsetOf(new Set(['NOT_FOUND']))).toBe(true)
    expect(results.some((result) => result.status === 'fulfilled' && result.value.erased)).toBe(true)
    expect(await findUser(await app.ctx(), id)).toBeUndefined()
    expect(await rowsOf("select id from events where type = 'user.erased' and subject = ?", id)).toHaveLength(1)
  })

  it('takes the person out of a long record in pieces', async () => {
    const user = await signUpUser(app)
    await app.settled()
    for (let piece = 0; piece < 3; piece += 1) await insertRows(user.user.id, 450)
    await run('update events set delivered_at = 1 where user_id = ?', user.user.id)
    expect((await erase(user.user.id)).erased).toBe(true)
    const [{ rows, personal } = { rows: 0, personal: 1 }] = await rowsOf<{ rows: number; personal: number }>(
      `select count(*) as rows, sum(data <> '{}' or ip is not null or user_agent is not null) as personal
       from events where user_id = ?`,
      user.user.id,
    )
    expect(rows).toBeGreaterThan(1350)
    expect(personal).toBe(0)
  })

  it('reads no table as a whole', async () => {
    const ctx = await app.ctx()
    const user = await createUser(ctx, { email: newEmail() })
    for (const statement of deleteUser(ctx, user)) {
      const { sql, params } = statement.toSQL()
      const plan = await rowsOf<{ detail: string }>(`explain query plan ${sql}`, ...params)
      expect(plan.filter(({ detail }) => /^SCAN (?!CONSTANT)/.test(detail))).toEqual([])
    }
  })
})

describe('the last admin', () => {
  const counted = createTestApp({ override: onCountsDatabase })
  beforeEach(emptyCountsDatabase)

  it('is not erased, also by two who erase each other', async () => {
    const ctx = await counted.ctx()
    const admins = [
      await createUser(ctx, { email: newEmail(), role: 'admin' }),
      await createUser(ctx, { email: newEmail(), role: 'admin' }),
    ]
    const results = await Promise.allSettled(admins.map(({ id }) => eraseUser(ctx, { userId: id, actor: ADMIN })))
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'LAST_ADMIN' } })
    const found = await Promise.all(admins.map(({ id }) => findUser(ctx, id)))
    expect(found.filter((user) => user?.status === 'active')).toHaveLength(1)
  })
})

describe('an erasure that cannot be done yet', () => {
  const withUserObject =
    (changes: (real: ReturnType<Ctx['objects']['user']>) => object) =>
    (ctx: Ctx): Ctx => ({
      ...ctx,
      objects: {
        ...ctx.objects,
        user: (id) =>
          new Proxy(ctx.objects.user(id), {
            get: (target, name) => Reflect.get({ ...changes(target) }, name) ?? Reflect.get(target, name),
          }),
      },
    })
  const down = () => Promise.reject(new Error('down'))

  it('is left to cron: the user is deleted, and nobody restores it', async () => {
    const broken = createTestApp({ override: withUserObject(() => ({ erase: down })) })
    const user = await userWithEverything()
    const { id } = user.user
    expect(await erase(id, broken)).toEqual({ erased: false, propagated: true })
    const ctx = await app.ctx()
    expect(await findUser(ctx, id)).toMatchObject({ status: 'deleted', email: user.email })
    await expect(changeUserState(ctx, { userId: id, change: 'restore', actor: ADMIN })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await eraseDeletedUsers(ctx)
    expect(await findUser(ctx, id)).toBeUndefined()
    const erased = await rowsOf(
      "select actor_type, actor_id from events where type = 'user.erased' and subject = ?",
      id,
    )
    expect(erased).toEqual([{ actor_type: 'system', actor_id: 'erasure' }])
  })

  it('says who asked for it', async () => {
    const broken = createTestApp({ override: withUserObject(() => ({ erase: down })) })
    const user = await signUpUser(app)
    await erase(user.user.id, broken)
    const [row] = await rowsOf<{ data: string }>(
      "select actor_id, data from events where user_id = ? and type = 'user.updated'",
      user.user.id,
    )
    expect(row).toMatchObject({ actor_id: ADMIN.id })
    expect(Object.keys(JSON.parse(row?.data ?? '{}'))).toEqual(['before', 'after'])
  })

  it('while the object is wholly down propagates nothing, and the sessions end with the next run', async () => {
    const broken = createTestApp({
      override: withUserObject(() => ({ nudge: down, endSessions: down, erase: down })),
    })
    const user = await userWithEverything()
    expect(await erase(user.user.id, broken)).toEqual({ erased: false, propagated: false })
    expect((await app.fetch('/api/v1/auth/refresh', json({ refresh_token: user.refreshToken }))).status).toBe(401)
    const ctx = await app.ctx()
    await eraseDeletedUsers(ctx)
    expect(await findUser(ctx, user.user.id)).toBeUndefined()
    const strong = await createTestApp().fetch('/validate?consistency=strong', { headers: user.headers })
    expect(strong.status).toBe(401)
  })

  it('holds up no other', async () => {
    const [stuck, fine] = [await signUpUser(app), await signUpUser(app)]
    const broken = createTestApp({
      override: (ctx) => ({
        ...ctx,
        objects: {
          ...ctx.objects,
          user: (id) =>
            id === stuck.user.id ? withUserObject(() => ({ erase: down }))(ctx).objects.user(id) : ctx.objects.user(id),
        },
      }),
    })
    const ctx = await broken.ctx()
    for (const { user } of [stuck, fine])
      await run("update users set status = 'deleted', erase_at = 1 where id = ?", user.id)
    await eraseDeletedUsers(ctx)
    expect((await findUser(ctx, stuck.user.id))?.status).toBe('deleted')
    expect(await findUser(ctx, fine.user.id)).toBeUndefined()
    await eraseDeletedUsers(await app.ctx())
    expect(await findUser(ctx, stuck.user.id)).toBeUndefined()
  })

  it('wherever it breaks off, is finished by the next run, with one event', async () => {
    const outcomes: string[] = []
    for (let allowed = 0; outcomes.at(-1) !== 'done'; allowed += 1) {
      const user = await signUpUser(app)
      await app.settled()
      const breaking = createTestApp({ env: { DB: databaseThatBreaksAfter(allowed) } })
      const outcome = await erase(user.user.id, breaking).then(
        ({ erased }) => (erased ? 'done' : 'left'),
        (thrown: Thrown) => thrown.code ?? thrown.cause?.code ?? 'UNKNOWN',
      )
      outcomes.push(outcome)
      await breaking.settled()
      const ctx = await app.ctx()
      const left = await findUser(ctx, user.user.id)
      if (left && left.status !== 'deleted') continue
      await run('update users set erase_at = 1 where id = ?', user.user.id)
      await eraseDeletedUsers(ctx)
      expect(await findUser(ctx, user.user.id)).toBeUndefined()
      expect(tablesOf(await placesOf(user.user.id))).toEqual(['events'])
      const events = await rowsOf("select id from events where type = 'user.erased' and subject = ?", user.user.id)
      expect(events).toHaveLength(1)
    }
    expect(outcomes.length).toBeGreaterThan(5)
    expect(new Set(outcomes.slice(0, -1)).isSubsetOf(new Set(['SERVICE_UNAVAILABLE', 'left']))).toBe(true)
  })
})

/** The query builder wraps what a single statement throws. */
interface Thrown {
  readonly code?: string
  readonly cause?: Thrown
}

/** Answers so many statements and batches, then none. */
function databaseThatBreaksAfter(allowed: number): object {
  let left = allowed
  const spend = <T>(work: () => Promise<T>): Promise<T> => {
    left -= 1
    return left < 0 ? Promise.reject(new Error('down')) : work()
  }
  const originals = new WeakMap<object, D1PreparedStatement>()
  const wrap = (statement: D1PreparedStatement): object => {
    const wrapped = {
      bind: (...values: unknown[]) => wrap(statement.bind(...values)),
      run: () => spend(() => statement.run()),
      all: () => spend(() => statement.all()),
      raw: () => spend(() => statement.raw()),
    }
    originals.set(wrapped, statement)
    return wrapped
  }
  return {
    withSession: () => {
      const session = env.DB.withSession('first-primary')
      return {
        prepare: (query: string) => wrap(session.prepare(query)),
        batch: (statements: object[]) =>
          spend(() => session.batch(statements.flatMap((statement) => originals.get(statement) ?? []))),
      }
    },
  }
}

describe('the grace period', () => {
  it('ends after DELETION_GRACE_DAYS: cron erases then, and not before', async () => {
    const user = await userWithEverything()
    const { id } = user.user
    const ctx = await app.ctx()
    const deleted = await changeUserState(ctx, { userId: id, change: 'delete', actor: ADMIN })
    expect(deleted.user.eraseAt).toBeGreaterThan(Date.now() + 29 * DAY)
    await eraseDeletedUsers(await later(29 * DAY).ctx())
    expect((await findUser(ctx, id))?.status).toBe('deleted')
    await runScheduled(await later(30 * DAY).ctx())
    expect(await findUser(ctx, id)).toBeUndefined()
  })

  it('of 0 days lets the next run of cron erase, and nobody restore', async () => {
    const strict = createTestApp({ env: { DELETION_GRACE_DAYS: '0' } })
    const ctx = await strict.ctx()
    const { id } = await createUser(ctx, { email: newEmail() })
    await changeUserState(ctx, { userId: id, change: 'delete', actor: ADMIN })
    const restore = changeUserState(ctx, { userId: id, change: 'restore', actor: ADMIN })
    await expect(restore).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await eraseDeletedUsers(ctx)
    expect(await findUser(ctx, id)).toBeUndefined()
  })

  it('lets an admin restore: inactive, with nothing lost, and cron leaves it alone', async () => {
    const user = await userWithEverything()
    const { id } = user.user
    const ctx = await app.ctx()
    const places = tablesOf(await placesOf(id))
    await changeUserState(ctx, { userId: id, change: 'delete', actor: ADMIN })
    const restored = await changeUserState(ctx, { userId: id, change: 'restore', actor: ADMIN })
    expect(restored.user).toMatchObject({ status: 'inactive', eraseAt: null, deletedAt: null, email: user.email })
    await eraseDeletedUsers(await later(60 * DAY).ctx())
    expect(tablesOf(await placesOf(id))).toEqual(places)
    await changeUserState(ctx, { userId: id, change: 'activate', actor: ADMIN })
    expect((await signInUser(app, user)).user.id).toBe(id)
    expect((await app.fetch('/api/v1/auth/refresh', json({ refresh_token: user.refreshToken }))).status).toBe(401)
  })
})

describe('what comes late of a user who was erased', () => {
  async function deliver(events: readonly object[]): Promise<void> {
    const batch = createMessageBatch('postern-object-events', [
      { id: newUuid(), timestamp: new Date(), attempts: 1, body: { events } },
    ])
    await runQueue(await app.ctx(), batch)
    const result = await getQueueResult(batch, createExecutionContext())
    expect(result.explicitAcks).toHaveLength(1)
  }

  it('is recorded without the person, counts for nobody, and wakes nothing', async () => {
    const user = await userWithEverything()
    const userId = user.user.id
    await erase(userId)
    const late = ['session.created', 'session.revoked'].map((type) =>
      testEvent({ type, userId, subject: newUuid(), data: { browser: 'Chrome' } }),
    )
    await deliver(late)
    await deliver(late)
    const [committed = ''] = await insertRows(userId, 1)
    for (const id of [...late.map(({ id }) => id), committed]) {
      expect(await rowsOf('select data, ip, user_agent, user_id, delivered_at from events where id = ?', id)).toEqual([
        { data: '{}', ip: null, user_agent: null, user_id: userId, delivered_at: expect.any(Number) },
      ])
    }
    expect(tablesOf(await placesOf(userId))).toEqual(['events'])
  })

  it('is recorded whole of a user who is there, deleted or not', async () => {
    const ctx = await app.ctx()
    const { id: userId } = await createUser(ctx, { email: newEmail() })
    await changeUserState(ctx, { userId, change: 'delete', actor: ADMIN })
    const event = testEvent({ userId, data: { browser: 'Chrome' } })
    await deliver([event])
    expect(await rowsOf('select data, ip from events where id = ?', event.id)).toEqual([
      { data: '{"browser":"Chrome"}', ip: event.ip },
    ])
  })
})
