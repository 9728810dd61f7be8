import { runInDurableObject } from 'cloudflare:test'
import { parse } from 'csv-parse/sync'
import { getTableColumns, getTableName } from 'drizzle-orm'
import { describe, expect, it } from 'vitest'
import { PARTS } from '../../../src/db/user-data.ts'
import { CONTENTS } from '../../../src/durable/user-authority/contents.ts'
import { USER_AUTHORITY_MIGRATIONS } from '../../../src/durable/user-authority/tables.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { networkOf } from '../../../src/lib/network.ts'
import { OBJECT_DATA, SECTIONS, USER_DATA } from '../../../src/user-data.ts'
import { createTestApp, env } from '../../support/app.ts'
import { linkIn, waitForMails } from '../../support/mail.ts'
import { scansIn, watchPlans } from '../../support/plans.ts'
import { makeAdmin, signInUser, signUpUser } from '../../support/users.ts'
import { rowsOf, run } from '../account/erasure-support.ts'
import { addPasskey, beginSignIn } from '../factors/passkeys/support.ts'
import { ageSession, createClockedSuite, enrolQuickly } from '../factors/totp/support.ts'
import { COMPLIANCE, call, EXPORTS, exportOf, HOLDS, REQUESTS, userInEverySection } from './support.ts'

const app = createTestApp()
const clocked = createClockedSuite()

describe('the list', () => {
  it('says of every column of a table with a user in it whether an export has it, or why not', () => {
    const unsaid = [...new Set(USER_DATA.map(({ table }) => table))].flatMap((table) => {
      const entries = USER_DATA.filter((entry) => entry.table === table)
      if (entries.every(({ exports }) => 'withheld' in exports)) return []
      const said = entries.flatMap(({ shows = [], hides = {} }) => [...shows, ...Object.values(hides).flat()])
      return Object.keys(getTableColumns(table))
        .filter((column) => !said.includes(column))
        .map((column) => `${getTableName(table)}.${column}`)
    })
    expect(unsaid).toEqual([])
  })

  it('says it of every table of a user’s object, and of every kind of object and key', async () => {
    const stub = (env.USER_AUTHORITY as unknown as DurableObjectNamespace).getByName('the list')
    const tables = await runInDurableObject(stub, (_, { storage }) =>
      storage.sql.exec<{ name: string }>("select name from sqlite_master where type = 'table'").toArray(),
    )
    const own = tables.map(({ name }) => name).filter((name) => !/^(sqlite_|_cf_|alarms|migrations)/.test(name))
    expect(Object.keys(USER_AUTHORITY_MIGRATIONS)).not.toEqual([])
    expect(own.toSorted()).toEqual(Object.keys(CONTENTS).toSorted())
    const said = OBJECT_DATA.map(({ of }) => of.split('.')[0])
    const objects = ['UserAuthority', 'SignInGuard', 'RevocationFeed', 'EventHub', 'WebhookEndpoint']
    expect(said).toEqual(expect.arrayContaining([...objects, 'KV session:', 'KV limit:', 'KV avatar:']))
  })

  it('gives each section a name of its own, and each part a section', () => {
    const names = SECTIONS.map(({ name }) => name)
    expect(names).toHaveLength(new Set(names).size)
    expect(new Set(SECTIONS.map(({ part }) => part))).toEqual(new Set(PARTS))
  })
})

