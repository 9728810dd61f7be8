import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { bearer, post, signIn, signUp } from './support/api.ts'
import { type Checkout, freshCheckout, PROJECT_ROOT } from './support/checkout.ts'
import { type Postern, startPostern } from './support/postern.ts'
import { start } from './support/process.ts'

const PACKAGE: { scripts: Record<string, string> } = JSON.parse(
  await readFile(join(PROJECT_ROOT, 'package.json'), 'utf8'),
)

async function runIn(root: string, env: Readonly<Record<string, string>>, script: string, ...args: string[]) {
  const running = start(process.execPath, ['scripts/run.mjs', script, ...args], { cwd: root, env })
  const code = await running.ended
  return { code, output: running.output() }
}

describe('the commands beside a stopped service', () => {
  let admin: { email: string; password: string }
  let client: { id: string; secret: string }
  let postern: Postern
  /** Where nothing is yet: each command migrates the database that it finds. */
  let state: string
  const run = (script: string, ...args: string[]) => runIn(inject('checkout'), { PERSIST_TO: state }, script, ...args)

  beforeAll(async () => {
    state = await mkdtemp(join(tmpdir(), 'postern-commands-'))
    const email = "o'brien@example.com"
    const made = await run('admin-create', '--email', email)
    admin = { email, password: /shown once: (\S+)/.exec(made.output)?.[1] ?? '' }
    const registered = await run('clients-create', '--name', "the castle's gate", '--scopes', 'introspect,events:read')
    const [, id = '', secret = ''] = /client_id +(\S+)\nclient_secret +(pcs_[\w-]{43}) /.exec(registered.output) ?? []
    client = { id, secret }
    postern = await startPostern(inject('checkout'), { PERSIST_TO: state })
  })
  afterAll(async () => {
    await postern.running.stop()
    await rm(state, { recursive: true, force: true })
  })

  it('admin:create makes an admin who signs in, quotes in the address included', async () => {
    expect(await signIn(postern.origin, admin.email, admin.password)).toMatchObject({ email: admin.email })
    expect(postern.running.output()).toContain(`${admin.email} (there already)`)
  })

  it('admin:create refuses a taken address', async () => {
    const again = await run('admin-create', '--email', admin.email)
    expect(again).toMatchObject({ code: 1 })
    expect(again.output).toContain('has an account already')
  })

  const stateOf = async (token: string) =>
    (await fetch(`${postern.origin}/validate`, { headers: bearer(token) })).status

  it('admin:reset-password ends the sessions of before, and the new password signs in', async () => {
    const before = await signIn(postern.origin, admin.email, admin.password)
    expect(await stateOf(before.access_token)).toBe(200)
    const { code, output } = await run('admin-reset-password', admin.email)
    expect([code, output]).toEqual([0, expect.stringContaining('refused within 5 seconds')])
    await expect.poll(() => stateOf(before.access_token), { timeout: 5000 }).toBe(401)
    const refreshed = await post(postern.origin, '/api/v1/auth/refresh', { refresh_token: before.refresh_token })
    expect(refreshed.status).toBe(401)
    admin.password = /shown once: (\S+)/.exec(output)?.[1] ?? ''
    const after = await signIn(postern.origin, admin.email, admin.password)
    expect(await stateOf(after.access_token)).toBe(200)
    const log = await fetch(`${postern.origin}/api/v1/admin/activity-logs?action=user.password_reset`, {
      headers: bearer(after.access_token),
    })
    expect(await log.text()).toContain('command-line')
  })

  it('admin:promote makes an admin of a user, whose tokens are renewed', async () => {
    const user = await signUp(postern.origin)
    expect((await run('admin-promote', user.email)).code).toBe(0)
    await expect.poll(() => stateOf(user.access_token), { timeout: 5000 }).toBe(401)
    const refreshed = await post(postern.origin, '/api/v1/auth/refresh', { refresh_token: user.refresh_token })
    expect(await refreshed.json()).toMatchObject({ user: { is_admin: true } })
  })

  it('both refuse whom they are not for', async () => {
    const user = await signUp(postern.origin)
    const said = async (script: string, email: string) => (await run(script, email)).output
    expect(await said('admin-reset-password', user.email)).toContain('is no admin')
    expect(await said('admin-reset-password', 'nobody@example.com')).toContain('has no account')
    expect(await said('admin-promote', admin.email)).toContain('is an admin already')
  })

  it('admin:create refuses what it does not know', async () => {
    expect(await run('admin-create', '--mail', 'a@example.com')).toMatchObject({ code: 1 })
    expect(await run('admin-create')).toMatchObject({ code: 1 })
  })

  it('clients:create makes credentials that get a token', async () => {
    const answer = await fetch(`${postern.origin}/oauth/token`, {
      method: 'POST',
      headers: { authorization: `Basic ${btoa(`${client.id}:${client.secret}`)}` },
      body: new URLSearchParams({ grant_type: 'client_credentials' }),
    })
    expect(answer.status).toBe(200)
    const token = (await answer.json()) as { access_token: string }
    expect(token).toMatchObject({ token_type: 'Bearer', scope: 'introspect events:read' })
    // Asked for its row: a module that no other check of a token loads.
    const body = JSON.stringify({ token: token.access_token, consistency: 'strong' })
    const headers = { 'content-type': 'application/json' }
    const check = await fetch(`${postern.origin}/validate`, { method: 'POST', headers, body })
    expect(await check.json()).toMatchObject({ valid: true })
  })

  it('clients:create refuses a malformed scope', async () => {
    const refused = await run('clients-create', '--name', 'x', '--scopes', 'a;b')
    expect(refused).toMatchObject({ code: 1 })
    expect(refused.output).toContain('a;b is not a scope')
  })
})

