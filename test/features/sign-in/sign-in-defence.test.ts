import bcrypt from 'bcryptjs'
import { describe, expect, it } from 'vitest'
import { createUser } from '../../../src/features/users/service/users.ts'
import type { User } from '../../../src/features/users/types.ts'
import { serviceUnavailable } from '../../../src/lib/errors.ts'
import { createTestApp, env, json, REAL, type TestApp } from '../../support/app.ts'
import { createAppWithObjects, withMethods } from '../../support/objects.ts'
import { createTimedApp } from '../../support/timed.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'

const app = createTestApp()

const signIn = (identifier: string, password: string, address: string, on: TestApp = app) =>
  on.fetch('/api/v1/auth/signin', json({ email: identifier, password }, { 'cf-connecting-ip': address }))

const statuses = async (answers: readonly Promise<Response>[]): Promise<number[]> =>
  (await Promise.all(answers)).map(({ status }) => status).sort()

const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index))

/** Five were looked at; the others met the lock, or waited a second in vain for a verdict on those five. */
async function expectFiveChecked(answers: readonly Promise<Response>[]): Promise<void> {
  const all = await statuses(answers)
  expect(all.filter((status) => status === 401)).toHaveLength(5)
  expect(all.filter((status) => ![401, 423, 429].includes(status))).toEqual([])
}

/** A user whose hash costs next to nothing to check: for tests of many guesses. */
async function createCheapUser(password = PASSWORD): Promise<User> {
  return createUser(await app.ctx(), { email: newEmail(), passwordHash: await bcrypt.hash(password, 4) })
}

const setStatus = (userId: string, status: string) =>
  env.DB.prepare('update users set status = ? where id = ?').bind(status, userId).run()

describe('guesses from one network', () => {
  it('are checked five times of twenty in parallel, and then answered as locked', async () => {
    const { email } = await signUpUser(app)
    const address = newAddress()
    await expectFiveChecked(times(20, () => signIn(email, 'wrong password', address)))
    expect((await signIn(email, 'wrong password', address)).status).toBe(423)
  })

  it('are told the same for a user that does not exist', async () => {
    const address = newAddress()
    const email = newEmail()
    await expectFiveChecked(times(20, () => signIn(email, 'wrong password', address)))
    const answer = await signIn(email.toUpperCase(), 'wrong password', address)
    expect(answer.status).toBe(423)
  })

  it('are locked at the sixth, right or wrong, with the time it ends', async () => {
    const { email, password } = await signUpUser(app)
    const address = newAddress()
    expect(await statuses(times(5, () => signIn(email, 'wrong password', address)))).toEqual(times(5, () => 401))
    const answer = await signIn(email, password, address)
    const body = await answer.json<{ details: { locked_until: string } }>()
    expect([answer.status, body]).toMatchObject([
      423,
      { code: 'ACCOUNT_LOCKED', details: { reason: 'too_many_attempts', retry_after: expect.any(Number) } },
    ])
    const remaining = Date.parse(body.details.locked_until) - Date.now()
    expect(remaining).toBeGreaterThan(14 * 60_000)
    expect(remaining).toBeLessThanOrEqual(15 * 60_000)
    const retryAfter = Number(answer.headers.get('retry-after'))
    expect(retryAfter).toBeGreaterThan(14 * 60)
    expect(retryAfter).toBeLessThanOrEqual(15 * 60)
  })

  it('lock one network only: neighbours in it, not the user elsewhere', async () => {
    const { email, password } = await createCheapUser().then((user) => ({ ...user, password: PASSWORD }))
    const [a, b] = ['192.0.2.1', '192.0.2.254']
    await statuses(times(5, () => signIn(email, 'wrong password', a)))
    expect((await signIn(email, password, b)).status).toBe(423)
    expect((await signIn(email, password, '192.0.3.1')).status).toBe(200)
  })

  it('count on the user, under whichever name', async () => {
    const username = `name_${Date.now()}`
    const { email } = await signUpUser(app, { username })
    const address = newAddress()
    const names = [email, username, email.toUpperCase(), username.toUpperCase(), email]
    expect(await statuses(names.map((name) => signIn(name, 'wrong password', address)))).toEqual(times(5, () => 401))
    expect((await signIn(username, 'wrong password', address)).status).toBe(423)
  })

  it('start anew after a completed sign-in', async () => {
    const { email } = await createCheapUser()
    const address = newAddress()
    for (const _round of [1, 2, 3]) {
      expect(await statuses(times(4, () => signIn(email, 'wrong password', address)))).toEqual(times(4, () => 401))
      expect((await signIn(email, PASSWORD, address)).status).toBe(200)
    }
  })
})

describe('guesses from many networks', () => {
  it('lock every network but those that have signed in', async () => {
    const { email } = await createCheapUser()
    const home = newAddress()
    expect((await signIn(email, PASSWORD, home)).status).toBe(200)
    expect(await statuses(times(30, () => signIn(email, 'wrong password', newAddress())))).toEqual(times(30, () => 401))
    expect((await signIn(email, PASSWORD, newAddress())).status).toBe(423)
    expect((await signIn(email, PASSWORD, home)).status).toBe(200)
  })

  it('are lifted by an unlock', async () => {
    const { id, email } = await createCheapUser()
    const address = newAddress()
    await statuses(times(6, () => signIn(email, 'wrong password', address)))
    expect((await signIn(email, PASSWORD, address)).status).toBe(423)
    await (await app.ctx()).objects.guard(id).unlock({ account: id })
    expect((await signIn(email, PASSWORD, address)).status).toBe(200)
  })
})

