import { beforeEach, describe, expect, it } from 'vitest'
import { createTestApp, json, type TestApp } from '../../support/app.ts'
import { ask } from './support.ts'

// Real sessions, objects and feed; two isolates on the same storage.

let clock: { now: number }
let here: TestApp
let there: TestApp
let token: string

const isolate = (): TestApp => {
  const own = clock
  return createTestApp({ override: (ctx) => ({ ...ctx, now: () => own.now }) })
}

async function signUp(app: TestApp): Promise<string> {
  const email = `validate.${crypto.randomUUID()}@example.com`
  const answer = await app.fetch('/api/v1/auth/signup', {
    ...json({ email, password: 'a long walk past the lighthouse' }, { 'cf-connecting-ip': '203.0.113.7' }),
  })
  return ((await answer.json()) as { access_token: string }).access_token
}

beforeEach(async () => {
  clock = { now: Date.now() }
  here = isolate()
  there = isolate()
  token = await signUp(here)
  expect((await ask(here, token)).status).toBe(200)
  expect((await ask(there, token)).status).toBe(200)
})

const signOut = async (): Promise<Record<string, unknown>> => {
  const answer = await here.fetch('/api/v1/auth/signout', {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  expect(answer.status).toBe(200)
  return (await answer.json()) as Record<string, unknown>
}

describe('a session that was signed out', () => {
  it('is refused at once by the isolate of the sign-out, and by a strong check everywhere', async () => {
    await signOut()
    expect((await ask(here, token)).status).toBe(401)
    expect((await ask(there, token, '?consistency=strong')).status).toBe(401)
  })

  it('is refused within 5 s by an isolate that only has the feed', async () => {
    await signOut()
    clock.now += 5001
    expect((await ask(there, token)).status).toBe(401)
    const answer = await there.fetch('/validate', json({ token }))
    expect(await answer.json()).toMatchObject({ valid: false, errorMessage: 'Token has been revoked' })
  })

  it('is refused by an isolate that has just started', async () => {
    await signOut()
    expect((await ask(isolate(), token)).status).toBe(401)
  })

  it('is refused by guards, too', async () => {
    await signOut()
    clock.now += 5001
    const answer = await there.fetch('/api/v1/auth/me', { headers: { authorization: `Bearer ${token}` } })
    expect(answer.status).toBe(401)
  })
})

it('confirms a live session by its object', async () => {
  const answer = await ask(there, token, '?consistency=strong')
  expect(answer.status).toBe(200)
  expect(answer.headers.get('x-auth-freshness')).toBe('0')
})
