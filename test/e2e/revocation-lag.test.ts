import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bearer, revoke, signUp } from './support/api.ts'
import { type Isolates, startTwoIsolates } from './support/isolates.ts'

/** The promise: from the answer `propagated: true` on, no isolate accepts the session for longer than this. */
const BOUND_MS = 5000
const ROUNDS = 6

const statusAt = async (origin: string, token: string): Promise<number> =>
  (await fetch(`${origin}/validate`, { headers: bearer(token) })).status

/** Asks until the token is refused; returns the milliseconds since `from`. */
async function lagUntilRefused(origin: string, token: string, from: number): Promise<number> {
  for (;;) {
    const asked = performance.now()
    const status = await statusAt(origin, token)
    if (status === 401) return asked - from
    expect(status).toBe(200)
    expect(asked - from).toBeLessThan(BOUND_MS)
  }
}

describe('a revoked session', () => {
  let isolates: Isolates

  beforeAll(async () => {
    isolates = await startTwoIsolates(inject('checkout'))
  })
  afterAll(() => isolates.stop())

  it('is refused at once by the isolate that revoked it', async () => {
    const user = await signUp(isolates.first)
    expect(await statusAt(isolates.first, user.access_token)).toBe(200)
    expect(await revoke(isolates.first, user.access_token)).toMatchObject({ propagated: true })
    expect(await statusAt(isolates.first, user.access_token)).toBe(401)
  })

  it('is refused within 5 seconds by an isolate that keeps validating it', async () => {
    const lags: number[] = []
    for (let round = 0; round < ROUNDS; round += 1) {
      const user = await signUp(isolates.first)
      expect(await statusAt(isolates.second, user.access_token)).toBe(200)
      expect(await revoke(isolates.first, user.access_token)).toMatchObject({ propagated: true })
      lags.push(await lagUntilRefused(isolates.second, user.access_token, performance.now()))
    }
    const sorted = lags.map(Math.round).sort((a, b) => a - b)
    console.info(`revocation lag in another isolate, ${ROUNDS} rounds: ${sorted.join(', ')} ms (bound ${BOUND_MS} ms)`)
    expect(Math.max(...lags)).toBeLessThan(BOUND_MS)
  })

  it('is refused at once everywhere with consistency=strong', async () => {
    const user = await signUp(isolates.first)
    expect(await statusAt(isolates.second, user.access_token)).toBe(200)
    await revoke(isolates.first, user.access_token)
    const answer = await fetch(`${isolates.second}/validate?consistency=strong`, { headers: bearer(user.access_token) })
    expect(answer.status).toBe(401)
  })
})