describe('a data export', () => {
  it('has each piece of the person by the one list, and nothing of others', async () => {
    const { user, others } = await userInEverySection(app)
    const id = await exportOf(app, user)
    const manifest = await call(app, user, 'GET', `${EXPORTS}/${id}`)
    expect(manifest.body.parts.map(({ name }: { name: string }) => name)).toEqual(PARTS)
    const { status, body } = await call(app, user, 'GET', `${EXPORTS}/${id}/download`)
    expect(status).toBe(200)
    expect(body.complete).toBe(true)
    const shown = SECTIONS.map(({ part, name, fields }) => {
      const [first] = body.parts[part][name]
      return {
        name,
        fields: first && Object.keys(first).toSorted(),
        count: body.counts[name] > 0 && first !== undefined,
        fieldsOfList: fields.toSorted(),
      }
    })
    expect(shown.filter(({ count }) => !count).map(({ name }) => name)).toEqual([])
    for (const { fields, fieldsOfList } of shown) expect(fields).toEqual(fieldsOfList)
    const text = JSON.stringify(body)
    for (const secret of others.secrets) expect(text).not.toContain(secret)
    expect(text).toContain('an admin')
    expect(body.parts.profile.users[0]).toMatchObject({ id: user.user.id, email: user.email })
    expect(body.parts.profile.pictures).toEqual([{ name: '00'.repeat(16), base64: 'AQID' }])
    expect(body.parts.memberships.directory_groups).toMatchObject([{ display_name: 'Friends' }])
    // Where they signed up: the network that the guard knows, and the record.
    expect(body.parts.sessions.networks).toMatchObject([{ network: networkOf(user.address), outcome: 'completed' }])
    expect(text).toContain(user.address)
    for (const secret of ['sealed', 'token_hash', 'password_hash', 'code_hash'])
      expect(text).not.toContain(`"${secret}`)
  })

  it('reads no table as a whole', async () => {
    const plans = watchPlans()
    const user = await signUpUser(app)
    const watched = createTestApp({ override: (ctx) => plans.into(ctx) })
    const id = await exportOf(app, user)
    const { status } = await call(watched, user, 'GET', `${EXPORTS}/${id}/download`)
    expect(status).toBe(200)
    const steps = await plans.plans()
    expect(steps.length).toBeGreaterThan(20)
    expect(scansIn(steps)).toEqual([])
  })

  it('is one part as JSON or CSV, whose cells are no formulas', async () => {
    const user = await signUpUser(app, { first_name: '=1+1' })
    await run("update users set display_name = 'a' || char(10) || '=2,b' where id = ?", user.user.id)
    const id = await exportOf(app, user)
    const one = await call(app, user, 'GET', `${EXPORTS}/${id}/download?part=profile`)
    expect(Object.keys(one.body.parts)).toEqual(['profile'])
    const csv = await call(app, user, 'GET', `${EXPORTS}/${id}/download?part=profile&format=csv`)
    expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8')
    const [row] = parse(csv.body, { columns: true }) as Record<string, string>[]
    expect(row).toMatchObject({
      section: 'users',
      id: user.user.id,
      email: user.email,
      first_name: "'=1+1",
      display_name: 'a\n=2,b',
    })
    // Also for a reader that ends rows at a line feed alone.
    expect(parse(csv.body, { record_delimiter: '\n', relax_column_count: true })).toHaveLength(2)
    expect((await call(app, user, 'GET', `${EXPORTS}/${id}/download?format=csv`)).status).toBe(422)
    expect((await call(app, user, 'GET', `${EXPORTS}/${id}/download?part=x`)).status).toBe(422)
  })

  it('is read page by page', async () => {
    const user = await signUpUser(app)
    await run(
      `insert into consents (id, user_id, purpose, version, change, at)
       with recursive n(i) as (select 1 union all select i + 1 from n where i < 1201)
       select ? || '-' || i, ?, 'p' || i, '1', 'given', i from n`,
      user.user.id,
      user.user.id,
    )
    const id = await exportOf(app, user)
    const { body } = await call(app, user, 'GET', `${EXPORTS}/${id}/download?part=consents`)
    const purposes = body.parts.consents.consents.map(({ purpose }: { purpose: string }) => purpose)
    expect(purposes).toEqual(Array.from({ length: 1201 }, (_, index) => `p${index + 1}`))
    expect(body.counts.consents).toBe(1201)
  })

  it('is asked for in the ways of documented clients, and answered under data, too', async () => {
    const user = await signUpUser(app)
    const flat = await call(app, user, 'POST', '/api/compliance/data-export', {
      format: 'csv',
      includeAttachments: true,
    })
    expect(flat).toMatchObject({ status: 202, body: { status: 'completed', format: 'csv' } })
    expect(flat.body.estimatedCompletionTime).toBe(flat.body.estimated_completion_time)
    const asked = await call(app, user, 'POST', `${COMPLIANCE}/data-subject-request`, { request_type: 'access' })
    expect(asked).toMatchObject({ status: 201, body: { success: true, request_type: 'access', status: 'completed' } })
    expect(asked.body.data.request_id).toBe(asked.body.request_id)
    const data = await call(app, user, 'GET', `${COMPLIANCE}/data-subject-request/${asked.body.id}/data`)
    expect(data.body).toMatchObject({ success: true, data: { complete: true, export: { id: asked.body.id } } })
  })

  it('is three a day, also of five that ask at once', async () => {
    const user = await signUpUser(app)
    const five = await Promise.all(Array.from({ length: 5 }, () => call(app, user, 'POST', EXPORTS)))
    expect(five.map(({ status }) => status).toSorted()).toEqual([202, 202, 202, 429, 429])
    expect(await rowsOf('select id from data_requests where user_id = ?', user.user.id)).toHaveLength(3)
    const refused = five.find(({ status }) => status === 429)
    expect(refused?.body).toMatchObject({ code: 'RATE_LIMIT_EXCEEDED', details: { retry_after: 86_400 } })
  })

  it('is an event when it is asked for and when it is read, and a mail with a way to say that it was not me', async () => {
    const user = await signUpUser(app)
    await app.settled()
    await waitForMails(app, user.email)
    const id = await exportOf(app, user)
    for (const path of [`${EXPORTS}/${id}/download`, `${COMPLIANCE}/data-subject-request/${id}/data`]) {
      const head = await app.fetch(path, { method: 'HEAD', headers: user.headers })
      expect([head.status, await head.text()]).toEqual([200, ''])
    }
    await call(app, user, 'GET', `${EXPORTS}/${id}/download?part=roles`)
    await app.settled()
    const events = await rowsOf('select type, data from events where subject = ? order by position', id)
    expect(events.map(({ type }) => type)).toEqual(['privacy.requested', 'privacy.exported'])
    expect(JSON.parse(String(events[1]?.data))).toEqual({ part: 'roles', format: 'json' })
    const mails = await waitForMails(app, user.email, 2)
    const mail = mails.find(({ subject }) => subject.includes('was asked for'))
    expect(mail && linkIn(mail).pathname).toBe('/report-activity')
  })
})