describe('guesses of one network over many accounts', () => {
  it('lock the network at the 101st, for every account, and nobody else', async () => {
    const users = await Promise.all(times(25, () => createCheapUser()))
    const address = newAddress()
    const guesses = users.flatMap(({ email }) => times(4, () => signIn(email, 'wrong password', address)))
    expect(await statuses(guesses)).toEqual(times(100, () => 401))
    const email = users[0]?.email ?? ''
    const answer = await signIn(email, PASSWORD, address)
    const body = await answer.json<{ details: { locked_until: string } }>()
    expect([answer.status, body]).toMatchObject([423, { code: 'ACCOUNT_LOCKED' }])
    expect(Date.parse(body.details.locked_until) - Date.now()).toBeGreaterThan(59 * 60_000)
    expect((await signIn(newEmail(), PASSWORD, address)).status).toBe(423)
    expect((await signIn(email, PASSWORD, newAddress())).status).toBe(200)
  })

  it('do not count right passwords', async () => {
    const { email, id } = await createCheapUser()
    const address = newAddress()
    for (const _sign of times(8, () => null)) expect((await signIn(email, PASSWORD, address)).status).toBe(200)
    const { failedAttempts } = await (await app.ctx()).objects.guard(id).status({ account: id })
    expect(failedAttempts).toBe(0)
  })
})

describe('a failed sign-in', () => {
  const on = createTimedApp()
  const timed = async (identifier: string, password: string, address: string) => {
    const { result, took } = await on.timed(() => signIn(identifier, password, address, on))
    return { status: result.status, took }
  }

  it('takes at least 400 ms, whoever it is for and whatever failed', async () => {
    const { email } = await createCheapUser()
    const suspended = await createCheapUser()
    await setStatus(suspended.id, 'suspended')
    const address = newAddress()
    const wrong = await timed(email, 'wrong password', address)
    const unknown = await timed(newEmail(), 'wrong password', address)
    const notAllowed = await timed(suspended.email, PASSWORD, address)
    await statuses(times(4, () => signIn(email, 'wrong password', address)))
    const locked = await timed(email, 'wrong password', address)
    const all = [wrong, unknown, notAllowed, locked]
    expect(all.map(({ status }) => status)).toEqual([401, 401, 401, 423])
    // A timer may go off within the millisecond before.
    for (const { took } of all) expect(took).toBeGreaterThanOrEqual(399)
  })

  it('takes about as long for an unknown address, a hash of ours and one of another system', async () => {
    const deployed = createTestApp({ timing: REAL })
    const [ours, foreign] = [await signUpUser(deployed), await createCheapUser()]
    const medians: number[] = []
    for (const email of [ours.email, foreign.email, newEmail()]) {
      const took: number[] = []
      for (let round = 0; round < 3; round += 1) {
        const began = performance.now()
        expect((await signIn(email, 'wrong password', newAddress(), deployed)).status).toBe(401)
        took.push(performance.now() - began)
      }
      medians.push(took.sort((a, b) => a - b)[1] ?? 0)
    }
    expect(Math.min(...medians)).toBeGreaterThanOrEqual(399)
    expect(Math.max(...medians) / Math.min(...medians)).toBeLessThan(2)
  })
})

describe('users who may not sign in', () => {
  it.each(['suspended', 'inactive', 'deleted', 'a status of another release'])(
    '%s: as a wrong password',
    async (status) => {
      const { id, email } = await createCheapUser()
      await setStatus(id, status)
      const answer = await signIn(email, PASSWORD, newAddress())
      expect([answer.status, await answer.json()]).toMatchObject([401, { code: 'INVALID_CREDENTIALS', details: {} }])
    },
  )

  it('are locked out as by wrong passwords: a right one is not told from those', async () => {
    const { id, email } = await createCheapUser()
    await setStatus(id, 'suspended')
    const address = newAddress()
    expect(await statuses(times(5, () => signIn(email, PASSWORD, address)))).toEqual(times(5, () => 401))
    expect((await signIn(email, PASSWORD, address)).status).toBe(423)
  })

  it('locked by an admin: told so with the right password only', async () => {
    const { id, email } = await createCheapUser()
    await setStatus(id, 'locked')
    const right = await signIn(email, PASSWORD, newAddress())
    expect([right.status, await right.json()]).toMatchObject([423, { details: { reason: 'administrative' } }])
    expect((await signIn(email, 'wrong password', newAddress())).status).toBe(401)
  })

  it('without a password: as a wrong one', async () => {
    const { email } = await createUser(await app.ctx(), { email: newEmail() })
    expect((await signIn(email, PASSWORD, newAddress())).status).toBe(401)
  })

  it('pending users may', async () => {
    const { id, email } = await createCheapUser()
    await setStatus(id, 'pending')
    expect((await signIn(email, PASSWORD, newAddress())).status).toBe(200)
  })
})

describe('a guard that does not answer', () => {
  const failing = (pick: 'attempt' | 'use'): TestApp =>
    createAppWithObjects(({ guard }) => ({
      guard: (subject) => withMethods(guard(subject), { [pick]: () => Promise.reject(serviceUnavailable()) }),
    }))

  it.each(['attempt', 'use'] as const)('lets nobody in (%s)', async (pick) => {
    const { email, id } = await createCheapUser()
    const answer = await signIn(email, PASSWORD, newAddress(), failing(pick))
    expect([answer.status, await answer.json()]).toMatchObject([503, { code: 'SERVICE_UNAVAILABLE' }])
    const { failedAttempts } = await (await app.ctx()).objects.guard(id).status({ account: id })
    expect(failedAttempts).toBe(0)
  })

  it('stops sign-ups', async () => {
    const answer = await failing('use').fetch('/api/v1/auth/signup', json({ email: newEmail(), password: PASSWORD }))
    expect(answer.status).toBe(503)
  })
})
