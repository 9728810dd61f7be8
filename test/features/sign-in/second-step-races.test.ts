import { describe, expect, it } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { createTestApp, json } from '../../support/app.ts'
import { recordedOf } from '../../support/events.ts'
import { withMethods } from '../../support/objects.ts'
import {
  answerChallenge,
  createClockedSuite,
  enrolQuickly,
  enrolUser,
  outcomeOf,
  STEP,
  sessionsOf,
  startSignIn,
  statusesOf,
  totpAt,
} from '../factors/totp/support.ts'

const app = createClockedSuite()
describe('a code', () => {
  it('is accepted once, and no earlier one after it', async () => {
    const user = await enrolQuickly(app)
    const answer = async (code: string) => answerChallenge(app, (await startSignIn(app, user)).mfa_token, code)
    const [earlier, code] = [totpAt(user.secret, app.clock.now), totpAt(user.secret, app.clock.now + STEP)]
    expect((await answer(code)).status).toBe(200)
    for (const replayed of [code, earlier]) expect(await outcomeOf(answer(replayed))).toEqual([401, 'MFA_CODE_INVALID'])
  })

  it('lets one of many in that come at once, through as many challenges', async () => {
    const user = await enrolQuickly(app)
    const challenges = await Promise.all([1, 2, 3, 4].map(() => startSignIn(app, user)))
    const code = totpAt(user.secret, app.clock.now)
    const answers = challenges.map(({ mfa_token }) => answerChallenge(app, mfa_token, code))
    expect(await statusesOf(answers)).toEqual([200, 401, 401, 401])
  })

  it('lets one in that comes as a backup code many times at once', async () => {
    const user = await enrolUser(app)
    const challenges = await Promise.all([1, 2, 3].map(() => startSignIn(app, user)))
    const answers = challenges.map(({ mfa_token }) => answerChallenge(app, mfa_token, user.backupCodes[0] ?? ''))
    expect(await statusesOf(answers)).toEqual([200, 401, 401])
    expect(await recordedOf(user.user.id, 'backup_code.used')).toHaveLength(1)
  })

  it('is not accepted at sign-in and for step-up both', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    const code = totpAt(user.secret, app.clock.now)
    const answers = [
      answerChallenge(app, mfa_token, code),
      app.fetch('/api/v1/auth/step-up', json({ code }, user.headers)),
      app.fetch('/api/v1/mfa/validate-code', json({ code }, user.headers)),
    ]
    const bodies = await Promise.all(
      (await Promise.all(answers)).map(async (answer) => (await answer.json()) as object),
    )
    const accepted = bodies.filter((body) => 'access_token' in body || ('valid' in body && body.valid === true))
    expect(accepted).toHaveLength(1)
  })
})

describe('an outage', () => {
  const failing = (override: (ctx: Ctx) => Ctx) =>
    createTestApp({ override: (ctx) => override({ ...ctx, now: () => app.clock.now }) })
  const down = () => Promise.reject(serviceUnavailable())

  it('of the guard lets nobody in without counting: 503, and the code is still good', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    const broken = failing((ctx) => ({
      ...ctx,
      objects: { ...ctx.objects, guard: (subject) => withMethods(ctx.objects.guard(subject), { use: down }) },
    }))
    const code = totpAt(user.secret, app.clock.now)
    expect((await answerChallenge(broken, mfa_token, code)).status).toBe(503)
    expect((await answerChallenge(app, mfa_token, code)).status).toBe(200)
  })

  it("of the user's object lets nobody in, with or without the second factor", async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    const broken = failing((ctx) => ({
      ...ctx,
      objects: { ...ctx.objects, user: (id) => ({ ...ctx.objects.user(id), open: down, check: down }) },
    }))
    const before = (await sessionsOf(app, user.user.id)).length
    expect((await answerChallenge(broken, mfa_token, totpAt(user.secret, app.clock.now))).status).toBe(503)
    const signIn = await broken.fetch('/api/v1/auth/signin', json({ email: user.email, password: user.password }))
    expect(await signIn.json()).toMatchObject({ tokens: null, mfa_required: true })
    expect(await sessionsOf(app, user.user.id)).toHaveLength(before)
  })

  it('of the database lets nobody in', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    const broken = createTestApp({
      override: (ctx) => ({
        ...ctx,
        get db(): Ctx['db'] {
          throw serviceUnavailable()
        },
      }),
    })
    expect((await answerChallenge(broken, mfa_token, totpAt(user.secret, app.clock.now))).status).toBe(503)
  })
})
