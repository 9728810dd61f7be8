import { beforeEach, describe, expect, it } from 'vitest'
import {
  listPublicKeys,
  loadSigningKey,
  mintClientToken,
  resealKeys,
  rotateKeys,
  verifyAccessToken,
} from '../../../src/features/keys/service/tokens.ts'
import { DAY, MINUTE, SECOND } from '../../../src/lib/time.ts'
import { changeRing, clientClaims, emptyRing, type RingIsolate, ringEvents, ringIsolate, ringRows } from './support.ts'

const START = Date.UTC(2026, 0, 1)
const LEAD = (300 + 60) * SECOND
const LIFETIME = 600 * SECOND

const mintIn = async (isolate: RingIsolate) => {
  const ctx = await isolate.ctx()
  return mintClientToken(await loadSigningKey(ctx), clientClaims(ctx))
}
const verifyIn = async (isolate: RingIsolate, token: string) => verifyAccessToken(await isolate.ctx(), token)
const kidIn = async (isolate: RingIsolate) => (await loadSigningKey(await isolate.ctx())).kid
const publishedBy = async (isolate: RingIsolate) => (await listPublicKeys(await isolate.ctx())).map((key) => key.kid)
const cron = async (clock: { now: number }) => rotateKeys(await ringIsolate(clock).ctx())

beforeEach(emptyRing)

describe('an empty key ring', () => {
  it('gets one key when isolates race for the first', async () => {
    const clock = { now: START }
    const kids = await Promise.all(Array.from({ length: 6 }, () => kidIn(ringIsolate(clock, { JWT_ALG: 'ES256' }))))
    expect(new Set(kids).size).toBe(1)
    expect(await ringRows()).toHaveLength(1)
    expect(await ringEvents()).toEqual(['key.created'])
  })

  it('gets its first key from the first request for the public keys', async () => {
    const clock = { now: START }
    const published = await publishedBy(ringIsolate(clock))
    expect(published).toEqual([await kidIn(ringIsolate(clock))])
  })

  it.each(['RS256', 'ES256', 'EdDSA'])('signs and verifies with %s', async (JWT_ALG) => {
    const isolate = ringIsolate({ now: START }, { JWT_ALG })
    expect(await verifyIn(isolate, await mintIn(isolate))).toMatchObject({ ok: true })
    expect((await ringRows())[0]).toMatchObject({ alg: JWT_ALG })
  })
})

describe('rotation by the cron job', () => {
  it('publishes a key before it signs, and keeps the old one until its last token has expired', async () => {
    const clock = { now: START }
    const isolate = ringIsolate(clock)
    const old = await kidIn(isolate)

    clock.now = START + 30 * DAY
    await cron(clock)
    const [young] = (await publishedBy(ringIsolate(clock))).filter((kid) => kid !== old)
    expect(await kidIn(isolate)).toBe(old)
    expect(await publishedBy(isolate)).toEqual([young, old])

    const signsFrom = clock.now + LEAD
    clock.now = signsFrom - 1
    const lastOld = await mintIn(isolate)
    clock.now = signsFrom
    expect(await kidIn(isolate)).toBe(young)

    clock.now = signsFrom + LIFETIME - SECOND - 1
    expect(await verifyIn(isolate, lastOld)).toMatchObject({ ok: true, kid: old })
    clock.now = signsFrom + LIFETIME + 59 * SECOND
    expect(await publishedBy(isolate)).toEqual([young, old])
    clock.now = signsFrom + LIFETIME + 60 * SECOND
    expect(await publishedBy(isolate)).toEqual([young])

    clock.now += 8 * DAY
    await cron(clock)
    expect((await ringRows()).map((row) => row.kid)).toEqual([young])
    expect(await ringEvents()).toEqual(['key.created', 'key.created', 'key.rotated'])
  })

  it('creates one successor when two runs race, and none before it is due', async () => {
    const clock = { now: START }
    await kidIn(ringIsolate(clock))
    clock.now = START + 30 * DAY - 1
    await cron(clock)
    expect(await ringRows()).toHaveLength(1)
    clock.now = START + 30 * DAY
    await Promise.all([cron(clock), cron(clock), cron(clock)])
    await cron(clock)
    expect(await ringRows()).toHaveLength(2)
  })

  it('reaches an isolate with an older key ring before the new key signs', async () => {
    const clock = { now: START }
    await kidIn(ringIsolate(clock))
    clock.now = START + 30 * DAY
    const other = ringIsolate(clock)
    await publishedBy(other)
    await cron(clock)
    clock.now += LEAD
    const readsBefore = other.tap.reads
    const token = await mintIn(ringIsolate(clock))
    expect(await verifyIn(other, token)).toMatchObject({ ok: true })
    expect(other.tap.reads - readsBefore).toBe(1)
  })

  it('does not sign before every cache has the key, even one filled from a key ring that was a minute old', async () => {
    const clock = { now: START }
    const isolate = ringIsolate(clock)
    const old = await kidIn(isolate)
    clock.now = START + 30 * DAY
    await publishedBy(isolate)
    await isolate.settled()
    await cron(clock)
    clock.now += 60 * SECOND
    expect(await publishedBy(isolate)).toEqual([old])
    clock.now += 300 * SECOND - 1
    expect(await kidIn(ringIsolate(clock))).toBe(old)
    clock.now += 1
    expect(await kidIn(ringIsolate(clock))).not.toBe(old)
  })

  it('creates a key of the new algorithm when JWT_ALG has changed', async () => {
    const clock = { now: START }
    const old = await kidIn(ringIsolate(clock))
    const changed = ringIsolate(clock, { JWT_ALG: 'EdDSA' })
    clock.now += MINUTE
    await rotateKeys(await changed.ctx())
    await rotateKeys(await changed.ctx())
    expect(await kidIn(changed)).toBe(old)
    clock.now += LEAD
    expect(await loadSigningKey(await changed.ctx())).toMatchObject({ alg: 'EdDSA' })
    expect(await ringRows()).toHaveLength(2)
  })
})

