import bcrypt from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import type { SignInGuardRpc } from '../../../src/durable/rpc.ts'
import { createUser } from '../../../src/features/users/service/users.ts'
import type { User } from '../../../src/features/users/types.ts'
import { networkOf } from '../../../src/lib/network.ts'
import { HOUR } from '../../../src/lib/time.ts'
import { createTestApp, env, json, type TestApp } from '../../support/app.ts'
import { withMethods } from '../../support/objects.ts'
import { newAddress, newEmail, PASSWORD, signInUser } from '../../support/users.ts'

const app = createTestApp()

const signIn = (email: string, password: string, address: string, on: TestApp = app) =>
  on.fetch('/api/v1/auth/signin', json({ email, password }, { 'cf-connecting-ip': address }))

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

const createCheapUser = async (): Promise<User> =>
  createUser(await app.ctx(), { email: newEmail(), passwordHash: await bcrypt.hash(PASSWORD, 4) })

const outcomeOf = async (answer: Promise<Response>) => {
  const response = await answer
  const { code, details } = await response.json<{ code?: string; details?: Record<string, unknown> }>()
  return { status: response.status, code, details, retryAfter: response.headers.get('retry-after') }
}

/** Either let through, or told to come again in a second: never locked. */
async function expectNoLock(answers: readonly Promise<Response>[], passed: number): Promise<void> {
  const outcomes = await Promise.all(answers.map(outcomeOf))
  const refused = outcomes.filter(({ status }) => status !== passed)
  for (const outcome of refused)
    expect(outcome).toMatchObject({ status: 429, code: 'RATE_LIMIT_EXCEEDED', retryAfter: '1' })
  expect(outcomes.length - refused.length).toBeGreaterThanOrEqual(5)
}

async function expectNothingTold({ id }: Pick<User, 'id'>): Promise<void> {
  await app.settled()
  const told = await env.DB.prepare(
    `select type from events where user_id = ?1 and type = 'security.sign_in_locked'
     union all select kind from mails where user_id = ?1 and kind = 'account_locked'`,
  )
    .bind(id)
    .all()
  expect(told.results).toEqual([])
  const { failedAttempts, lockedUntil } = await (await app.ctx()).objects.guard(id).status({ account: id })
  expect([failedAttempts, lockedUntil]).toEqual([0, null])
}

describe('right passwords that arrive together', () => {
  it('sign in, and lock, mail and record nothing', async () => {
    const user = await createCheapUser()
    const address = newAddress()
    await expectNoLock(
      times(8, () => signIn(user.email, PASSWORD, address)),
      200,
    )
    await expectNothingTold(user)
  })

  it('step a session up, or change nothing about the account', async () => {
    const user = await createCheapUser()
    const { headers, address } = await signInUser(app, { email: user.email, password: PASSWORD, address: newAddress() })
    const stepUp = () =>
      app.fetch('/api/v1/auth/step-up', json({ password: PASSWORD }, { 'cf-connecting-ip': address, ...headers }))
    await expectNoLock(times(8, stepUp), 200)
    const weak = { current_password: PASSWORD, new_password: 'short' }
    const change = () =>
      app.fetch('/api/v1/auth/password/change', json(weak, { 'cf-connecting-ip': address, ...headers }))
    await expectNoLock(times(8, change), 422)
    await expectNothingTold(user)
  })

  it('register admins, where the secret key allows it', async () => {
    const keyed = createTestApp({ env: { ADMIN_SECRET_KEY: 'a key of sixteen characters' } })
    const address = newAddress()
    const register = () =>
      keyed.fetch(
        '/api/v1/admin/register',
        json(
          { email: newEmail(), password: PASSWORD, secret_key: 'a key of sixteen characters' },
          { 'cf-connecting-ip': address },
        ),
      )
    await expectNoLock(times(8, register), 201)
  })
})

