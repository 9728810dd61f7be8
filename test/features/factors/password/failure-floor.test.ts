import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Ctx } from '../../../../src/context.ts'
import { failSlowly, findFailureFloor } from '../../../../src/features/sign-in/service/timing.ts'
import { createTestApp, json, REAL } from '../../../support/app.ts'
import { createTimedApp } from '../../../support/timed.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../../support/users.ts'
import { createImporter } from '../../user-import/support.ts'

const app = createTestApp()

describe('the time of a failure', () => {
  let ctx: Ctx
  // The floor is remembered, so that no timer of these tests has to wait for the database.
  beforeAll(async () => {
    ctx = { ...(await createTestApp({ timing: REAL }).ctx()), now: () => 0 }
    await ctx.db.run('delete from dear_hashes')
    await findFailureFloor(ctx, null)
  })

  /** As on the platform: what was computed meanwhile the clock shows with the next event alone. */
  const failAfter = (ms: number, typed: string | null = null) => {
    const clock = { now: 0 }
    const work = () => {
      setTimeout(() => {
        clock.now += ms
      }, 0)
      return Promise.reject(new Error('refused'))
    }
    return failSlowly({ ...ctx, now: () => clock.now }, work, typed)
  }
  /** Whether the failure is told once each of these has passed, in ms. */
  const isToldAfter = async (failing: Promise<never>, ...steps: readonly number[]) => {
    let isTold = false
    failing.catch(() => {
      isTold = true
    })
    const told: boolean[] = []
    for (const step of steps) {
      await vi.advanceTimersByTimeAsync(step)
      told.push(isTold)
    }
    await expect(failing).rejects.toThrow('refused')
    return told
  }

  beforeEach(() => void vi.useFakeTimers({ toFake: ['setTimeout'] }))
  afterEach(() => void vi.useRealTimers())

  it('is 400 ms where nothing was computed', async () => {
    expect(await isToldAfter(failAfter(0), 399, 1)).toEqual([false, true])
  })

  it('has what was computed in it, and no more beside', async () => {
    expect(await isToldAfter(failAfter(10_000), 1)).toEqual([true])
  })

  it('is as many times that as what was typed has spellings', async () => {
    expect(await isToldAfter(failAfter(0, 'correct horse battery'), 399, 1)).toEqual([false, true])
    expect(await isToldAfter(failAfter(0, 'pässwörd-ﬁ'), 1199, 1)).toEqual([false, true])
  })
})

describe('the floor of a deployment', () => {
  const salt = 'A'.repeat(22)
  const BCRYPT_13 = `$2b$13$${salt}${'C'.repeat(31)}`
  const PBKDF2 = `$pbkdf2-sha256$i=2000000$${salt}$${'A'.repeat(43)}`
  const floor = async () => findFailureFloor(await app.ctx(), null)
  const forget = async () => (await app.ctx()).db.run('delete from dear_hashes')
  // Other files would wait as long.
  afterAll(forget)

  it('is one and a half times that of the costliest hash, and falls as hashes are renewed', async () => {
    await forget()
    const importer = await createImporter(app)
    const [one, other] = [newEmail(), newEmail()]
    await importer.rows([{ email: one, password_hash: BCRYPT_13 }])
    expect(await floor()).toBe(1.5 * 902)
    await importer.rows([{ email: other, password_hash: PBKDF2 }])
    expect(await floor()).toBe(1.5 * 1400)
    const ctx = await app.ctx()
    await ctx.db.run(`update users set password_hash = 'renewed' where email = '${other}'`)
    expect(await findFailureFloor({ ...ctx, now: () => Date.now() + 59_000 }, null)).toBe(1.5 * 1400)
    expect(await findFailureFloor({ ...ctx, now: () => Date.now() + 61_000 }, null)).toBe(1.5 * 902)
    await ctx.db.run(`delete from users where email = '${one}'`)
    expect(await findFailureFloor({ ...ctx, now: () => Date.now() + 122_000 }, null)).toBe(400)
  })

  it('lists only hashes that cost more than ours', async () => {
    await forget()
    const importer = await createImporter(app)
    await importer.rows([{ email: newEmail(), password_hash: `$2b$04$${salt}${'C'.repeat(31)}` }])
    expect(await findFailureFloor(await createTestApp().ctx(), null)).toBe(400)
  })

  it('is the highest that can be while the database does not answer', async () => {
    const ctx = await createTestApp().ctx()
    const silent = { ...ctx, db: { all: () => Promise.reject(new Error('away')) } as unknown as Ctx['db'] }
    expect(await findFailureFloor(silent, null)).toBe(1.5 * 1500)
  })

  it('is waited for by a wrong password, an unknown name, step-up and password change alike', async () => {
    await forget()
    const on = createTimedApp()
    const user = await signUpUser(app)
    const importer = await createImporter(app)
    await importer.rows([{ email: newEmail(), password_hash: `$2b$12$${salt}${'C'.repeat(31)}` }])
    const wrong = 'wrong horse battery'
    const network = () => ({ 'cf-connecting-ip': newAddress() })
    const calls: readonly [string, object, Record<string, string>, number][] = [
      ['/api/v1/auth/signin', { email: user.email, password: wrong }, network(), 401],
      ['/api/v1/auth/signin', { email: user.email, password: 'short' }, network(), 401],
      ['/api/v1/auth/signin', { email: newEmail(), password: wrong }, network(), 401],
      ['/api/v1/auth/step-up', { password: wrong }, user.headers, 400],
      ['/api/v1/auth/password/change', { current_password: wrong, new_password: `${PASSWORD}!` }, user.headers, 400],
    ]
    for (const [path, body, headers, status] of calls) {
      const { result, took } = await on.timed(() => on.fetch(path, json(body, headers)))
      expect([path, result.status]).toEqual([path, status])
      expect(took).toBeGreaterThanOrEqual(1.5 * 451 - 1)
    }
  })
})
