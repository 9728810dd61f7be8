import { describe, expect, it } from 'vitest'
import { fails, isolateWithout, type Part } from '../../faults/support.ts'
import { createTestApp, json } from '../../support/app.ts'
import { openPerson } from '../../support/organizations.ts'
import { signUpUser } from '../../support/users.ts'
import { answerChallenge, createClockedApp, enrolQuickly, startSignIn, totpAt } from '../factors/totp/support.ts'
import {
  accountOf,
  callScim,
  connect,
  directoryOf,
  membershipOf,
  rowsOf,
  run,
  SCIM,
  SCIM_ERROR,
  type TestDirectory,
} from './support.ts'

const app = createTestApp()

let known: Promise<TestDirectory> | undefined
const shared = () => {
  known ??= connect(app)
  return known
}

const off = { op: 'replace', path: 'active', value: false }

describe('a deactivation', () => {
  it.each([
    ['the object of the user', 'user'],
    ['the feed', 'feed'],
  ] as const)('stands without %s, says that it has not propagated, and ends by the row', async (_, part: Part) => {
    const directory = await shared()
    const person = await openPerson(app, { email: directory.name() })
    const { body } = await directory.user({ userName: person.user.email })
    const without = directoryOf(isolateWithout(part, fails), directory)
    const { status, headers } = await without.patch(body.id, off)
    expect(status).toBe(200)
    if (part === 'user') expect(headers.get('x-propagated')).toBe('false')
    expect(await accountOf(body.id)).toMatchObject({ status: 'inactive' })
    expect((await person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken })).status).toBe(401)
  })

  it('leaves nothing half done without the database', async () => {
    const directory = await shared()
    const { body } = await directory.user()
    const before = await accountOf(body.id)
    const without = directoryOf(isolateWithout('database', fails), directory)
    const answer = await without.patch(body.id, off)
    expect([answer.status, answer.body.schemas, answer.headers.get('content-type')]).toEqual([
      503,
      [SCIM_ERROR],
      'application/scim+json',
    ])
    expect(await accountOf(body.id)).toEqual(before)
    expect((await directory.call('GET', `/Users/${body.id}`)).body).toEqual(body)
  })

  it('stands without the queues, and without whoever counts invitations', async () => {
    const directory = await shared()
    const { body } = await directory.user()
    for (const part of ['queue', 'mail', 'hub'] as const)
      expect((await directoryOf(isolateWithout(part, fails), directory).patch(body.id, off)).status).toBe(200)
    const email = `${crypto.randomUUID()}@elsewhere.test`
    expect((await directoryOf(isolateWithout('guard', fails), directory).user({ userName: email })).status).toBe(201)
  })
})

describe('at once', () => {
  it('20 deactivations switch off once, and leave one version and one event', async () => {
    const directory = await shared()
    const { body } = await directory.user()
    const account = await accountOf(body.id)
    const answers = await Promise.all(Array.from({ length: 20 }, () => directory.patch(body.id, off)))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect((await directory.call('GET', `/Users/${body.id}`)).body.meta.version).toBe('W/"2"')
    const events = await rowsOf("select 1 from events where user_id = ? and type = 'user.deactivated'", account?.id)
    expect(events).toHaveLength(1)
  })

  it('a deactivation and a sign-in: whatever was first, nothing stays open', async () => {
    const directory = await shared()
    const person = await openPerson(app, { email: directory.name() })
    const { body } = await directory.user({ userName: person.user.email })
    const [, refreshed] = await Promise.all([
      directory.patch(body.id, off),
      person.call('POST', '/api/v1/auth/refresh', { refresh_token: person.refreshToken }),
    ])
    const token = refreshed.status === 200 ? refreshed.body.refresh_token : person.refreshToken
    expect((await person.call('POST', '/api/v1/auth/refresh', { refresh_token: token })).status).toBe(401)
    if (refreshed.status === 200)
      expect(
        (await app.fetch('/validate', { headers: { authorization: `Bearer ${refreshed.body.access_token}` } })).status,
      ).toBe(401)
  })

  it.each(['before', 'with'])('a deactivation %s the second factor of a sign-in on its way', async (order) => {
    const directory = await shared()
    const clocked = createClockedApp()
    const person = await enrolQuickly(clocked, await signUpUser(clocked, { email: directory.name() }))
    await run('update users set email_verified_at = 1 where id = ?', person.user.id)
    const { body } = await directory.user({ userName: person.email })
    const { mfa_token } = await startSignIn(clocked, person)
    const answer = () => answerChallenge(clocked, mfa_token, totpAt(person.secret, clocked.clock.now))
    if (order === 'before') {
      await directory.patch(body.id, off)
      expect((await answer()).status).toBe(401)
      return
    }
    const [, answered] = await Promise.all([directory.patch(body.id, off), answer()])
    const { refresh_token } = await answered.json<{ refresh_token?: string }>()
    if (refresh_token) expect((await clocked.fetch('/api/v1/auth/refresh', json({ refresh_token }))).status).toBe(401)
    expect(await accountOf(body.id)).toMatchObject({ status: 'inactive' })
  })

  it('two posts of one address under two names: one record has the account', async () => {
    const directory = await shared()
    const email = directory.name()
    const both = await Promise.all(
      ['a', 'b'].map((name) => directory.user({ userName: `${name} ${email}`, emails: [{ value: email }] })),
    )
    expect(both.map(({ status }) => status)).toEqual([201, 201])
    const accounts = await Promise.all(both.map(({ body }) => accountOf(body.id)))
    expect(accounts.filter(Boolean)).toHaveLength(1)
    expect(await rowsOf('select 1 from users where email = ?', email)).toHaveLength(1)
  })

  it('a deactivation and a promotion by hand', async () => {
    const directory = await shared()
    const person = await directory.team.join('member')
    const { body } = await directory.user({ userName: person.user.email })
    const { owner, path, id } = directory.team
    await Promise.all([
      directory.patch(body.id, off),
      owner.call('PUT', `${path}/members/${person.id}/role`, { role: 'admin' }),
    ])
    expect(await membershipOf(id, person.id)).toMatchObject({ taken_up_at: null })
  })
})

it('an ended token is refused by every isolate', async () => {
  const { token, team } = await connect(app)
  await team.owner.call('PUT', `${team.path}/scim/config`, { enabled: false })
  expect((await callScim(createTestApp(), token, { method: 'GET', path: `${SCIM}/Users` })).status).toBe(401)
})
