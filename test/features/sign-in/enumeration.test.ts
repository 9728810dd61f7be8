import { expect, it } from 'vitest'
import { createTestApp, json, type TestApp } from '../../support/app.ts'
import { createTimedApp } from '../../support/timed.ts'
import { newAddress, newEmail, PASSWORD, signUpUser } from '../../support/users.ts'
import { app } from './support.ts'

const ROUNDS = 3

/** What is asked, and of which deployment. Its own network each time: nobody is slowed down by the others. */
const cases: readonly (readonly [string, Record<string, string>])[] = [
  ['forgot-password', {}],
  ['resend-verification', {}],
  ['magic/send', { SIGNUPS_ENABLED: 'false' }],
  ['signup', { REQUIRE_VERIFIED_EMAIL: 'true', HIDE_ACCOUNT_EXISTENCE: 'true' }],
]

async function ask(on: TestApp, path: string, email: string): Promise<string> {
  const body = path === 'signup' ? { email, password: PASSWORD } : { email }
  const answer = await on.fetch(`/api/v1/auth/${path}`, json(body, { 'cf-connecting-ip': newAddress() }))
  return `${answer.status} ${[...answer.headers.keys()].sort().join()} ${(await answer.text()).replace(/"pmb_[\w-]{43}"/, '"a secret of each asker"')}`
}

it.each(cases)('%s does not reveal by status, headers or body who exists, and takes 400 ms', async (path, env) => {
  const on = createTimedApp({ env })
  const users = await Promise.all(Array.from({ length: ROUNDS }, () => signUpUser(app)))
  await app.settled()
  const texts = new Set<string>()
  for (const { email } of users) {
    for (const address of [email, newEmail()]) {
      const { result, took, paused } = await on.timed(() => ask(on, path, address))
      texts.add(result)
      expect(took).toBeGreaterThanOrEqual(399)
      // A pause that is longer than the floor would show what came before it.
      expect(paused).toBeLessThanOrEqual(400)
    }
  }
  expect(texts.size).toBe(1)
})

it('a sign-in with the password of a sign-up reveals no more than the sign-up: right or wrong, and by no lock', async () => {
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
