import { runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import type { SignInGuard } from '../../../../src/durable/sign-in-guard/sign-in-guard.ts'
import { sha256 } from '../../../../src/lib/crypto.ts'
import { utf8 } from '../../../../src/lib/encoding.ts'
import { HOUR, MINUTE } from '../../../../src/lib/time.ts'
import { env, json } from '../../../support/app.ts'
import { newAddress, signInUser } from '../../../support/users.ts'
import {
  answerChallenge,
  createClockedApp,
  createClockedSuite,
  type Enrolled,
  enrolQuickly,
  outcomeOf,
  startSignIn,
  totpAt,
  wrongCode,
} from './support.ts'

const app = createClockedSuite()
const wrongOf = (user: Enrolled) => wrongCode(user.secret, app.clock.now)
const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

const outcomesOf = async (answers: readonly Promise<Response>[]) =>
  (await Promise.all(answers.map(outcomeOf))).map(([, code]) => code).sort()

/** So many were looked at; the others met the lock, or waited a second in vain for a verdict on those. */
async function expectChecked(
  answers: readonly Promise<Response>[],
  count: number,
  [wrong, locked]: readonly [string, string],
): Promise<void> {
  const codes = await outcomesOf(answers)
  expect(codes.filter((code) => code === wrong)).toHaveLength(count)
  expect(codes.filter((code) => ![wrong, locked, 'RATE_LIMIT_EXCEEDED'].includes(code ?? ''))).toEqual([])
}

const ask = (path: string, body: unknown, headers: Record<string, string>) =>
  app.fetch(`/api/v1${path}`, json(body, { 'cf-connecting-ip': newAddress(), ...headers }))

/** Moves the counts of one user into the past. */
async function ageCounts(user: Enrolled, ms: number): Promise<void> {
  const [byte = 0] = await sha256(utf8(user.user.id))
  const namespace = env.SIGN_IN_GUARD as unknown as DurableObjectNamespace<SignInGuard>
  await runInDurableObject(namespace.getByName(String(byte)), (_, state) => {
    const key = `use:second-factor:${user.user.id}`
    const [row] = state.storage.sql.exec<{ state: string }>('select state from subjects where key = ?', key).toArray()
    const moved = (JSON.parse(row?.state ?? '[]') as number[]).map((at) => at - ms)
    state.storage.sql.exec('update subjects set state = ? where key = ?', JSON.stringify(moved), key)
  })
}

describe('guesses at one challenge', () => {
  it('are looked at five times, also of twenty at once, and then the challenge is over', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    expect(await outcomesOf(times(20, () => answerChallenge(app, mfa_token, wrongOf(user))))).toEqual([
      ...times(15, () => 'MFA_CHALLENGE_INVALID'),
      ...times(5, () => 'MFA_CODE_INVALID'),
    ])
    const right = answerChallenge(app, mfa_token, totpAt(user.secret, app.clock.now))
    expect(await outcomeOf(right)).toEqual([401, 'MFA_CHALLENGE_INVALID'])
  })

  it('that is over do not count on its user', async () => {
    const user = await enrolQuickly(app)
    const { mfa_token } = await startSignIn(app, user)
    for (const _ of times(20, () => 0)) await answerChallenge(app, mfa_token, wrongOf(user))
    const fresh = await startSignIn(app, user)
    expect((await answerChallenge(app, fresh.mfa_token, totpAt(user.secret, app.clock.now))).status).toBe(200)
  })

  it('that were never issued count for no user, and call no object', async () => {
    expect(await outcomesOf(times(12, () => answerChallenge(app, `pot_${'B'.repeat(43)}`, '123456')))).toEqual(
      times(12, () => 'MFA_CHALLENGE_INVALID'),
    )
  })
})