describe('an unknown kid', () => {
  const strange = async (clock: { now: number }) => {
    const elsewhere = ringIsolate(clock)
    const ctx = await elsewhere.ctx()
    const key = await loadSigningKey(ctx)
    const kid = crypto.randomUUID().replaceAll('-', 'x').padEnd(43, 'A').slice(0, 43)
    return mintClientToken({ ...key, kid }, clientClaims(ctx))
  }

  it('causes one read in three seconds, however many are tried', async () => {
    const clock = { now: START }
    const isolate = ringIsolate(clock)
    await kidIn(isolate)
    const before = isolate.tap.reads
    for (let count = 0; count < 20; count += 1)
      expect(await verifyIn(isolate, await strange(clock))).toEqual({ ok: false, reason: 'unknown_key' })
    expect(isolate.tap.reads - before).toBe(1)
    clock.now += 3 * SECOND
    await verifyIn(isolate, await strange(clock))
    await isolate.settled()
    expect(isolate.tap.reads - before).toBe(2)
  })

  it('is found by all concurrent requests, although only one reads', async () => {
    const clock = { now: START }
    const isolate = ringIsolate(clock)
    await kidIn(isolate)
    await changeRing('update signing_keys set revoked_at = ?1, published_until = ?1', START)
    const token = await mintIn(ringIsolate(clock))
    const results = await Promise.all(Array.from({ length: 10 }, () => verifyIn(isolate, token)))
    expect(results.filter((result) => result.ok)).toHaveLength(10)
  })

  it('that is not a thumbprint causes no read', async () => {
    const clock = { now: START }
    const isolate = ringIsolate(clock)
    const ctx = await isolate.ctx()
    const key = await loadSigningKey(ctx)
    const before = isolate.tap.reads
    for (const kid of ['../../etc/passwd', "' or 1=1 --", '', `${key.kid} `, 'constructor', '__proto__'])
      expect(await verifyIn(isolate, await mintClientToken({ ...key, kid }, clientClaims(ctx)))).toMatchObject({
        ok: false,
      })
    expect(isolate.tap.reads).toBe(before)
  })
})

