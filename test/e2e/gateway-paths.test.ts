import { readdir, readFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bearer, signInAdmin, signUp } from './support/api.ts'
import { PROJECT_ROOT } from './support/checkout.ts'
import { canRun, type Gateway, type GatewayName, needsOf, RECIPES, startGateway } from './support/gateways.ts'
import { ROUTERS, type RouterName, type RoutingApplication, startRouter } from './support/routers.ts'

/** The rule of every recipe, as it stands in each. */
const AMBIGUOUS = String.raw`[\x00-\x1f\x5c\x7f;#]|//|/[.][.]?(/|[?]|$)|%([^0-9a-f]|.[^0-9a-f]|.?$|[01]|2[35def]|3[0-9bf]|[46][1-9a-f]|5[0-9acf]|7[0-9aef])`
const ADMIN = '^/admin([^a-z0-9_-]|$)'

/** Paths of the admin's handler: an ordinary token gets 403. */
const PROTECTED = [
  '/admin',
  '/admin/',
  '/admin?x',
  '/admin/users',
  '/ADMIN',
  '/ADMIN/x',
  '/aDmIn?x',
  '/admin.json',
  '/admin,x',
  '/admin:x',
  '/admin%20',
]

/** Spellings that some application takes for the admin's path: 400, whoever asks. */
const REFUSED = [
  ['a backslash', '/admin\\x'],
  ['a backslash after dots', '/x/..\\admin/x'],
  ['a backslash first', '/\\admin'],
  ['an encoded backslash', '/admin%5cx'],
  ['an encoded backslash after dots', '/x%5C..%5Cadmin'],
  ['a path parameter', '/admin;x/y'],
  ['dots with a path parameter', '/x/..;/admin/y'],
  ['a path parameter alone', '/;x/admin'],
  ['an encoded semicolon', '/x/..%3b/admin/y'],
  ['dot segments', '/x/../admin'],
  ['a dot segment', '/./admin'],
  ['encoded dot segments', '/x/%2e%2e/admin'],
  ['half-encoded dot segments', '/x/.%2E/admin'],
  ['dot segments at the end', '/admin/x/..'],
  ['dot segments before the query', '/admin/x/..?y'],
  ['two slashes', '//admin'],
  ['two slashes inside', '/x/..//admin'],
  ['an encoded slash', '/admin%2fusers'],
  ['encoded slashes and dots', '/x%2f..%2fadmin'],
  ['an encoded question mark', '/admin%3fx'],
  ['an encoded fragment', '/admin%23x'],
  ['a fragment', '/admin#x'],
  ['an encoded letter', '/%61dmin'],
  ['another encoded letter', '/ad%4Din/users'],
  ['a letter that is encoded twice', '/%2561dmin'],
  ['an encoded control character', '/admin%00'],
  ['an escape without digits', '/admin/%zz'],
  ['a cut escape', '/admin/%'],
] as const

/** Targets that are no path (RFC 9112 3.2): none reaches the application's admin handler. */
const targetsOf = (host: string) => [
  `http://${host}/admin/x`,
  `http://${host}\\admin`,
  `http://x@${host}/admin`,
  'http:admin/x',
  'http:/admin/x',
  'admin/x',
  '*',
]

/** What no rule may keep from an application. */
const ORDINARY = [
  '/',
  '/orders',
  '/orders/',
  '/administration',
  '/admin-guide',
  '/.well-known/x',
  '/x/...',
  '/caf%C3%A9',
  '/a%20b',
  '/a+b=c,d:e@f!$(g)*~_-',
  '/orders?next=/x/../%2fadmin;y//z%61',
]

const EVERY_RECIPE = ['nginx', 'caddy', 'haproxy', 'traefik', 'envoy', 'kong']

const origin = inject('origin')
const posternPort = Number(new URL(origin).port)
const users: Record<'user' | 'admin', Record<string, string>> = { user: {}, admin: {} }

beforeAll(async () => {
  const [user, admin] = await Promise.all([signUp(origin), signInAdmin(origin)])
  users.user = bearer(user.access_token)
  users.admin = bearer(admin.access_token)
})

interface Answer {
  readonly status: number
  readonly handler: string | undefined
}

/** Sends the path as it is spelt: `fetch` would normalize it. */
const ask = (base: string, path: string, headers: Record<string, string> = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = request(base, { path, headers }, (answer) => {
      answer.resume()
      resolve({ status: answer.statusCode ?? 0, handler: answer.headers['x-handler']?.toString() })
    })
    sent.once('error', reject).end()
  })

