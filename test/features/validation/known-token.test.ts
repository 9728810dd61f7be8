import { beforeEach, describe, expect, it } from 'vitest'
import { bearer, json, type TestApp } from '../../support/app.ts'
import { createWorld, type MintedUser, mintMachine, mintUser, type World } from './support.ts'

let world: World
let app: TestApp
let ada: MintedUser

beforeEach(async () => {
  world = createWorld()
  app = world.isolate()
  ada = await mintUser(app)
})

/** Everything that a client sees of an answer, except the request id. */
async function seen(answer: Response) {
  const { 'x-request-id': id, ...headers } = Object.fromEntries(answer.headers)
  expect(id).toMatch(/^[0-9a-f-]{36}$/)
  return { status: answer.status, headers, body: await answer.text() }
}

const short = (token: string): RequestInit => {
  const body = JSON.stringify({ token })
  return { method: 'POST', body, headers: { 'content-type': 'application/json', 'content-length': `${body.length}` } }
}

const FORMS = [
  ['GET /validate', '/validate', (token: string) => bearer(token)],
  ['POST /validate', '/validate', short],
  ['POST /api/v1/auth/validate', '/api/v1/auth/validate', short],
] as const

describe.each(FORMS)('%s of a token that the isolate has cached', (_, path, init) => {
  it('gives the same answer as the first check', async () => {
    const machine = await mintMachine(app, crypto.randomUUID(), 'a b')
    for (const token of [ada.token, machine.token]) {
      const first = await seen(await app.fetch(path, init(token)))
      expect(first.status).toBe(200)
      expect(await seen(await app.fetch(path, init(token)))).toEqual(first)
    }
  })

  it('follows the clock, the view and the configuration', async () => {
    const status = async () => {
      const answer = await app.fetch(path, init(ada.token))
      return answer.headers.get('content-type') ? ((await answer.json()) as { valid?: boolean }).valid : answer.status
    }
    const good = [await status(), await status()]
    world.now += 1500
    expect((await app.fetch(path, init(ada.token))).headers.get('x-auth-freshness')).toBe('2')
    await world.feed.append([{ kind: 'session', id: ada.claims.sid }])
    world.now += 4000
    const bad = [await status(), await status()]
    expect([new Set(good).size, new Set(bad).size]).toEqual([1, 1])
    expect(bad[0]).not.toBe(good[0])
  })

  it('expires with the token', async () => {
    const good = await seen(await app.fetch(path, init(ada.token)))
    world.now = ada.claims.exp * 1000
    expect(await seen(await app.fetch(path, init(ada.token)))).not.toEqual(good)
  })
})

describe('the body of a check', () => {
  it.each([
    ['with another field', (token: string) => JSON.stringify({ token, consistency: 'strong' }), 200],
    ['with an escape', (token: string) => `{"token":"\\u0065${token.slice(1)}"}`, 200],
    ['with a repeated field', (token: string) => `{"token":"x","token":"${token}"}`, 200],
    ['that is no JSON', (token: string) => `{"token":"${token}"`, 400],
    ['of another type', (token: string) => `["${token}"]`, 400],
  ])('is read as JSON: %s', async (_, write, status) => {
    await app.fetch('/validate', bearer(ada.token))
    const body = write(ada.token)
    const headers = { 'content-type': 'application/json', 'content-length': `${body.length}` }
    const answer = await app.fetch('/validate', { method: 'POST', body, headers })
    expect(answer.status).toBe(status)
    if (status === 200) expect(await answer.json()).toMatchObject({ valid: true })
  })

  it('is refused when it is not UTF-8', async () => {
    const body = new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])
    const headers = { 'content-type': 'application/json', 'content-length': '5' }
    expect((await app.fetch('/validate', { method: 'POST', body, headers })).status).toBe(400)
  })
})

it('applies conditions and CORS to a cached token, too, and does not mix up tokens', async () => {
  await app.fetch('/validate', bearer(ada.token))
  const origin = 'http://localhost:3000'
  const headers = { authorization: `Bearer ${ada.token}` }
  expect((await app.fetch('/validate?role=admin', { headers })).status).toBe(403)
  expect((await app.fetch('/validate', { headers: { ...headers, 'x-auth-require': 'valid' } })).status).toBe(403)
  const cors = await app.fetch('/validate', { headers: { ...headers, origin } })
  expect(cors.headers.get('access-control-allow-origin')).toBe(origin)
  expect((await app.fetch('/validate', json({ token: 'x' }))).status).toBe(200)
})
