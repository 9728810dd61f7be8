import { describe, expect, it } from 'vitest'
import type { Ctx, UserActor } from '../../../../src/context.ts'
import { enableTotp } from '../../../../src/features/factors/totp/service/enrolment.ts'
import { openSession } from '../../../../src/features/sessions/service/opening.ts'
import { changeUser } from '../../../../src/features/users/service/change-user.ts'
import { findUser } from '../../../../src/features/users/service/users.ts'
import type { User } from '../../../../src/features/users/types.ts'
import { serviceUnavailable } from '../../../../src/lib/errors.ts'
import { json, type TestApp } from '../../../support/app.ts'
import { SoftwareAuthenticator } from '../../../support/authenticator.ts'
import { waitForMails } from '../../../support/mail.ts'
import { createAppWithObjects, withMethods } from '../../../support/objects.ts'
import { claimsOf } from '../../../support/tokens.ts'
import { type SignedInUser, signInUser, signUpUser } from '../../../support/users.ts'
import { addPasskey, beginRegistration, codeOf, post, signIn } from '../passkeys/support.ts'
import {
  createClockedSuite,
  type Enrolled,
  enrolQuickly,
  proveSecondFactor,
  refreshUser,
  rowsOf,
  totpAt,
} from './support.ts'

const app = createClockedSuite()

/** An isolate that is killed between its batch and its call of the user's object. */
const unavailable = () => Promise.reject(serviceUnavailable())
const dying = createAppWithObjects((objects) => ({
  user: (id) => withMethods(objects.user(id), { raise: unavailable, endSessions: unavailable, nudge: unavailable }),
}))

/** A change of credentials by the user. */
const endSessionsOf = (ctx: Ctx, { id: userId }: User) =>
  changeUser(ctx, {
    userId,
    set: {},
    actor: { type: 'user', id: userId },
    ends: { reason: 'credentials_changed' },
    events: [{ type: 'user.password_changed' }],
  })

interface EnabledBody {
  readonly access_token: string | null
  readonly expires_in: number | null
  readonly propagated: boolean
}

async function turnOn(user: SignedInUser, by: TestApp = app): Promise<EnabledBody> {
  const started = await app.fetch('/api/v1/mfa/totp/generate', json({}, user.headers))
  const { secret } = await started.json<{ secret: string }>()
  const answer = await by.fetch('/api/v1/mfa/totp/verify', json({ code: totpAt(secret, app.clock.now) }, user.headers))
  expect(answer.status).toBe(200)
  return answer.json()
}

async function turnOff(user: SignedInUser, by: TestApp = app): Promise<{ propagated: boolean }> {
  const answer = await by.fetch('/api/v1/mfa/disable', json({}, user.headers))
  expect(answer.status).toBe(200)
  return answer.json()
}

const check = async ({ headers }: Pick<SignedInUser, 'headers'>, query = '') =>
  (await app.fetch(`/validate${query}`, { headers })).status

/** What the token of its next refresh says; null when the session is over. */
async function refreshedClaims({ refreshToken }: Pick<SignedInUser, 'refreshToken'>) {
  const answer = await app.fetch('/api/v1/auth/refresh', json({ refresh_token: refreshToken }))
  if (answer.status === 401) return null
  const { amr, acr } = claimsOf((await answer.json<{ access_token: string }>()).access_token)
  return { amr, acr }
}

/** Another session of the user, opened with a passkey that verified them. */
async function signInWithPasskey(user: SignedInUser): Promise<SignedInUser> {
  const { authenticator } = await addPasskey(user, {}, app)
  const opened = await (await signIn(authenticator, {}, app)).json<{ access_token: string; refresh_token: string }>()
  const headers = { authorization: `Bearer ${opened.access_token}` }
  return { ...user, accessToken: opened.access_token, refreshToken: opened.refresh_token, headers }
}

/** One session that proved a second factor, another that did, and one of the password alone. */
async function enrolWithSessions(): Promise<{ own: Enrolled; proved: Enrolled; single: SignedInUser }> {
  const user = await signUpUser(app)
  const [second, single] = [await signInUser(app, user), await signInUser(app, user)]
  const enrolled = await enrolQuickly(app, user)
  const own = await proveSecondFactor(app, enrolled)
  const proved = await proveSecondFactor(app, { ...enrolled, ...second })
  return { own, proved, single }
}

const PASSKEY = { amr: ['hwk', 'user', 'mfa'], acr: 'aal2' }

