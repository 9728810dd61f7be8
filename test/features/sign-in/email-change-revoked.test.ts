import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import type { UserAuthority } from '../../../src/durable/user-authority/user-authority.ts'
import { SECOND } from '../../../src/lib/time.ts'
import { createTestApp, json } from '../../support/app.ts'
import { claimsOf } from '../../support/tokens.ts'
import { makeAdmin, newEmail, type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { userStub } from '../events/support.ts'
import { mailedToken } from './mails.ts'
import { answerOf, app, patchProfile, post } from './support.ts'

/** Returns the token that is mailed to the new address. */
async function askForChange(asker: SignedInUser): Promise<string> {
  const email = newEmail()
  await patchProfile(asker, { email })
  return mailedToken(app, email, '/verify-email')
}

describe.each<[string, (own: SignedInUser, thief: SignedInUser) => Promise<Response>]>([
  ['all other sessions', ({ headers }) => app.fetch('/api/v1/sessions', { method: 'DELETE', headers })],
  [
    'all other sessions, by POST',
    ({ headers }) => app.fetch('/api/v1/sessions/revoke-all', { method: 'POST', headers }),
  ],
  [
    'that session alone',
    async ({ headers }, thief) =>
      app.fetch(`/api/v1/sessions/${claimsOf(thief.accessToken).sid}`, { method: 'DELETE', headers }),
  ],
  [
    "all of the user's sessions, as an admin does",
    async (own) =>
      app.fetch('/api/v1/admin/sessions/revoke-all', json({ user_id: own.user.id }, (await makeAdmin(app)).headers)),
  ],
])('a change of address that a stranger asked for, when the owner ends %s', (_, end) => {
  it('is void', async () => {
    const own = await signUpUser(app)
    const thief = await signInUser(app, own)
    const token = await askForChange(thief)
    expect((await end(own, thief)).status).toBe(200)
    expect(await answerOf(post('verify-email', { token }))).toMatchObject([400, { code: 'INVALID_TOKEN' }])
    expect((await post('signin', { email: own.email, password: own.password })).status).toBe(200)
  })
})

it('a change of address is void, too, when the stranger had signed out before', async () => {
  const own = await signUpUser(app)
  const thief = await signInUser(app, own)
  const token = await askForChange(thief)
  await post('signout', {}, thief.headers)
  await app.fetch('/api/v1/sessions', { method: 'DELETE', headers: own.headers })
  expect((await post('verify-email', { token })).status).toBe(400)
})

it('a change of address is void once a refresh token of its session turned up twice', async () => {
  const own = await signUpUser(app)
  const token = await askForChange(own)
  const use = async () => (await post('refresh', { refresh_token: own.refreshToken })).status
  expect(await use()).toBe(200)
  await runInDurableObject(userStub(own.user.id), (object: UserAuthority) => {
    object.clock = () => Date.now() + 11 * SECOND
  })
  expect(await use()).toBe(401)
  await app.settled()
  expect((await post('verify-email', { token })).status).toBe(400)
})

it('a change of address stays when its own session ends others, or signs out', async () => {
  const own = await signUpUser(app)
  await signInUser(app, own)
  const token = await askForChange(own)
  await app.fetch('/api/v1/sessions', { method: 'DELETE', headers: own.headers })
  await post('signout', {}, own.headers)
  expect((await post('verify-email', { token })).status).toBe(200)
})

it('a database that is down is 503 when sessions are ended: they have ended, and a repeat voids the requested tokens', async () => {
  const outage = { isOn: false }
  const down = () => {
    throw new Error('down')
  }
  const on = createTestApp({
    override: (ctx) => (outage.isOn ? { ...ctx, db: { update: down } as unknown as Ctx['db'] } : ctx),
  })
  const own = await signUpUser(on)
  const thief = await signInUser(on, own)
  const token = await askForChange(thief)
  const end = () => on.fetch('/api/v1/sessions', { method: 'DELETE', headers: own.headers })
  outage.isOn = true
  expect((await end()).status).toBe(503)
  outage.isOn = false
  expect((await post('refresh', { refresh_token: thief.refreshToken })).status).toBe(401)
  expect((await end()).status).toBe(200)
  expect((await post('verify-email', { token })).status).toBe(400)
})