describe('whoever may not', () => {
  it('another session of the same user, and another user, are told of no export', async () => {
    const user = await signUpUser(app)
    const id = await exportOf(app, user)
    const second = await signInUser(app, user)
    const stranger = await signUpUser(app)
    for (const path of [
      `${EXPORTS}/${id}`,
      `${EXPORTS}/${id}/download`,
      `${COMPLIANCE}/data-subject-request/${id}/data`,
    ]) {
      for (const who of [second, stranger]) {
        const { status, body } = await call(app, who, 'GET', path)
        expect({ status, code: body.code }).toEqual({ status: 404, code: 'DATA_REQUEST_NOT_FOUND' })
      }
      const nobody = await app.fetch(path)
      expect(nobody.status).toBe(401)
      expect((await call(app, user, 'GET', path)).status).toBe(200)
    }
  })

  it('a stolen session without a fresh factor asks for nothing and reads nothing', async () => {
    const user = await signUpUser(app)
    const id = await exportOf(app, user)
    const stale = await ageSession(clocked, user)
    const calls = [
      ['POST', EXPORTS, {}],
      ['POST', '/api/compliance/data-export', {}],
      ['POST', REQUESTS, { request_type: 'access' }],
      ['POST', REQUESTS, { request_type: 'objection' }],
      ['POST', `${COMPLIANCE}/privacy/data-deletion`, {}],
      ['GET', `${EXPORTS}/${id}`, undefined],
      ['GET', `${EXPORTS}/${id}/download`, undefined],
      ['GET', `${COMPLIANCE}/data-subject-request/${id}/data`, undefined],
    ] as const
    for (const [method, path, body] of calls) {
      const answer = await call(clocked, stale, method, path, body)
      expect({ path, status: answer.status, code: answer.body.code }).toEqual({
        path,
        status: 403,
        code: 'STEP_UP_REQUIRED',
      })
    }
    expect(await rowsOf('select id from data_requests where user_id = ?', user.user.id)).toHaveLength(1)
  })

  it.each<[string, object]>([
    [EXPORTS, {}],
    [REQUESTS, { request_type: 'objection' }],
    [`${COMPLIANCE}/privacy/data-deletion`, {}],
    [HOLDS, { user_id: newUuid(), reason: 'x' }],
    ['/api/v1/audit-logs/export', {}],
  ])('a passkey is a fresh factor at %s', async (path, body) => {
    const { user, authenticator } = await addPasskey(await makeAdmin(app))
    const stale = await ageSession(clocked, user)
    expect((await call(clocked, stale, 'POST', path, body)).body.code).toBe('STEP_UP_REQUIRED')
    const credential = await authenticator.get(await beginSignIn({ email: user.email }, clocked))
    // The hold is of nobody, which is found out after the proof.
    expect((await call(clocked, stale, 'POST', path, { ...body, credential })).status).toBeOneOf([200, 201, 202, 404])
  })

  it('of a user with a second factor the password is not enough', async () => {
    const user = await signUpUser(app)
    await enrolQuickly(clocked, user)
    const { status, body } = await call(app, user, 'POST', EXPORTS, { password: user.password })
    expect({ status, code: body.code }).toEqual({ status: 403, code: 'STEP_UP_REQUIRED' })
  })

  it('after a day there is nothing', async () => {
    const user = await signUpUser(app)
    const id = await exportOf(app, user)
    await run('update data_requests set available_until = ? where id = ?', Date.now() - 1, id)
    expect((await call(app, user, 'GET', `${EXPORTS}/${id}/download`)).status).toBe(404)
  })
})
