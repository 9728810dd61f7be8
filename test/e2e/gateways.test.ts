import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { bearer, revoke, type SignedIn, signInAdmin, signUp, tamper } from './support/api.ts'
import { type Application, type Seen, startApplication } from './support/application.ts'
import { canRun, type Gateway, type GatewayName, needsOf, RECIPES, startGateway } from './support/gateways.ts'
import { freePort } from './support/ports.ts'
import { withExpiry } from './support/tokens.ts'

const REVOCATION_BOUND_MS = 5000
const SHORT_LIFE_MS = 5000

const GATEWAYS = Object.keys(RECIPES) as GatewayName[]

/** All that an application may ever see of `x-auth-*`. */
const IDENTITY = ['user-id', 'username', 'email', 'roles', 'org-id', 'org-role', 'session-id', 'amr', 'expires-at']
  .concat('freshness')
  .map((header) => `x-auth-${header}`)

const origin = inject('origin')
const posternPort = Number(new URL(origin).port)

let application: Application
let user: SignedIn
let admin: SignedIn

beforeAll(async () => {
  application = await startApplication()
  ;[user, admin] = await Promise.all([signUp(origin), signInAdmin(origin)])
})

afterAll(() => application.stop())

/** Sends path and headers as they stand here: `fetch` would normalize the one and refuse some of the others. */
const send = (
  target: string,
  method: string,
  path: string,
  headers: Record<string, string | string[]>,
): Promise<{ readonly status: number; readonly text: string }> =>
  new Promise((resolve, reject) => {
    const sent = request(target, { method, path, headers }, async (answer) => {
      let text = ''
      for await (const chunk of answer) text += String(chunk)
      resolve({ status: answer.statusCode ?? 0, text })
    })
    sent.once('error', reject).end()
  })

const askRaw = async (target: string, method: string, path: string, headers: Record<string, string>): Promise<number> =>
  (await send(target, method, path, headers)).status

const seenBy = async (answer: Response): Promise<Seen> => {
  expect(answer.status).toBe(200)
  return (await answer.json()) as Seen
}

