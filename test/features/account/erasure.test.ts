import { createExecutionContext, createMessageBatch, getQueueResult } from 'cloudflare:test'
import { beforeAll, describe, expect, it } from 'vitest'
import { eraseDeletedUsers, eraseUser } from '../../../src/features/account/service/erasure.ts'
import { loadSigningKey } from '../../../src/features/keys/service/tokens.ts'
import { changeUserState } from '../../../src/features/users/service/state.ts'
import { createUser, findUser } from '../../../src/features/users/service/users.ts'
import { runQueue } from '../../../src/jobs.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { USER_DATA } from '../../../src/user-data.ts'
import { createTestApp, json } from '../../support/app.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'
import { connect } from '../../support/sockets.ts'
import { newEmail, signInUser, signUpUser } from '../../support/users.ts'
import { insertRows, testEvent } from '../events/support.ts'
import { ADMIN, app, erase, placesOf, rowsOf, run, tablesOf, userWithEverything } from './erasure-support.ts'

// The first request of a deployment makes the signing key, with its own address in the record.
beforeAll(async () => {
  await loadSigningKey(await app.ctx())
})

describe('erasing a user', () => {
  it('deletes the row and everything that belongs to it, and takes the person out of the record', async () => {
    const user = await userWithEverything()
    const { id } = user.user
    expect(tablesOf(await placesOf(id))).toEqual(
      [
        'backup_codes',
        'consents',
        'counts',
        'data_requests',
        'dear_hashes',
        'events',
        'federated_sessions',
        'former_addresses',
        'grants',
        'identities',
        'invitations',
        'legal_holds',
        'mails',
        'one_time_tokens',
        'passkey_handles',
        'passkeys',
        'policies',
        'policy_versions',
        'privacy_settings',
        'role_assignments',
        'scim_tokens',
        'scim_users',
        'totp_factors',
        'users',
        'webhook_endpoints',
      ].toSorted(),
    )
    expect(await placesOf(user.email)).toEqual(
      expect.arrayContaining(['users.email', 'mails.recipient', 'mailbox.recipient', 'events.data']),
    )
    expect(await erase(id)).toEqual({ erased: true, propagated: true })
    expect(await placesOf(user.email)).toEqual([])
    expect(await placesOf(user.address)).toEqual([])
    expect(await placesOf(String(user.user.username))).toEqual([])
    expect(tablesOf(await placesOf(id))).toEqual(['data_requests', 'events'])
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

  it('is an event for the platform, and none for the log of the user', async () => {
    const user = await userWithEverything()
    await erase(user.user.id)
    await app.settled()
    const hub = (await app.ctx()).objects.hub('platform')
    const { head } = await hub.read({ topic: 'platform', after: 0, limit: 1 })
    const { events } = await hub.read({ topic: 'platform', after: head - 200, limit: 200 })
    const types = events.filter(({ event }) => event.subject === user.user.id).map(({ event }) => event.type)
    expect(types.slice(-3)).toEqual(['user.deleted', 'user.updated', 'user.erased'])
  })

  it('invalidates every token of the user, in every isolate', async () => {
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

  it('erases a user who was deleted before, and only once', async () => {
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
    const plans = watchPlans()
    const user = await userWithEverything()
    // Cron erases those with an unconfirmed address, too.
    const unconfirmed = await createUser(await app.ctx(), { email: newEmail() })
    await run("update users set status = 'deleted', erase_at = 1 where id = ?", unconfirmed.id)
    // A run erases fifty, and other files have deleted more.
    await run('update users set erase_at = null where id <> ?', unconfirmed.id)
    const ctx = plans.into(await app.ctx())
    await eraseDeletedUsers(ctx, USER_DATA)
    expect(await findUser(ctx, unconfirmed.id)).toBeUndefined()
    await eraseUser(ctx, { userId: user.user.id, actor: ADMIN, userData: USER_DATA })
    for (const hold of [
      { userId: user.user.id, organizationId: null },
      { userId: null, organizationId: newUuid() },
    ])
      for (const { afterHold } of USER_DATA) for (const statement of afterHold?.(ctx, hold) ?? []) await statement
    const steps = await plans.plans()
    expect(steps.length).toBeGreaterThan(15)
    expect(steps.some((step) => step.startsWith('SEARCH doer'))).toBe(true)
    expect(scansIn(steps)).toEqual([])
  })
})

describe('events of an erased user that arrive late', () => {
  async function deliver(events: readonly object[]): Promise<void> {
    const batch = createMessageBatch('postern-object-events', [
      { id: newUuid(), timestamp: new Date(), attempts: 1, body: { events } },
    ])
    await runQueue(await app.ctx(), batch)
    const result = await getQueueResult(batch, createExecutionContext())
    expect(result.explicitAcks).toHaveLength(1)
  }

  it('are recorded without the person, and neither counted nor delivered', async () => {
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
    expect(tablesOf(await placesOf(userId))).toEqual(['data_requests', 'events'])
  })

  it('are recorded completely while the user exists, deleted or not', async () => {
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
