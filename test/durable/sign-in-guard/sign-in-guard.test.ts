import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { describe, expect, it } from 'vitest'
import { SignInGuard } from '../../../src/durable/sign-in-guard/sign-in-guard.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { DAY, HOUR, MINUTE } from '../../../src/lib/time.ts'
import { createTestApp, env } from '../../support/app.ts'

const network = '203.0.113.0/24'

/** A new guard object, whose clock the test sets. */
async function newGuard() {
  const stub = env.SIGN_IN_GUARD.getByName(`test-${newUuid()}`)
  const clock = { now: 1_800_000_000_000 }
  const run = <T>(use: (guard: SignInGuard, state: DurableObjectState) => Promise<T>): Promise<T> =>
    runInDurableObject(stub, (instance, state) => {
      if (!(instance instanceof SignInGuard)) throw new TypeError('not a guard')
      instance.clock = () => clock.now
      return use(instance, state)
    })
  return { stub, clock, run }
}

describe('SignInGuard', () => {
  it('allows five of twenty parallel attempts', async () => {
    const ctx = await createTestApp().ctx()
    const account = newUuid()
    const attempts = Array.from({ length: 20 }, () => ctx.objects.guard(account).attempt({ account, network }))
    const results = await Promise.all(attempts)
    expect(results.filter(({ allowed }) => allowed)).toHaveLength(5)
    expect(results.find(({ allowed }) => !allowed)).toMatchObject({ scope: 'network' })
  })

  it('does not count a right password, and resets the count after a completed sign-in', async () => {
    const { run } = await newGuard()
    await run(async (guard) => {
      const account = newUuid()
      for (let count = 0; count < 4; count += 1) await guard.attempt({ account, network })
      await guard.attempt({ account, network })
      await guard.giveBack({ account, network })
      expect((await guard.status({ account })).failedAttempts).toBe(4)
      await guard.complete({ account, network })
      expect(await guard.status({ account })).toEqual({ failedAttempts: 0, lockedUntil: null })
    })
  })

  it('answers when the lock ends, and unlocks', async () => {
    const { run, clock } = await newGuard()
    await run(async (guard) => {
      const account = newUuid()
      for (let count = 0; count < 5; count += 1) await guard.attempt({ account, network })
      const until = clock.now + 15 * MINUTE
      expect(await guard.attempt({ account, network })).toEqual({
        allowed: false,
        lockedUntil: until,
        scope: 'network',
      })
      expect(await guard.status({ account })).toEqual({ failedAttempts: 5, lockedUntil: until })
      await guard.unlock({ account })
      expect(await guard.attempt({ account, network })).toEqual({ allowed: true })
    })
  })

  describe('concurrent attempts', () => {
    const begin = (guard: SignInGuard, account: string, count: number) =>
      Array.from({ length: count }, (_, index) => guard.attempt({ account, network, id: `${index}` }))

    it('wait for those before them, and are allowed in the order of arrival', async () => {
      const { run } = await newGuard()
      await run(async (guard) => {
        const account = newUuid()
        const passed: number[] = []
        const all = begin(guard, account, 20).map(async (attempt, index) => {
          expect(await attempt).toEqual({ allowed: true })
          passed.push(index)
          await guard.giveBack({ account, network, id: `${index}` })
        })
        await Promise.all(all)
        expect(passed).toEqual(Array.from({ length: 20 }, (_, index) => index))
        expect(await guard.status({ account })).toEqual({ failedAttempts: 0, lockedUntil: null })
      })
    })

    it('are locked once five of those before them were wrong', async () => {
      const { run, clock } = await newGuard()
      await run(async (guard) => {
        const account = newUuid()
        const all = begin(guard, account, 8)
        for (const id of ['0', '1', '2', '3', '4']) await guard.fail({ account, id })
        const lock = { allowed: false, lockedUntil: clock.now + 15 * MINUTE, scope: 'network' }
        expect((await Promise.all(all)).slice(5)).toEqual([lock, lock, lock])
      })
    })

    it('are refused as busy when there is no outcome within a second', async () => {
      const { run, clock } = await newGuard()
      await run(async (guard) => {
        const account = newUuid()
        const [last] = begin(guard, account, 6).slice(5)
        expect(await last).toEqual({ allowed: false, isBusy: true, lockedUntil: clock.now + 1000, scope: 'network' })
        expect(await guard.status({ account })).toEqual({ failedAttempts: 0, lockedUntil: null })
      })
    })

    it('are failures when there is no outcome within ten seconds', async () => {
      const { run, clock } = await newGuard()
      await run(async (guard) => {
        const account = newUuid()
        await Promise.all(begin(guard, account, 5))
        clock.now += 10_000
        expect(await guard.attempt({ account, network, id: 'next' })).toMatchObject({
          allowed: false,
          scope: 'network',
        })
        expect((await guard.status({ account })).failedAttempts).toBe(5)
      })
    })

    it('of one network do not make another wait', async () => {
      const { run } = await newGuard()
      await run(async (guard) => {
        const account = newUuid()
        const waiting = begin(guard, account, 7)
        expect(await guard.attempt({ account, network: '198.51.100.0/24', id: 'other' })).toEqual({ allowed: true })
        await guard.unlock({ account })
        await Promise.all(waiting)
      })
    })

    it('are counted in the same way as uses of any subject', async () => {
      const { run } = await newGuard()
      await run(async (guard) => {
        const rule = { subject: newUuid(), limit: 2, windowMs: HOUR, lockMs: HOUR }
        const use = (id: string) => guard.use({ ...rule, id })
        const [first, second, third, fourth] = ['a', 'b', 'c', 'd'].map(use)
        await Promise.all([first, second])
        await guard.giveBackUse({ subject: rule.subject, id: 'a' })
        expect(await third).toEqual({ allowed: true, retryAfterMs: 0 })
        expect(await fourth).toEqual({ allowed: false, isBusy: true, retryAfterMs: 1000 })
        await guard.failUse({ subject: rule.subject, id: 'b' })
        await guard.failUse({ subject: rule.subject, id: 'c' })
        expect(await use('e')).toEqual({ allowed: false, retryAfterMs: HOUR })
      })
    })
  })

  it('reads the uses that an earlier release wrote', async () => {
    const { run, clock } = await newGuard()
    await run(async (guard, state) => {
      const rule = { subject: newUuid(), limit: 2, windowMs: HOUR }
      const old = JSON.stringify([clock.now - 2, clock.now - 1])
      state.storage.sql.exec('insert into subjects values (?, ?, ?)', `use:${rule.subject}`, old, clock.now + HOUR)
      expect((await guard.use({ ...rule, id: 'a' })).allowed).toBe(false)
      await guard.giveBackUse(rule)
      expect((await guard.use({ ...rule, id: 'b' })).allowed).toBe(true)
    })
  })

  it('answers whether an account knows a network', async () => {
    const { run } = await newGuard()
    await run(async (guard) => {
      const account = newUuid()
      await guard.complete({ account, network })
      expect(await guard.attempt({ account, network, id: 'a' })).toEqual({ allowed: true, knowsNetwork: true })
      expect(await guard.status({ account, network })).toMatchObject({ knowsNetwork: true })
      expect(await guard.status({ account, network: '198.51.100.0/24' })).toMatchObject({ knowsNetwork: false })
    })
  })

  it('counts uses exactly, and answers how long to wait', async () => {
    const { run, clock } = await newGuard()
    await run(async (guard) => {
      const input = { subject: newUuid(), limit: 3, windowMs: HOUR }
      const results = await Promise.all(Array.from({ length: 10 }, () => guard.use(input)))
      expect(results.filter(({ allowed }) => allowed)).toHaveLength(3)
      expect(results.at(-1)).toEqual({ allowed: false, retryAfterMs: HOUR })
      await guard.giveBackUse(input)
      expect((await guard.use(input)).allowed).toBe(true)
      clock.now += HOUR
      expect((await guard.use(input)).allowed).toBe(true)
    })
  })

  it('locks a subject for the time of its rule', async () => {
    const { run, clock } = await newGuard()
    await run(async (guard) => {
      const input = { subject: newUuid(), limit: 2, windowMs: HOUR, lockMs: HOUR }
      await guard.use(input)
      clock.now += 30 * MINUTE
      await guard.use(input)
      clock.now += 45 * MINUTE
      expect(await guard.use(input)).toEqual({ allowed: false, retryAfterMs: 15 * MINUTE })
      clock.now += 15 * MINUTE
      expect((await guard.use(input)).allowed).toBe(true)
    })
  })

  it('resets the uses and the lock of one subject only', async () => {
    const { run } = await newGuard()
    await run(async (guard) => {
      const rule = { limit: 1, windowMs: HOUR, lockMs: HOUR }
      const [locked, other] = [newUuid(), newUuid()]
      for (const subject of [locked, other]) await guard.use({ subject, ...rule })
      expect((await guard.use({ subject: locked, ...rule })).allowed).toBe(false)
      await guard.resetUse({ subject: locked })
      await guard.resetUse({ subject: newUuid() })
      expect((await guard.use({ subject: locked, ...rule })).allowed).toBe(true)
      expect((await guard.use({ subject: other, ...rule })).allowed).toBe(false)
    })
  })

  it('keeps uses in flight at a reset, because they may still fail', async () => {
    const { run } = await newGuard()
    await run(async (guard) => {
      const rule = { subject: newUuid(), limit: 1, windowMs: HOUR, lockMs: HOUR }
      await guard.use({ ...rule, id: 'a' })
      await guard.resetUse(rule)
      await guard.failUse({ subject: rule.subject, id: 'a' })
      expect((await guard.use({ ...rule, id: 'b' })).allowed).toBe(false)
    })
  })

  it('keeps the attempts of an account when the uses of the same subject are reset', async () => {
    const { run } = await newGuard()
    await run(async (guard) => {
      const account = newUuid()
      for (let count = 0; count < 5; count += 1) await guard.attempt({ account, network })
      await guard.resetUse({ subject: account })
      expect((await guard.attempt({ account, network })).allowed).toBe(false)
    })
  })

  it('ignores a use given back for an unknown subject', async () => {
    const { run } = await newGuard()
    await run(async (guard, state) => {
      await guard.giveBackUse({ subject: newUuid() })
      expect(state.storage.sql.exec('select * from subjects').toArray()).toEqual([])
    })
  })

  it('prunes expired rows by alarm and keeps the others', async () => {
    const { run, clock, stub } = await newGuard()
    const [failing, signedIn] = [newUuid(), newUuid()]
    await run(async (guard) => {
      await guard.attempt({ account: failing, network })
      await guard.use({ subject: newUuid(), limit: 3, windowMs: MINUTE })
      await guard.complete({ account: signedIn, network })
    })
    const keys = () =>
      run(async (_guard, state) =>
        state.storage.sql
          .exec<{ key: string }>('select key from subjects')
          .toArray()
          .map(({ key }) => key),
      )
    expect(await keys()).toHaveLength(3)
    clock.now += 2 * HOUR
    await runDurableObjectAlarm(stub)
    expect(await keys()).toEqual([`account:${signedIn}`])
    clock.now += 31 * DAY
    await runDurableObjectAlarm(stub)
    expect(await keys()).toEqual([])
    expect(await runDurableObjectAlarm(stub)).toBe(false)
  })
})
