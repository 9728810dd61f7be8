import { describe, expect, it } from 'vitest'
import { findOneTimeToken, issueOneTimeToken } from '../../../src/features/links/service.ts'
import type { OneTimePurpose } from '../../../src/features/links/types.ts'
import { type StateChange, TRANSITIONS } from '../../../src/features/users/rules.ts'
import { changeUserState } from '../../../src/features/users/service/state.ts'
import { stateChange, updateUser, voidLinks } from '../../../src/features/users/store/changes.ts'
import { type SignedInUser, signInUser, signUpUser } from '../../support/users.ts'
import { linkFor, open, submit, verifiedUser } from '../sign-in/magic-link-support.ts'
import { mailedToken } from '../sign-in/mails.ts'
import { answerOf, post } from '../sign-in/support.ts'
import { app } from './support.ts'

const ADMIN = { type: 'user', id: 'the-admin' } as const

const PURPOSES: Readonly<Record<OneTimePurpose, true>> = {
  email_verification: true,
  email_change: true,
  password_reset: true,
  magic_link: true,
  sign_in_code: true,
  mfa_challenge: true,
  webauthn_registration: true,
  webauthn_authentication: true,
  account_unlock: true,
  activity_report: true,
  email_revert: true,
  account_restore: true,
  federated_sign_in: true,
  federated_code: true,
  federated_pending: true,
  federated_email: true,
  federated_email_code: true,
  sso_logout: true,
  sso_logout_return: true,
  sso_logout_seen: true,
  sso_logged_out: true,
}

/** Measures that shut a user out, each with what lets them in again. */
const MEASURES: readonly (readonly [StateChange, readonly StateChange[]])[] = [
  ['suspend', ['unsuspend']],
  ['lock', ['unlock']],
  ['deactivate', ['activate']],
  ['delete', ['restore', 'activate']],
]

async function change({ user }: SignedInUser, ...changes: StateChange[]): Promise<void> {
  for (const what of changes) await changeUserState(await app.ctx(), { userId: user.id, change: what, actor: ADMIN })
}

/** One token of each purpose, as a user's, or of an address that was nobody's. */
async function tokensOf(owner: { userId: string | null; email: string }) {
  const ctx = await app.ctx()
  const purposes = Object.keys(PURPOSES) as OneTimePurpose[]
  const tokens = await Promise.all(
    purposes.map(async (purpose) => ({
      purpose,
      token: (await issueOneTimeToken(ctx, { ...owner, purpose, lifetimeMs: 60_000, keepsOlder: true })).token,
    })),
  )
  /** The purposes whose token is still good. */
  return async () => {
    const found = await Promise.all(
      tokens.map(async ({ purpose, token }) => ((await findOneTimeToken(ctx, purpose, token)) ? [purpose] : [])),
    )
    return found.flat()
  }
}

describe.each(MEASURES)('what was mailed or begun before "%s"', (measure, lifting) => {
  it('is not good again when the measure is lifted, whatever it was for', async () => {
    const [user, other] = [await signUpUser(app), await signUpUser(app)]
    const own = await tokensOf({ userId: user.user.id, email: user.email })
    const ofNobody = await tokensOf({ userId: null, email: user.email })
    const others = await tokensOf({ userId: other.user.id, email: other.email })
    await change(user, measure)
    await change(user, ...lifting)
    // The way back of an owner whose address was changed outlives what an admin does.
    expect([await own(), await ofNobody()]).toEqual([['email_revert'], ['email_revert']])
    expect(await others()).toHaveLength(Object.keys(PURPOSES).length)
  })

  it('signs nobody in, and sets no password', async () => {
    const user = await verifiedUser()
    const link = await linkFor(user.email)
    await post('forgot-password', { email: user.email })
    const reset = await mailedToken(app, user.email, '/reset-password')
    await change(user, measure)
    await change(user, ...lifting)
    expect((await open(link)).status).toBe(400)
    expect((await submit(link)).status).toBe(400)
    expect(
      await answerOf(post('reset-password', { token: reset, new_password: 'Another-good-passw0rd' })),
    ).toMatchObject([400, { code: 'INVALID_TOKEN' }])
    await signInUser(app, user)
  })
})

it('stays valid when the measure is refused', async () => {
  const user = await signUpUser(app)
  const good = await tokensOf({ userId: user.user.id, email: user.email })
  const suspended = TRANSITIONS.suspend
  const ctx = await app.ctx()
  const stale = { userId: user.user.id, from: 'pending', transition: suspended } as const
  await ctx.db.batch([
    voidLinks(ctx, stale, { sparesReports: false }),
    updateUser(ctx, {
      userId: user.user.id,
      ...stateChange(ctx, { ...stale, eraseAt: null, userRestorable: false }),
      increments: { claims: true, auth: { keptSessionId: null, isOfFactor: false } },
    }),
  ])
  expect(await good()).toHaveLength(Object.keys(PURPOSES).length)
})

it('is good when it is asked for after the measure was lifted', async () => {
  const user = await verifiedUser()
  await change(user, 'suspend', 'unsuspend')
  expect((await open(await linkFor(user.email))).status).toBe(200)
})
