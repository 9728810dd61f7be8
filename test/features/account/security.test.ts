import { beforeAll, describe, expect, it } from 'vitest'
import { userDirectoryRoutes } from '../../../src/features/account/routes/directory.ts'
import { createAccountDeletionRoutes, userAccountRoutes } from '../../../src/features/account/routes/users.ts'
import { recordErasure } from '../../../src/features/privacy/service/requests.ts'
import { createTestApp } from '../../support/app.ts'
import { countsDatabase, emptyCountsDatabase, onCountsDatabase } from '../../support/counts-database.ts'
import { makeAdmin, newAddress, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { freshMachine, requestToken } from '../oauth/support.ts'
import { app, ask } from '../users/support.ts'

const routes = [userDirectoryRoutes, userAccountRoutes, createAccountDeletionRoutes(recordErasure)]
  .flatMap(({ list }) => list)
  .filter(({ spec }) => spec.guard.kind !== 'public')
const NAMES = routes.map(({ method, path }) => [method, path.slice('/api/v1/users'.length)] as const)
const FOR_ADMINS = [
  'GET ',
  'GET /search',
  'POST /:user_id/suspend',
  'POST /:user_id/unsuspend',
  'POST /:user_id/reactivate',
]
/** A picture is a file: its bodies stand in avatar.test.ts. */
const WITH_BODY = NAMES.filter(([, path], index) => routes[index]?.spec.body && path !== '/me/avatar')
const OF_OTHERS = NAMES.filter(([, path]) => path.includes(':user_id'))

const QUERIES: Readonly<Record<string, string>> = { '/search': '?q=nobody', '/by-email': '?email=nobody@example.test' }
const at = (path: string, id: string) => path.replace(':user_id', id) + (QUERIES[path] ?? '')

describe('every route of users but registration', () => {
  let victim: SignedInUser
  let stranger: SignedInUser
  let machine: string
  const refused: [string, SignedInUser][] = []

  beforeAll(async () => {
    victim = await signUpUser(app)
    stranger = await signUpUser(app)
    machine = await requestToken(app, await freshMachine(app, ['tokens:introspect']))
    const signedOut = await signUpUser(app)
    await app.fetch('/api/v1/auth/signout', { method: 'POST', headers: signedOut.headers })
    const suspended = await makeAdmin(app)
    const admin = await makeAdmin(app)
    await ask('POST', `/${suspended.user.id}/suspend`, { headers: admin.headers })
    refused.push(['signed out', signedOut], ['a suspended admin', suspended])
  })

  it('is all of them', () => {
    expect(NAMES).toHaveLength(16)
  })

  it.each(NAMES)('%s %s is 401 without a token, with a bad one and with one that has ended', async (method, path) => {
    const tokens = ['', 'Bearer', 'Bearer x', 'Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJ4In0.', 'Basic YTpi']
    for (const authorization of tokens)
      expect(await ask(method, at(path, victim.user.id), { headers: { authorization } })).toMatchObject([
        401,
        { detail: 'Invalid authentication credentials' },
      ])
    for (const [name, { headers }] of refused)
      expect([name, (await ask(method, at(path, victim.user.id), { headers }))[0]]).toEqual([name, 401])
  })

  it.each(NAMES)('%s %s is 403 for a machine', async (method, path) => {
    const headers = { authorization: `Bearer ${machine}` }
    expect((await ask(method, at(path, victim.user.id), { headers }))[0]).toBe(403)
  })

  it.each(NAMES.filter(([method, path]) => FOR_ADMINS.includes(`${method} ${path}`)))(
    '%s %s is 403 for who is no admin',
    async (method, path) => {
      const { user, headers } = stranger
      for (const id of [user.id, victim.user.id, String(victim.user.number)])
        expect(await ask(method, at(path, id), { headers })).toMatchObject([
          403,
          { code: 'ADMIN_REQUIRED', message: 'Admin access required' },
        ])
    },
  )

  it.each(OF_OTHERS)('%s %s changes and shows nothing of another', async (method, path) => {
    const before = await ask('GET', '/me', { headers: victim.headers })
    for (const id of [victim.user.id, String(victim.user.number)]) {
      const body = method === 'GET' ? {} : { body: { first_name: 'Mallory', password: stranger.password } }
      expect((await ask(method, at(path, id), { headers: stranger.headers, ...body }))[0]).toBe(403)
    }
    expect(await ask('GET', '/me', { headers: victim.headers })).toEqual(before)
  })

  it.each(WITH_BODY)('%s %s refuses broken bodies', async (method, path) => {
    const { headers, user } = await makeAdmin(app)
    const send = async (body: string, type = 'application/json') => {
      const answer = await app.fetch(`/api/v1/users${at(path, user.id)}`, {
        method,
        headers: { ...headers, 'content-type': type, 'cf-connecting-ip': newAddress() },
        body,
      })
      return answer.status
    }
    expect(await send('{"reason":')).toBe(400)
    expect(await send('[]')).toBe(422)
    expect(await send('null')).toBe(422)
    expect(await send('a=b', 'application/x-www-form-urlencoded')).toBe(415)
    expect(await send(`{"reason":"${'x'.repeat(1024 * 1024)}"}`)).toBe(413)
  })
})

describe('the last admin', () => {
  const alone = createTestApp({ override: onCountsDatabase })

  const newAdmin = async () => {
    const account = await signUpUser(alone)
    await countsDatabase.prepare("update users set role = 'admin' where id = ?").bind(account.user.id).run()
    return signInUser(alone, account)
  }

  it('is neither deleted nor suspended, by any of its names', async () => {
    await emptyCountsDatabase()
    const { user, headers } = await newAdmin()
    for (const [method, path] of [
      ['DELETE', '/me'],
      ['DELETE', `/${user.id}`],
      ['DELETE', `/${user.number}`],
      ['POST', `/${user.number}/suspend`],
    ] as const)
      expect(await ask(method, path, { headers, app: alone })).toMatchObject([409, { code: 'LAST_ADMIN' }])
    expect((await ask('GET', '/me', { headers, app: alone }))[0]).toBe(200)
  })

  it('stays when two leave at once', async () => {
    await emptyCountsDatabase()
    const both = [await newAdmin(), await newAdmin()]
    const answers = await Promise.all(both.map(({ headers }) => ask('DELETE', '/me', { headers, app: alone })))
    expect(answers.map(([status]) => status).sort()).toEqual([200, 409])
  })
})
