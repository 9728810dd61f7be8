import { beforeEach, describe, expect, it } from 'vitest'
import operations from '../../../docs/operations.md?raw'
import type { Ctx } from '../../../src/context.ts'
import { eraseDeletedUsers, eraseUser } from '../../../src/features/account/service/erasure.ts'
import { openSession } from '../../../src/features/sessions/service/opening.ts'
import { changeUserState } from '../../../src/features/users/service/state.ts'
import { createUser, findUser } from '../../../src/features/users/service/users.ts'
import { runScheduled } from '../../../src/jobs.ts'
import { DAY } from '../../../src/lib/time.ts'
import { USER_DATA } from '../../../src/user-data.ts'
import { createTestApp, env, json, type TestApp } from '../../support/app.ts'
import { emptyCountsDatabase, onCountsDatabase } from '../../support/counts-database.ts'
import { newEmail, signInUser, signUpUser } from '../../support/users.ts'
import { ADMIN, app, erase, placesOf, rowsOf, run, tablesOf, userWithEverything } from './erasure-support.ts'

const later = (ms: number): TestApp => {
  const now = Date.now() + ms
  // The suite's signing keys are not due by then: cron does all its jobs.
  return createTestApp({ env: { KEY_ROTATION_DAYS: '365' }, override: (ctx) => ({ ...ctx, now: () => now }) })
}

describe('the last admin', () => {
  const counted = createTestApp({ override: onCountsDatabase })
  beforeEach(emptyCountsDatabase)

  it('is not erased, also by two who erase each other', async () => {
    const ctx = await counted.ctx()
    const admins = [
      await createUser(ctx, { email: newEmail(), role: 'admin' }),
      await createUser(ctx, { email: newEmail(), role: 'admin' }),
    ]
    const results = await Promise.allSettled(
      admins.map(({ id }) => eraseUser(ctx, { userId: id, actor: ADMIN, userData: USER_DATA })),
    )
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(results.find(({ status }) => status === 'rejected')).toMatchObject({ reason: { code: 'LAST_ADMIN' } })
    const found = await Promise.all(admins.map(({ id }) => findUser(ctx, id)))
    expect(found.filter((user) => user?.status === 'active')).toHaveLength(1)
  })
})

it('no session of a sign-in outlives an erasure that it races with', async () => {
  for (let round = 0; round < 6; round += 1) {
    const ctx = await app.ctx()
    const user = await createUser(ctx, { email: newEmail() })
    const signIns = Array.from({ length: 4 }, () => openSession(ctx, { user, amr: ['pwd'] }))
    const [{ erased }, ...opened] = await Promise.all([erase(user.id), ...signIns.map(settle)])
    expect(erased).toBe(true)
    expect(await ctx.objects.user(user.id).listSessions({ userId: user.id, withEnded: true })).toEqual([])
    for (const token of opened.flatMap((session) => session?.tokens.accessToken ?? [])) {
      const headers = { authorization: `Bearer ${token}` }
      expect((await createTestApp().fetch('/validate?consistency=strong', { headers })).status).toBe(401)
      expect((await createTestApp().fetch('/validate', { headers })).status).toBe(401)
    }
  }
})

const settle = <T>(work: Promise<T>): Promise<T | null> => work.catch(() => null)