for (const name of GATEWAYS) {
  describe.skipIf(!canRun(name))(`${name} in front of an application (needs ${needsOf(name).join(' and ')})`, () => {
    let gateway: Gateway

    beforeAll(async () => {
      gateway = await startGateway(name, { postern: posternPort, application: application.port })
    })

    afterAll(() => gateway.stop())

    const ask = (path: string, headers: Record<string, string> = {}, init: RequestInit = {}) =>
      fetch(`${gateway.origin}${path}`, { ...init, headers, redirect: 'manual' })

    it('passes a good token and says to the application whose it is', async () => {
      const seen = await seenBy(await ask('/orders?page=2', bearer(user.access_token)))
      expect(seen.path).toBe('/orders?page=2')
      expect(seen.headers['x-auth-user-id']).toBe(user.userId)
      expect(seen.headers['x-auth-email']).toBe(user.email)
      expect(seen.headers['x-auth-roles']).toBe('user')
      expect(seen.headers['x-auth-session-id']).toMatch(/^[0-9a-f-]{36}$/)
      expect(Number(seen.headers['x-auth-expires-at'])).toBeGreaterThan(Date.now() / 1000)
    })

    it('leaves method and body to the application', async () => {
      const answer = await ask('/orders', bearer(user.access_token), { method: 'POST', body: 'three pies' })
      expect(await seenBy(answer)).toMatchObject({ method: 'POST', path: '/orders', body: 'three pies' })
    })

    it('reads the session cookie', async () => {
      const seen = await seenBy(await ask('/orders', { cookie: `__Secure-postern=${user.access_token}` }))
      expect(seen.headers['x-auth-user-id']).toBe(user.userId)
    })

    it('refuses a request without a token', async () => {
      const answer = await ask('/orders')
      expect(answer.status).toBe(401)
      // RFC 6750 3.1: no error, for nothing was presented.
      expect(answer.headers.get('www-authenticate')).toBe('Bearer')
    })

    it('refuses a tampered token', async () => {
      const answer = await ask('/orders', bearer(tamper(user.access_token)))
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([
        401,
        expect.stringContaining('error="invalid_token"'),
      ])
    })

    it('refuses a bad token whatever the method and however the path is spelt', async () => {
      const headers = bearer(tamper(user.access_token))
      for (const path of ['/orders', '/validate', '/_postern/any', '//', '/..', '/%2e%2e/health', '/x/..%2fvalidate'])
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH'])
          expect(await askRaw(gateway.origin, method, path, headers), `${method} ${path}`).toBeGreaterThanOrEqual(400)
    })

    it('lets no spelling of a path around its condition', async () => {
      const headers = bearer(user.access_token)
      const spellings = [
        '//admin/users',
        '/x/../admin/users',
        '/x/%2e%2e/admin/users',
        '/%61dmin/users',
        '/x/..%2fadmin/',
      ]
      for (const path of [...spellings, '/admin/../orders', '/admin/..%2forders'])
        expect([400, 403], path).toContain(await askRaw(gateway.origin, 'GET', path, headers))
    })

    it("never takes the client's query for conditions", async () => {
      const path = '/orders?role=admin&consistency=odd&next=%2Fhome'
      expect((await seenBy(await ask(path, bearer(user.access_token)))).path).toBe(path)
      expect((await ask('/admin/users?role=user', bearer(user.access_token))).status).toBe(403)
    })

    it('asks for the role that a path needs', async () => {
      expect((await ask('/admin/users', bearer(user.access_token))).status).toBe(403)
      expect((await ask('/admin/users')).status).toBe(401)
      const seen = await seenBy(await ask('/admin/users', bearer(admin.access_token)))
      expect(seen.headers['x-auth-roles']).toContain('admin')
    })

    it('hides identity headers that a client sends', async () => {
      const spoofed = {
        'X-Auth-User-Id': 'mallory',
        'x-auth-roles': 'admin',
        'X-Auth-Org-Id': 'the-bank',
        X_Auth_User_Id: 'mallory',
        'X-Auth_Org-Role': 'owner',
        'X-Auth-Require': 'valid',
        'X-Auth-Foo': 'mallory',
        'x-auth-request-user': 'mallory',
        'X-Authenticated-User': 'mallory',
      }
      expect((await ask('/orders', spoofed)).status).toBe(401)
      expect((await ask('/admin/users', { ...spoofed, ...bearer(user.access_token) })).status).toBe(403)
      const { headers } = await seenBy(await ask('/orders', { ...spoofed, ...bearer(user.access_token) }))
      expect(headers['x-auth-user-id']).toBe(user.userId)
      expect(headers['x-auth-roles']).toBe('user')
      expect(headers['x-auth-org-id'] ?? '').toBe('')
      expect(JSON.stringify(headers)).not.toMatch(/mallory|the-bank|owner/)
      expect(Object.keys(headers).filter((header) => /^x[-_]auth/.test(header) && !IDENTITY.includes(header))).toEqual(
        [],
      )
    })

    it('hides what an application server may read as an identity header', async () => {
      for (const header of ['X.Auth.User.Id', 'X_Auth.User-Id', 'X.Auth-Roles']) {
        const answer = await ask('/orders', { ...bearer(user.access_token), [header]: 'mallory' })
        expect(JSON.stringify(await seenBy(answer)), header).not.toContain('mallory')
      }
    })

    it('lets no client take identity headers away by naming them as hop-by-hop', async () => {
      for (const named of ['X-Auth-User-Id', 'close, x-auth-user-id', 'x_auth_user_id']) {
        const headers = { ...bearer(user.access_token), connection: named }
        const { status, text } = await send(gateway.origin, 'GET', '/orders', headers)
        if (status === 400) continue
        const seen = JSON.parse(text) as Seen
        expect(seen.headers['x-auth-user-id'], named).toBe(user.userId)
        expect(seen.headers.connection, named).not.toMatch(/auth/i)
      }
    })

    it('offers the application no upgrade but to a websocket', async () => {
      const handshake = { 'sec-websocket-version': '13', 'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==' }
      for (const upgrade of ['h2c', 'websocket, h2c', ['websocket', 'h2c'], ['h2c', 'websocket'], 'TLS/1.0']) {
        const headers = { ...bearer(user.access_token), ...handshake, connection: 'Upgrade', upgrade }
        const { status, text } = await send(gateway.origin, 'GET', '/orders', headers)
        expect(status, String(upgrade)).toBe(200)
        expect((JSON.parse(text) as Seen).headers.upgrade, String(upgrade)).toBeUndefined()
      }
    })

    it('refuses a revoked session within 5 seconds of the answer', async () => {
      const { access_token: token } = await signUp(origin)
      expect((await ask('/orders', bearer(token))).status).toBe(200)
      expect(await revoke(origin, token)).toMatchObject({ propagated: true })
      await vi.waitFor(async () => expect((await ask('/orders', bearer(token))).status).toBe(401), {
        timeout: REVOCATION_BOUND_MS,
        interval: 100,
      })
    })

    it('says to the application how the client came, and not what the client says of that', async () => {
      const told = { 'X-Forwarded-For': '203.0.113.7', 'X-Forwarded-Proto': 'gopher', 'X-Forwarded-Host': 'elsewhere' }
      const { headers } = await seenBy(await ask('/orders', { ...bearer(user.access_token), ...told }))
      expect(headers).toMatchObject({
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-proto': 'http',
        'x-forwarded-host': new URL(gateway.origin).host,
      })
    })

    it('gives a Postern that hangs five seconds', async () => {
      const mute = createServer(() => undefined)
      await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve))
      const waiting = await startGateway(name, {
        postern: (mute.address() as AddressInfo).port,
        application: application.port,
      })
      const began = performance.now()
      const { status } = await fetch(`${waiting.origin}/orders`, { headers: bearer(user.access_token) })
      expect(status).toBeGreaterThanOrEqual(500)
      const seconds = (performance.now() - began) / 1000
      expect(seconds).toBeGreaterThan(4.5)
      expect(seconds).toBeLessThan(7)
      await waiting.stop()
      mute.closeAllConnections()
      mute.close()
    })

    it('refuses everything while Postern is down', async () => {
      const orphan = await startGateway(name, { postern: await freePort(), application: application.port })
      try {
        const answers = ['/orders', '/admin/users'].map((path) =>
          fetch(`${orphan.origin}${path}`, { headers: bearer(admin.access_token) }),
        )
        for (const { status } of await Promise.all(answers)) expect(status).toBeGreaterThanOrEqual(500)
      } finally {
        await orphan.stop()
      }
    })
  })
}

// Together, because each waits for the clock.
describe.concurrent('at the end of its life a token', () => {
  for (const name of GATEWAYS) {
    it.skipIf(!canRun(name))(`is refused by ${name} (needs ${needsOf(name).join(' and ')})`, async () => {
      const gateway = await startGateway(name, { postern: posternPort, application: application.port })
      const status = async (token: string) => (await fetch(gateway.origin, { headers: bearer(token) })).status
      const service = { root: inject('checkout'), state: inject('state') }
      const token = await withExpiry(service, user.access_token, new Date(Date.now() + SHORT_LIFE_MS))
      expect(await status(token)).toBe(200)
      await vi.waitFor(async () => expect(await status(token)).toBe(401), {
        timeout: SHORT_LIFE_MS + 5000,
        interval: 100,
      })
      await gateway.stop()
    })
  }
})
