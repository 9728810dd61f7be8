import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  listPublicKeys,
  loadSigningKey,
  mintClientToken,
  rotateKeys,
  verifyAccessToken,
} from '../../../src/features/keys/service/tokens.ts'
import { DAY, MINUTE, SECOND } from '../../../src/lib/time.ts'
import { clientClaims, emptyRing, ringIsolate } from './support.ts'

/** A gateway that caches the public keys for as long as it may. */
interface Gateway {
  kids: readonly string[]
  fetchedAt: number
}

/** The cron job creates a successor at some step; then time passes in seconds until the old key is no longer published. */
const Step = fc.record({
  wait: fc.integer({ min: SECOND, max: 80 * SECOND }),
  isolate: fc.nat(2),
  gatewayAsks: fc.nat(2),
})
const Rotation = fc.record({ at: fc.nat(8), steps: fc.array(Step, { minLength: 36, maxLength: 36 }) })

it('verifies every token that has not expired in every isolate and at every gateway, whenever keys rotate', async () => {
  await fc.assert(
    fc.asyncProperty(Rotation, async ({ at, steps }) => {
      await emptyRing()
      const clock = { now: Date.UTC(2026, 0, 1) }
      const isolates = [0, 1, 2].map(() => ringIsolate(clock, { JWT_ALG: 'ES256', KEY_ROTATION_DAYS: '1' }))
      const contexts = await Promise.all(isolates.map((isolate) => isolate.ctx()))
      const contextOf = (index: number) => contexts[index] ?? Promise.reject(new Error('there are three isolates'))
      const cron = await ringIsolate(clock, { JWT_ALG: 'ES256', KEY_ROTATION_DAYS: '1' }).ctx()
      await rotateKeys(cron)
      clock.now += DAY - 2 * MINUTE
      const gateway: Gateway = { kids: [], fetchedAt: Number.NEGATIVE_INFINITY }
      let live: { token: string; kid: string; until: number }[] = []
      for (const [index, step] of steps.entries()) {
        clock.now += step.wait
        if (index >= at) await rotateKeys(cron)
        if (clock.now - gateway.fetchedAt >= 300 * SECOND) {
          gateway.kids = (await listPublicKeys(await contextOf(step.gatewayAsks))).map((key) => key.kid)
          gateway.fetchedAt = clock.now
        }
        const ctx = await contextOf(step.isolate)
        const key = await loadSigningKey(ctx)
        const claims = clientClaims(ctx)
        live.push({ token: await mintClientToken(key, claims), kid: key.kid, until: claims.exp * SECOND })
        live = live.filter(({ until }) => until > clock.now)
        for (const { token, kid } of live) {
          expect(gateway.kids).toContain(kid)
          for (const judge of contexts) expect(await verifyAccessToken(judge, token)).toMatchObject({ ok: true, kid })
        }
        await Promise.all(isolates.map((isolate) => isolate.settled()))
      }
    }),
    { numRuns: 12 },
  )
}, 60_000)