describe('every script of package.json', () => {
  const scripts = Object.entries(PACKAGE.scripts).map(([name, line]) => ({
    name,
    script: line.split(' ').at(-1) ?? '',
  }))
  const run = (script: string, ...args: string[]) => runIn(PROJECT_ROOT, {}, script, ...args)

  it.each(scripts)('$name has --help in one form, and refuses what it does not know', async ({ name, script }) => {
    const [help, unknown] = await Promise.all([run(script, '--help'), run(script, '--no-such-option')])
    const call = name === 'start' || name === 'test' ? `npm ${name}` : `npm run ${name}`
    expect([help.code, help.output]).toEqual([0, expect.stringMatching(new RegExp(`^Usage: ${call}( -- |\\n)`))])
    expect(help.output).toMatch(/^ +--help +this text$/m)
    expect([unknown.code, unknown.output]).toEqual([
      1,
      `postern: --no-such-option is no option here: ${call} -- --help lists them\n`,
    ])
  })
})

describe('npm run stack', () => {
  let checkout: Checkout
  const run = (script: string, ...args: string[]) => runIn(checkout.root, {}, script, ...args)

  beforeAll(async () => {
    checkout = await freshCheckout()
  })
  afterAll(() => checkout.remove())

  it('maps the frames of a log line', async () => {
    await run('build')
    const built = await readFile(join(checkout.root, 'dist/index.mjs'), 'utf8')
    const at = built.indexOf('x-auth-require')
    const lines = built.slice(0, at).split('\n')
    const frame = `at a (index.mjs:${lines.length}:${(lines.at(-1)?.length ?? 0) + 1}) | at b (elsewhere.mjs:1:2)`
    const { code, output } = await run('stack', frame)
    expect(code).toBe(0)
    expect(output).toMatch(/at a \(src\/[\w/.-]+\.ts:\d+:\d+\)\n *at b \(elsewhere\.mjs:1:2\)/)
    expect(output).toContain('of another commit: elsewhere.mjs')
  })
})