describe('turning the second factor on', () => {
  it('ends the other sessions of one factor, and steps up the caller’s', async () => {
    const user = await signUpUser(app)
    const other = await signInUser(app, user)
    const { access_token, expires_in, propagated } = await turnOn(user)
    expect([propagated, await check(other), await refreshedClaims(other)]).toEqual([true, 401, null])
    expect(expires_in).toBeGreaterThan(500)
    const raised = { amr: ['pwd', 'otp', 'mfa'], acr: 'aal2' }
    expect(claimsOf(String(access_token))).toMatchObject(raised)
    expect(await check({ headers: { authorization: `Bearer ${access_token}` } }, '?acr=aal2')).toBe(200)
    expect(await refreshedClaims(user)).toEqual(raised)
  })

  it('lets a session live that a passkey opened with two factors', async () => {
    const user = await signUpUser(app)
    const byPasskey = await signInWithPasskey(user)
    await turnOn(user)
    expect([await check(byPasskey, '?acr=aal2'), await refreshedClaims(byPasskey)]).toEqual([200, PASSKEY])
  })

  it('ends a session whose code was of an earlier factor', async () => {
    const { own, proved } = await enrolWithSessions()
    await turnOff(own)
    const again = await refreshUser(app, own)
    const other = await refreshUser(app, proved)
    await turnOn(again)
    expect([await check(other), await refreshedClaims(other)]).toEqual([401, null])
  })

  it('refuses a sign-in with the password alone that read the row before', async () => {
    const user = await signUpUser(app)
    const ctx = await app.ctx()
    const before = await findUser(ctx, user.user.id)
    await turnOn(user)
    if (!before) throw new Error('no such user')
    await expect(openSession(ctx, { user: before, amr: ['pwd'] })).rejects.toMatchObject({ code: 'SESSION_REFUSED' })
  })

  it('confirms nothing when the credentials have changed since its user was read', async () => {
    const user = await signUpUser(app)
    const ctx = await app.ctx()
    const before = await findUser(ctx, user.user.id)
    if (!before) throw new Error('no such user')
    const started = await app.fetch('/api/v1/mfa/totp/generate', json({}, user.headers))
    const { secret } = await started.json<{ secret: string }>()
    await endSessionsOf(ctx, before)
    const { sid: sessionId } = claimsOf(user.accessToken)
    const actor = { type: 'user', id: before.id, sessionId } as UserActor
    const enabling = enableTotp({ ...ctx, actor }, before, totpAt(secret, app.clock.now))
    await expect(enabling).rejects.toMatchObject({ code: 'INVALID_CODE' })
    expect(await rowsOf('totp_factors', before.id)).toMatchObject([{ confirmed_at: null }])
  })

  it('voids the registration of a passkey that a session of one factor began', async () => {
    const user = await signUpUser(app)
    const authenticator = await SoftwareAuthenticator.make()
    const credential = await authenticator.create(await beginRegistration(user, {}, app))
    await turnOn(user)
    const answer = await post('register/complete', { credential }, user.headers, app)
    expect(await codeOf(answer)).toEqual([400, 'PASSKEY_CHALLENGE_INVALID'])
  })

  it('is closed by the row when its isolate dies before the sessions end', async () => {
    const user = await signUpUser(app)
    const [other, byPasskey] = [await signInUser(app, user), await signInWithPasskey(user)]
    expect(await turnOn(user, dying)).toMatchObject({ access_token: null, propagated: false })
    expect(await refreshedClaims(other)).toBeNull()
    expect(await refreshedClaims(user)).toEqual({ amr: ['pwd'], acr: 'aal1' })
    expect(await refreshedClaims(byPasskey)).toEqual(PASSKEY)
  })

  it.each(['own', 'passkey', 'other'] as const)('is closed whoever refreshes first: %s', async (first) => {
    const own = await signUpUser(app)
    const sessions = { own, other: await signInUser(app, own), passkey: await signInWithPasskey(own) }
    await turnOn(own, dying)
    await refreshedClaims(sessions[first])
    const ctx = await app.ctx()
    const checks = await Promise.all(
      (['own', 'passkey', 'other'] as const).map(async (name) => {
        const { sid: sessionId } = claimsOf(sessions[name].accessToken)
        const input = { userId: own.user.id, sessionId, claimsVersion: 99 }
        return (await ctx.objects.user(own.user.id).check(input)).live
      }),
    )
    expect(checks).toEqual([true, true, false])
  })
})

describe('turning the second factor off', () => {
  it('ends the other sessions in which none was proved; the rest fall to aal1, and say what was proved', async () => {
    const { own, proved, single } = await enrolWithSessions()
    expect((await turnOff(own)).propagated).toBe(true)
    expect([await check(single), await refreshedClaims(single)]).toEqual([401, null])
    for (const session of [own, proved]) {
      expect(await check(session)).toBe(401)
      expect(await refreshedClaims(session)).toEqual({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal1' })
    }
  })

  it('leaves a session at aal2 that a passkey opened with two factors', async () => {
    const { own } = await enrolWithSessions()
    const byPasskey = await signInWithPasskey(own)
    await turnOff(own)
    expect(await refreshedClaims(byPasskey)).toEqual(PASSKEY)
  })

  it('is closed by the row when its isolate dies before the sessions end', async () => {
    const { own, proved, single } = await enrolWithSessions()
    expect(await turnOff(own, dying)).toEqual({ message: expect.any(String), propagated: false })
    expect(await refreshedClaims(proved)).toEqual({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal1' })
    expect(await refreshedClaims(own)).toEqual({ amr: ['pwd', 'otp', 'mfa'], acr: 'aal1' })
    expect(await refreshedClaims(single)).toBeNull()
  })
})

describe('the mail', () => {
  it('says which sessions ended', async () => {
    const user = await signUpUser(app)
    await turnOn(user)
    const raised = await refreshUser(app, user)
    await turnOff(raised)
    await app.settled()
    const texts = (await waitForMails(app, user.email, 3)).map(({ text }) => text)
    expect(texts.filter((text) => text.includes('in which a second factor was used'))).toHaveLength(2)
  })
})