it('a user that a restored database brings back is erased again, as docs/operations.md says', async () => {
  const { id, email } = await createUser(await app.ctx(), { email: newEmail() })
  await erase(id)
  await run('insert into users (id, email, created_at, updated_at) values (?, ?, 0, 0)', id, email)
  const [, statement = ''] = /`(update users set status = 'deleted'.*?)\(…\)`/.exec(operations) ?? []
  await run(`${statement}(?)`, id)
  await eraseDeletedUsers(await app.ctx(), USER_DATA)
  expect(await placesOf(email)).toEqual([])
  expect(await rowsOf("select id from events where type = 'user.erased' and subject = ?", id)).toHaveLength(2)
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

  it('is left to cron: the user is deleted, and cannot be restored', async () => {
    const broken = createTestApp({ override: withUserObject(() => ({ erase: down })) })
    const user = await userWithEverything()
    const { id } = user.user
    expect(await erase(id, broken)).toEqual({ erased: false, propagated: true })
    const ctx = await app.ctx()
    expect(await findUser(ctx, id)).toMatchObject({ status: 'deleted', email: user.email })
    await expect(changeUserState(ctx, { userId: id, change: 'restore', actor: ADMIN })).rejects.toMatchObject({
      code: 'NOT_FOUND',
    })
    await eraseDeletedUsers(ctx, USER_DATA)
    expect(await findUser(ctx, id)).toBeUndefined()
    const erased = await rowsOf(
      "select actor_type, actor_id from events where type = 'user.erased' and subject = ?",
      id,
    )
    expect(erased).toEqual([{ actor_type: 'system', actor_id: 'erasure' }])
  })

  it('of a record that is too long for one run continues in the next, and the row stays until then', async () => {
    const ctx = await app.ctx()
    const { id } = await createUser(ctx, { email: newEmail() })
    await run(
      `insert into events (id, type, time, subject, user_id, actor_type, actor_id, data, delivered_at)
       with recursive n (i) as (select 1 union all select i + 1 from n where i < 20500)
       select printf('%08x-0000-4000-8000-%012x', abs(random()) % 4294967296, i), 'user.updated', 0, ?1, ?1, 'user', ?1, '{"after":{"first_name":"Ada"}}', 1 from n`,
      id,
    )
    const personal = async () =>
      (await rowsOf("select position from events where user_id = ? and data <> '{}'", id)).length
    expect(await erase(id)).toMatchObject({ erased: false })
    expect(await personal()).toBeGreaterThan(0)
    expect(await personal()).toBeLessThan(1000)
    expect(await findUser(ctx, id)).toMatchObject({ status: 'deleted' })
    await eraseDeletedUsers(ctx, USER_DATA)
    expect(await personal()).toBe(0)
    expect(await findUser(ctx, id)).toBeUndefined()
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
    await eraseDeletedUsers(ctx, USER_DATA)
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
    await eraseDeletedUsers(ctx, USER_DATA)
    expect((await findUser(ctx, stuck.user.id))?.status).toBe('deleted')
    expect(await findUser(ctx, fine.user.id)).toBeUndefined()
    await eraseDeletedUsers(await app.ctx(), USER_DATA)
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
      await eraseDeletedUsers(ctx, USER_DATA)
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
    await eraseDeletedUsers(await later(29 * DAY).ctx(), USER_DATA)
    expect((await findUser(ctx, id))?.status).toBe('deleted')
    await runScheduled(await later(30 * DAY).ctx())
    expect(await findUser(ctx, id)).toBeUndefined()
  })

  it('of 0 days lets the next run of cron erase, and permits no restore', async () => {
    const strict = createTestApp({ env: { DELETION_GRACE_DAYS: '0' } })
    const ctx = await strict.ctx()
    const { id } = await createUser(ctx, { email: newEmail() })
    await changeUserState(ctx, { userId: id, change: 'delete', actor: ADMIN })
    const restore = changeUserState(ctx, { userId: id, change: 'restore', actor: ADMIN })
    await expect(restore).rejects.toMatchObject({ code: 'NOT_FOUND' })
    await eraseDeletedUsers(ctx, USER_DATA)
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
    await eraseDeletedUsers(await later(60 * DAY).ctx(), USER_DATA)
    expect(tablesOf(await placesOf(id))).toEqual(places)
    await changeUserState(ctx, { userId: id, change: 'activate', actor: ADMIN })
    expect((await signInUser(app, user)).user.id).toBe(id)
    expect((await app.fetch('/api/v1/auth/refresh', json({ refresh_token: user.refreshToken }))).status).toBe(401)
  })
})