describe('an application without a gateway', () => {
  const running: RoutingApplication[] = []
  beforeAll(async () => {
    for (const name of Object.keys(ROUTERS) as RouterName[]) running.push(await startRouter(name))
  })
  afterAll(async () => void (await Promise.all(running.map((application) => application.stop()))))

  const handlersOf = (path: string) =>
    Promise.all(running.map(async ({ port }) => (await ask(`http://127.0.0.1:${port}`, path)).handler))

  it.each([...PROTECTED.map((path) => ['it is protected', path] as const), ...REFUSED])(
    "may take a path for the admin's although it has %s: %s",
    async (_, path) => {
      expect(await handlersOf(path)).toContain('admin')
    },
  )

  it("takes no ordinary path for the admin's", async () => {
    for (const path of ORDINARY) expect(await handlersOf(path), path).not.toContain('admin')
  })
})

for (const name of Object.keys(RECIPES) as GatewayName[]) {
  for (const router of Object.keys(ROUTERS) as RouterName[]) {
    describe.skipIf(!canRun(name))(
      `${name} before an application that routes by ${router} (needs ${needsOf(name).join(' and ')})`,
      () => {
        let application: RoutingApplication
        let gateway: Gateway

        beforeAll(async () => {
          application = await startRouter(router)
          gateway = await startGateway(name, { postern: posternPort, application: application.port })
        })

        afterAll(async () => {
          await gateway.stop()
          await application.stop()
        })

        it('asks for the role however the protected path is spelt', async () => {
          for (const path of PROTECTED) {
            const before = application.requests()
            expect(await ask(gateway.origin, path, users.user), path).toMatchObject({ status: 403 })
            expect(application.requests(), path).toBe(before)
            expect(await ask(gateway.origin, path, users.admin), path).toMatchObject({ status: 200 })
          }
          expect(await ask(gateway.origin, '/admin/users', users.admin)).toEqual({ status: 200, handler: 'admin' })
        })

        it.each(REFUSED)('refuses %s, whoever asks: %s', async (_, path) => {
          const before = application.requests()
          for (const headers of [{}, users.user, users.admin])
            expect((await ask(gateway.origin, path, headers)).status).toBe(400)
          expect(application.requests()).toBe(before)
        })

        it("lets no target that is more or less than a path reach the admin's handler", async () => {
          for (const target of targetsOf(new URL(gateway.origin).host)) {
            const { status, handler } = await ask(gateway.origin, target, users.user)
            expect([400, 403, 404], target).toContain(status)
            expect(handler, target).toBeUndefined()
          }
        })

        it('lets ordinary paths pass as they are', async () => {
          for (const path of ORDINARY)
            expect(await ask(gateway.origin, path, users.user), path).toEqual({ status: 200, handler: 'other' })
        })
      },
    )
  }
}

describe.each(EVERY_RECIPE)('the recipe of %s', (name) => {
  const text = async () => {
    const folder = join(PROJECT_ROOT, 'examples/gateways', name)
    const files = await readdir(folder)
    return (await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')))).join('\n')
  }

  it('has the one rule of what is refused, and of what is protected', async () => {
    expect(await text()).toContain(AMBIGUOUS)
    expect(await text()).toContain(ADMIN)
  })

  it('removes what a client sends as X-Auth-* by its prefix', async () => {
    expect(await text()).toMatch(
      /more_clear_input_headers 'X-Auth\*'|request_header -X-Auth\*|del-header x-auth -m beg|authResponseHeadersRegex: \S+ \(\?i\)\^x\[-_\.\]auth|remove_on_match: \{ key_matcher: \{ prefix: x-auth-|find\("\^x\[-_\.\]auth/,
    )
  })
})

it('has a rule that refuses what it must and nothing else', () => {
  const ambiguous = new RegExp(AMBIGUOUS, 'i')
  const pathOf = (target: string) => target.split('?', 1)[0] ?? ''
  for (const [, path] of REFUSED) expect(ambiguous.test(pathOf(path)), path).toBe(true)
  for (const path of [...ORDINARY, ...PROTECTED]) expect(ambiguous.test(pathOf(path)), path).toBe(false)
  for (const path of PROTECTED) expect(new RegExp(ADMIN, 'i').test(pathOf(path)), path).toBe(true)
})