describe('without D1', () => {
  it('an isolate keeps using its cached key ring', async () => {
    const clock = { now: START }
    const isolate = ringIsolate(clock)
    const kid = await kidIn(isolate)
    isolate.tap.isDown = true
    clock.now += 10 * MINUTE
    expect(await kidIn(isolate)).toBe(kid)
    expect(await verifyIn(isolate, await mintIn(isolate))).toMatchObject({ ok: true })
  })

  it('an isolate waits a second once, and then not at all until D1 answers again', async () => {
    const clock = { now: START }
    const isolate = ringIsolate(clock)
    const token = await mintIn(isolate)
    isolate.tap.hangs = true
    clock.now += 2 * MINUTE
    const verifying = async () => {
      const started = performance.now()
      expect(await verifyIn(isolate, token)).toMatchObject({ ok: true })
      return performance.now() - started
    }
    expect(await verifying()).toBeLessThan(2000)
    const later: number[] = []
    for (let count = 0; count < 5; count += 1) {
      clock.now += 10 * SECOND
      later.push(await verifying())
    }
    expect(Math.max(...later)).toBeLessThan(500)
    isolate.tap.hangs = false
    await isolate.settled()
    clock.now += 10 * SECOND
    await verifying()
    await isolate.settled()
    const readsBefore = isolate.tap.reads
    clock.now += SECOND
    await verifying()
    expect(isolate.tap.reads).toBe(readsBefore)
  })

  it('an isolate without a key ring accepts and refuses no token', async () => {
    const clock = { now: START }
    const token = await mintIn(ringIsolate(clock))
    const cold = ringIsolate(clock)
    cold.tap.isDown = true
    await expect(verifyIn(cold, token)).rejects.toThrow()
    expect((await cold.fetch('/.well-known/jwks.json')).status).toBeGreaterThanOrEqual(500)
  })
})

describe('a sealed private key', () => {
  const NEW_SECRET = { ROOT_SECRET: 'another-root-secret-0123456789-0123456789-01234' }
  const OLD_SECRET = 'test-root-secret-0123456789-0123456789-0123456789'

  it('is not readable in D1', async () => {
    await kidIn(ringIsolate({ now: START }))
    const row = JSON.stringify((await ringRows())[0])
    expect(row).not.toMatch(/"(d|p|q|dp|dq|qi)"/)
  })

  it('is resealed with the current secret, after which the previous one may be removed', async () => {
    const clock = { now: START }
    const before = ringIsolate(clock)
    const kid = await kidIn(before)
    const token = await mintIn(before)
    const both = ringIsolate(clock, { ...NEW_SECRET, ROOT_SECRET_PREVIOUS: OLD_SECRET })
    expect(await kidIn(both)).toBe(kid)
    expect(await resealKeys(await both.ctx())).toBe(1)
    expect(await resealKeys(await both.ctx())).toBe(0)
    const after = ringIsolate(clock, NEW_SECRET)
    expect(await kidIn(after)).toBe(kid)
    expect(await verifyIn(after, token)).toMatchObject({ ok: true })
  })

  it('is ignored once its secret is lost, and a new key signs at once', async () => {
    const clock = { now: START }
    const token = await mintIn(ringIsolate(clock))
    const isolate = ringIsolate(clock, NEW_SECRET)
    expect(await verifyIn(isolate, token)).toEqual({ ok: false, reason: 'unknown_key' })
    expect(await verifyIn(isolate, await mintIn(isolate))).toMatchObject({ ok: true })
    expect(await ringRows()).toHaveLength(2)
  })

  it('cannot be unsealed after one changed character', async () => {
    const clock = { now: START }
    const old = await kidIn(ringIsolate(clock))
    const [row] = await ringRows()
    const sealed = row?.privateSealed ?? ''
    const at = sealed.length - 20
    const tampered = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`
    await changeRing('update signing_keys set private_sealed = ?', tampered)
    const isolate = ringIsolate(clock)
    expect(await kidIn(isolate)).not.toBe(old)
    expect(await publishedBy(isolate)).not.toContain(old)
  })

  it('is bound to its kid: it cannot be unsealed in the row of another kid', async () => {
    const clock = { now: START }
    const kid = await kidIn(ringIsolate(clock))
    const renamed = 'A'.repeat(43)
    await changeRing('update signing_keys set kid = ? where kid = ?', renamed, kid)
    expect(await kidIn(ringIsolate(clock))).not.toBe(renamed)
  })

  it('contains the public key: another public key in the row verifies nothing and is not published', async () => {
    const clock = { now: START }
    const kid = await kidIn(ringIsolate(clock, { JWT_ALG: 'EdDSA' }))
    const forged = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' }
    await changeRing('update signing_keys set public_jwk = ?', JSON.stringify(forged))
    const [published] = await listPublicKeys(await ringIsolate(clock).ctx())
    expect(published?.kid).toBe(kid)
    expect(published?.publicJwk.x).not.toBe(forged.x)
  })
})