describe('guesses at one user', () => {
  it('are looked at ten times, across challenges and networks, and then the second step is locked', async () => {
    const user = await enrolQuickly(app)
    const challenges = await Promise.all(times(6, () => startSignIn(app, user)))
    const guesses = challenges.flatMap(({ mfa_token }) =>
      times(4, () => answerChallenge(app, mfa_token, wrongOf(user), newAddress())),
    )
    await expectChecked(guesses, 10, ['MFA_CODE_INVALID', 'SECOND_FACTOR_LOCKED'])
  })

  it('are counted together on every surface that takes a code', async () => {
    const user = await enrolQuickly(app)
    const second = await signInWithCode(user)
    const code = wrongOf(user)
    const surfaces: (() => Promise<Response>)[] = [
      () => ask('/auth/step-up', { code }, user.headers),
      () => ask('/auth/step-up', { code }, second),
      () => ask('/mfa/totp/verify-code', { code }, user.headers),
      () => ask('/mfa/validate-code', { code }, second),
      () => ask('/mfa/backup-codes/verify', { code: 'ABCD-2345' }, user.headers),
      () => ask('/mfa/disable', { code }, second),
      () => ask('/auth/mfa/disable', { code }, user.headers),
      () => ask('/mfa/backup-codes/regenerate', { code }, second),
      async () => answerChallenge(app, (await startSignIn(app, user)).mfa_token, code),
      async () => answerChallenge(app, (await startSignIn(app, user)).mfa_token, 'ABCD2345'),
    ]
    for (const guess of surfaces) expect((await guess()).status).toBeLessThan(423)
    for (const guess of surfaces) expect((await guess()).status).toBe(423)
  })

  it('lock the right code out as well, with the time it ends, and nothing else', async () => {
    const user = await enrolQuickly(app)
    await Promise.all(times(10, () => ask('/mfa/validate-code', { code: wrongOf(user) }, user.headers)))
    const { mfa_token } = await startSignIn(app, user)
    const answer = await answerChallenge(app, mfa_token, totpAt(user.secret, app.clock.now))
    expect([answer.status, await answer.json()]).toMatchObject([
      423,
      { code: 'SECOND_FACTOR_LOCKED', details: { reason: 'too_many_codes', retry_after: expect.any(Number) } },
    ])
    const retryAfter = Number(answer.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(59 * 60)
    expect(retryAfter).toBeLessThanOrEqual(60 * 60)
    expect((await app.fetch('/api/v1/auth/me', { headers: user.headers })).status).toBe(200)
    const stepUp = await ask('/auth/step-up', { password: user.password }, user.headers)
    expect(stepUp.status).toBe(200)
  })

  it('are forgotten an hour after the last', async () => {
    const user = await enrolQuickly(app)
    await Promise.all(times(10, () => ask('/mfa/validate-code', { code: wrongOf(user) }, user.headers)))
    const right = async () => {
      const { mfa_token } = await startSignIn(app, user)
      return (await answerChallenge(app, mfa_token, totpAt(user.secret, app.clock.now))).status
    }
    await ageCounts(user, HOUR - MINUTE)
    expect(await right()).toBe(423)
    await ageCounts(user, MINUTE)
    expect(await right()).toBe(200)
  })

  it('are not counted when they are right: ten sign-ins an hour do not lock', async () => {
    const user = await enrolQuickly(app)
    const clocked = createClockedApp()
    for (const round of times(11, (index) => index)) {
      clocked.clock.now = app.clock.now + round * 30_000
      const { mfa_token } = await startSignIn(clocked, user)
      expect((await answerChallenge(clocked, mfa_token, totpAt(user.secret, clocked.clock.now))).status).toBe(200)
    }
  })

  it('lock nobody else', async () => {
    const [ada, bob] = [await enrolQuickly(app), await enrolQuickly(app)]
    await Promise.all(times(12, () => ask('/mfa/validate-code', { code: wrongOf(ada) }, ada.headers)))
    const { mfa_token } = await startSignIn(app, bob)
    expect((await answerChallenge(app, mfa_token, totpAt(bob.secret, app.clock.now))).status).toBe(200)
  })
})

describe('wrong passwords of a stolen token', () => {
  it('count as failed sign-ins do', async () => {
    const user = await enrolQuickly(app)
    const address = newAddress()
    const guess = () => ask('/auth/step-up', { password: 'wrong' }, { ...user.headers, 'cf-connecting-ip': address })
    await expectChecked(times(8, guess), 5, ['INVALID_PASSWORD', 'ACCOUNT_LOCKED'])
    expect(await outcomeOf(guess())).toEqual([423, 'ACCOUNT_LOCKED'])
    await expect(signInUser(app, { ...user, address })).rejects.toThrow('423')
  })
})

async function signInWithCode(user: Enrolled): Promise<Record<string, string>> {
  const { mfa_token } = await startSignIn(app, user)
  const answer = await answerChallenge(app, mfa_token, totpAt(user.secret, app.clock.now))
  const { access_token } = await answer.json<{ access_token: string }>()
  return { authorization: `Bearer ${access_token}` }
}
