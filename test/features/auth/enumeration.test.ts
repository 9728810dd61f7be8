import { expect, it } from 'vitest'
import { createTestApp, json, type TestApp } from '../../support/app.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { app } from './support.ts'

const ROUNDS = 24

interface Distribution {
  readonly min: number
  readonly median: number
  readonly max: number
  readonly times: readonly number[]
}

function describeTimes(all: readonly number[]): Distribution {
  const times = all.toSorted((a, b) => a - b)
  return { min: times[0] ?? 0, median: times[Math.floor(times.length / 2)] ?? 0, max: times.at(-1) ?? 0, times }
}

/** The share of both samples that lies where both have some: 1 when a time tells nothing. */
function overlapOf(a: Distribution, b: Distribution): number {
  const [low, high] = [Math.max(a.min, b.min), Math.min(a.max, b.max)]
  const inside = [...a.times, ...b.times].filter((time) => time >= low && time <= high)
  return inside.length / (a.times.length + b.times.length)
}

/** What is asked, and of which deployment. Its own network each time: nobody is slowed down by the others. */
const cases: readonly (readonly [string, Record<string, string>])[] = [
  ['forgot-password', {}],
  ['resend-verification', {}],
  ['magic/send', { SIGNUPS_ENABLED: 'false' }],
  ['signup', { REQUIRE_VERIFIED_EMAIL: 'true', HIDE_ACCOUNT_EXISTENCE: 'true' }],
]

async function timed(on: TestApp, path: string, email: string): Promise<{ took: number; text: string }> {
  const body = path === 'signup' ? { email, password: PASSWORD } : { email }
  const began = performance.now()
  const answer = await on.fetch(`/api/v1/auth/${path}`, json(body, { 'cf-connecting-ip': newAddress() }))
  const text = `${answer.status} ${[...answer.headers.keys()].sort().join()} ${await answer.text()}`
  return { took: performance.now() - began, text }
}

it.each(cases)(
  '%s tells nobody by status, headers, body or time who exists',
  async (path, env) => {
    const on = createTestApp({ env })
    const users = await Promise.all(Array.from({ length: ROUNDS }, () => signUpUser(app)))
    await app.settled()
    const known: number[] = []
    const unknown: number[] = []
    const texts = new Set<string>()
    // Interleaved: whatever the machine does meanwhile, it does to both.
    for (const { email } of users) {
      for (const [address, times] of [
        [email, known],
        [newEmail(), unknown],
      ] as const) {
        const { took, text } = await timed(on, path, address)
        times.push(took)
        texts.add(text)
      }
    }
    const [a, b] = [describeTimes(known), describeTimes(unknown)]
    const overlap = overlapOf(a, b)
    const show = ({ min, median, max }: Distribution) => [min, median, max].map((time) => time.toFixed(1)).join(' / ')
    console.log(
      `${path}: known ${show(a)} ms, unknown ${show(b)} ms (min / median / max), overlap ${overlap.toFixed(2)}`,
    )
    expect(texts.size).toBe(1)
    // A timer may go off within the millisecond before.
    expect(Math.min(a.min, b.min)).toBeGreaterThanOrEqual(399)
    expect(Math.abs(a.median - b.median)).toBeLessThan(40)
    expect(overlap).toBeGreaterThan(0.5)
  },
  120_000,
)

it('a sign-in with the password of a sign-up tells no more than the sign-up: right or wrong, and by no lock', async () => {
  const on = createTestApp({ env: { REQUIRE_VERIFIED_EMAIL: 'true', HIDE_ACCOUNT_EXISTENCE: 'true' } })
  const { email: taken } = await signUpUser(app)
  const free = newEmail()
  const chosen = 'a password of the one who asks'
  const ask = async (path: string, body: object, address = newAddress()) => {
    const answer = await on.fetch(path, json(body, { 'cf-connecting-ip': address }))
    const { code = null } = await answer.json<{ code?: string }>()
    return [answer.status, code]
  }
  const all = async (email: string) => {
    const address = newAddress()
    const answers = [await ask('/api/v1/auth/signup', { email, password: chosen })]
    for (const path of [
      '/api/v1/auth/signin',
      '/auth/login',
      '/admin/login',
      '/vendor/login',
      '/api/v1/auth/login',
      '/token',
    ])
      answers.push(await ask(path, { email, username: email, password: chosen }, address))
    return answers
  }
  const answers = await all(free)
  expect(await all(taken)).toEqual(answers)
  expect(answers[1]).toEqual([401, 'INVALID_CREDENTIALS'])
  expect(answers.at(-1)).toEqual([429, 'ACCOUNT_LOCKED'])
})