describe('a wrong password', () => {
  it('is counted by both guards before the answer is delayed', async () => {
    const { email } = await createCheapUser()
    const steps: string[] = []
    const noted =
      <T>(of: string, give: (input: T) => Promise<void>) =>
      async (input: T) => {
        await give(input)
        steps.push(of)
      }
    const watched = (stub: SignInGuardRpc) =>
      withMethods(stub, { fail: noted('account', stub.fail), failUse: noted('network', stub.failUse) })
    const began = Date.now()
    // A clock that stands still: the answer is held back in full, after all else.
    const slow = createTestApp({
      override: (ctx) => ({
        ...ctx,
        now: () => began,
        pause: async (ms) => {
          // The platform's clock has its own pause of nothing before.
          if (ms > 0) steps.push('pause')
        },
        objects: { ...ctx.objects, guard: (subject) => watched(ctx.objects.guard(subject)) },
      }),
    })
    expect((await signIn(email, 'wrong password', newAddress(), slow)).status).toBe(401)
    expect([steps.slice(0, 2).sort(), steps.slice(2)]).toEqual([['account', 'network'], ['pause']])
  })
})

describe('the lock of a whole network', () => {
  /** An address whose network has failed a hundred times, and a user who has signed in from it. */
  async function lockNetwork() {
    const address = newAddress()
    const known = await createCheapUser()
    expect((await signIn(known.email, PASSWORD, address)).status).toBe(200)
    const network = networkOf(address)
    const guard = (await app.ctx()).objects.guard(network)
    const rule = { subject: `sign-in:${network}`, limit: 100, windowMs: HOUR, lockMs: HOUR }
    for (const _failure of times(100, () => null)) await guard.use(rule)
    return { address, known }
  }

  it('admits users who have signed in from it, with the right password', async () => {
    const { address, known } = await lockNetwork()
    expect((await signIn(known.email, PASSWORD, address)).status).toBe(200)
    const stranger = await createCheapUser()
    expect((await signIn(stranger.email, PASSWORD, address)).status).toBe(423)
  })

  it('answers their wrong passwords like everybody else’s', async () => {
    const { address, known } = await lockNetwork()
    const stranger = await outcomeOf(signIn(newEmail(), PASSWORD, address))
    const wrong = await outcomeOf(signIn(known.email, 'wrong password', address))
    expect(stranger).toMatchObject({ status: 423, code: 'ACCOUNT_LOCKED', details: { reason: 'too_many_attempts' } })
    const { locked_until: until, ...rest } = wrong.details ?? {}
    expect(wrong).toMatchObject({ status: 423, code: 'ACCOUNT_LOCKED' })
    expect(Object.keys(rest).sort()).toEqual(['reason', 'retry_after'])
    expect(Math.abs(Date.parse(String(until)) - Date.parse(String(stranger.details?.locked_until)))).toBeLessThan(1000)
  })

  it('does not change their own count: five wrong passwords lock the right one out', async () => {
    const { address, known } = await lockNetwork()
    const wrong = await Promise.all(times(5, () => signIn(known.email, 'wrong password', address)))
    expect(wrong.map(({ status }) => status)).toEqual(times(5, () => 423))
    expect((await signIn(known.email, PASSWORD, address)).status).toBe(423)
    const guard = (await app.ctx()).objects.guard(known.id)
    expect((await guard.status({ account: known.id })).failedAttempts).toBe(5)
  })

  it('is also the answer once their own count has locked them out', async () => {
    const { address, known } = await lockNetwork()
    await Promise.all(times(5, () => signIn(known.email, 'wrong password', address)))
    const [stranger, locked] = await Promise.all(
      [newEmail(), known.email].map((email) => outcomeOf(signIn(email, 'wrong password', address))),
    )
    const waits = [stranger, locked].map((outcome) => Number(outcome?.details?.retry_after))
    expect(locked).toMatchObject({ status: 423, code: 'ACCOUNT_LOCKED' })
    expect(Math.abs((waits[0] ?? 0) - (waits[1] ?? 0))).toBeLessThanOrEqual(1)
  })

  it('hides how many attempts on an account there may be at once', async () => {
    const { address, known } = await lockNetwork()
    const answers = await Promise.all(times(12, () => outcomeOf(signIn(known.email, 'wrong password', address))))
    for (const { status, details } of answers)
      expect([status, Number(details?.retry_after) > 59 * 60]).toEqual([423, true])
  })
})
