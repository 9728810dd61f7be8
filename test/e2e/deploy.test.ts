import { readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WRANGLER_ENV } from '../../scripts/support/project.ts'
import { type Checkout, freshCheckout, PROJECT_ROOT } from './support/checkout.ts'
import { type FakeCloudflare, fakeCloudflare } from './support/fake-cloudflare.ts'
import { start } from './support/process.ts'

let checkout: Checkout
beforeEach(async () => {
  checkout = await freshCheckout()
})
afterEach(() => checkout.remove())

const configOf = (root: string) => readFile(join(root, 'wrangler.toml'), 'utf8')

async function deploy(env: Readonly<Record<string, string>>, ...args: string[]) {
  const running = start(process.execPath, ['scripts/run.mjs', 'deploy', ...args], { cwd: checkout.root, env })
  return { code: await running.ended, output: running.output() }
}

const addVariables = async (lines: string) => {
  const text = await configOf(checkout.root)
  await writeFile(join(checkout.root, 'wrangler.toml'), text.replace('# [vars]\n# PUBLIC_URL', `[vars]\n${lines}\n#`))
}

describe('npm run deploy', () => {
  it('touches nothing while nobody can be asked, and names what is missing', async () => {
    const before = await configOf(checkout.root)
    const { code, output } = await deploy({})
    expect(code).toBe(1)
    expect(output).toContain('paid plan')
    for (const missing of ['--yes', 'database_id of DB', 'id of KV', 'PUBLIC_URL', 'MAIL_TRANSPORT'])
      expect(output).toContain(missing)
    expect(await configOf(checkout.root)).toBe(before)
  })

  it('says everything that is wrong in wrangler.toml', async () => {
    await addVariables(
      'CORS_ORIGINS = "*"\nPUBLIC_URL = "https://auth.example.com/auth"\nSIGNUP_ENABLED = false\nROOT_SECRET = "x"\nMODE = "local"',
    )
    const { code, output } = await deploy({}, '--dry-run')
    expect(code).toBe(1)
    for (const name of ['CORS_ORIGINS', 'PUBLIC_URL']) expect(output).toContain(`${name} in wrangler.toml must`)
    expect(output).toContain('SIGNUP_ENABLED in wrangler.toml is no setting, did you mean SIGNUPS_ENABLED?')
    expect(output).toContain('ROOT_SECRET in wrangler.toml is a secret')
    expect(output).toContain('MODE in wrangler.toml is local')
  })

  it('says what a transport of mail lacks', async () => {
    await addVariables('MAIL_TRANSPORT = "smtp"\nPUBLIC_URL = "https://auth.example.com"\nSMTP_SECURITY = "starttls"')
    const { code, output } = await deploy({}, '--dry-run')
    expect(code).toBe(1)
    for (const name of ['SMTP_HOST', 'MAIL_FROM']) expect(output).toContain(`MAIL_TRANSPORT=smtp needs ${name}`)
  })

  it('with --dry-run bundles a fresh clone, asks nobody, and lists what is missing', async () => {
    const { code, output } = await deploy({}, '--dry-run')
    expect(output).toContain('Total Upload')
    for (const missing of ['database_id of DB', 'id of KV', 'PUBLIC_URL', 'MAIL_TRANSPORT', 'ROOT_SECRET'])
      expect(output).toContain(missing)
    expect(code).toBe(0)
  })

  it('with --dry-run takes into account what is said, and refuses what a run refuses', async () => {
    const before = await configOf(checkout.root)
    const said = ['--dry-run', '--domain', 'auth.example.com']
    const { code, output } = await deploy({ MAIL_FROM: 'gate@example.com' }, ...said, '--mail', 'smtp')
    expect(code).toBe(0)
    for (const name of ['PUBLIC_URL:', 'MAIL_TRANSPORT:', 'MAIL_FROM']) expect(output).not.toContain(name)
    for (const name of ['database_id of DB', 'SMTP_HOST for --mail smtp', 'SMTP_PASSWORD for --mail smtp'])
      expect(output).toContain(name)
    expect((await deploy({}, ...said, '--mail', 'none')).output).toContain('MAIL_TRANSPORT: without it')
    for (const [wrong, message] of [
      [['--mail', 'pigeon'], '--mail pigeon is none of'],
      [['--domain', 'http://auth.example.com'], 'must be https in production'],
    ] as const) {
      const refused = await deploy({}, '--dry-run', ...wrong)
      expect([refused.code, refused.output]).toEqual([1, expect.stringContaining(message)])
    }
    expect(await configOf(checkout.root)).toBe(before)
  })
})

describe('npm run deploy with a fresh account', () => {
  let cloudflare: FakeCloudflare
  beforeEach(async () => {
    cloudflare = await fakeCloudflare(checkout.root)
  })
  afterEach(() => cloudflare.remove())

  const MAIL = { MAIL_FROM: 'Gate <gate@example.com>', MAIL_API_KEY: 're_a-key' }
  // Loopback: nothing of the test leaves this machine, and nobody listens there.
  const DOMAIN = 'auth.localhost'

  it('makes what is missing, once', { timeout: 120_000 }, async () => {
    const env = {
      ...cloudflare.env,
      ...MAIL,
      ADMIN_EMAIL: 'castellan@example.com',
      ADMIN_PASSWORD: 'the keys of the gate',
    }
    const first = await deploy(env, '--yes', '--domain', DOMAIN, '--mail', 'http')
    expect(first.code, first.output).toBe(0)
    const { root } = checkout
    const config = await configOf(root)
    const account = await cloudflare.account()
    for (const line of [
      `database_id = "${account.databases[0]?.uuid}"`,
      `id = "${account.namespaces[0]?.id}"`,
      `PUBLIC_URL = "https://${DOMAIN}"`,
      'MAIL_TRANSPORT = "http"',
      `MAIL_FROM = "${MAIL.MAIL_FROM}"`,
      `pattern = "${DOMAIN}"`,
    ])
      expect(config).toContain(`\n${line}\n`)
    expect(account.queues.toSorted()).toEqual([
      'postern-mail',
      'postern-mail-dead',
      'postern-object-events',
      'postern-object-events-dead',
    ])
    expect(account.admins).toEqual(['castellan@example.com'])

    const secret = (await readFile(join(root, 'root-secret'), 'utf8')).trim()
    expect((await stat(join(root, 'root-secret'))).mode & 0o777).toBe(0o600)
    expect(account.secrets).toEqual({ ROOT_SECRET: secret, MAIL_API_KEY: MAIL.MAIL_API_KEY })
    expect(first.output).toContain('root-secret')
    expect(first.output).toContain(`Deployed: https://${DOMAIN}`)
    expect(first.output).toMatch(/FAIL +reachable/)
    const calls = await cloudflare.takeCalls()
    const order = calls.map(({ args }) => args.slice(0, 2).join(' '))
    expect(order.indexOf('d1 migrations')).toBeLessThan(order.indexOf('deploy'))
    expect(order.indexOf('secret put')).toBeLessThan(order.indexOf('deploy'))
    for (const hidden of [secret, MAIL.MAIL_API_KEY, env.ADMIN_PASSWORD]) {
      expect(JSON.stringify(calls.map(({ args }) => args))).not.toContain(hidden)
      expect(first.output).not.toContain(hidden)
    }

    const second = await deploy({ ...cloudflare.env, ADMIN_EMAIL: 'castellan@example.com' }, '--yes')
    expect(second.code, second.output).toBe(0)
    expect(await configOf(root)).toBe(config)
    expect((await readFile(join(root, 'root-secret'), 'utf8')).trim()).toBe(secret)
    expect(await cloudflare.account()).toEqual({ ...account, isDeployed: true })
    const again = (await cloudflare.takeCalls()).map(({ args }) => args.slice(0, 3).join(' '))
    expect(again.filter((call) => /^(d1 create|kv namespace create|secret put)/.test(call))).toEqual([])

    // What was written is what the real wrangler takes.
    const command = [join(PROJECT_ROOT, 'node_modules/wrangler/bin/wrangler.js'), 'deploy', '--dry-run']
    const dryRun = start(process.execPath, command, { cwd: root, env: WRANGLER_ENV })
    expect([await dryRun.ended, dryRun.output()]).toEqual([0, expect.stringContaining('Total Upload')])
    expect(dryRun.output()).toContain('MAIL_TRANSPORT')
  })

  it('refuses what is missing before it makes anything', async () => {
    const said = async (...args: string[]) => (await deploy(cloudflare.env, '--yes', ...args)).output
    expect(await said('--domain', DOMAIN)).toContain('--mail is missing')
    expect(await said('--domain', DOMAIN, '--mail', 'pigeon')).toContain(
      '--mail pigeon is none of smtp, http, binding, none',
    )
    expect(await said('--domain', DOMAIN, '--mail', 'http')).toContain(
      'MAIL_FROM in the environment, for --mail http, is missing',
    )
    expect(await said('--domain', 'http://auth.example.com', '--mail', 'none')).toContain('must be https in production')
    expect(await cloudflare.account()).toMatchObject({ databases: [], namespaces: [], queues: [], secrets: {} })
  })

  it('moves the route with the domain, and leaves the others', async () => {
    const own = '[[routes]]\npattern = "www.example.com/auth/*"\nzone_name = "example.com"\n'
    await writeFile(join(checkout.root, 'wrangler.toml'), `${await configOf(checkout.root)}\n${own}`)
    const routes = async (domain: string) => {
      await deploy(cloudflare.env, '--yes', '--domain', domain, '--mail', 'none')
      return [...(await configOf(checkout.root)).matchAll(/^(?:PUBLIC_URL|pattern) = "(.*)"$/gm)].map(
        ([, value]) => value,
      )
    }
    const mine = 'www.example.com/auth/*'
    expect(await routes('one.localhost')).toEqual(['https://one.localhost', mine, 'one.localhost'])
    expect(await routes('two.localhost')).toEqual(['https://two.localhost', mine, 'two.localhost'])
    expect(await configOf(checkout.root)).toContain(own)
  })

  it('leaves wrangler.toml as it was when it refuses the domain', async () => {
    const before = await configOf(checkout.root)
    const { code } = await deploy(
      { ...cloudflare.env, ...MAIL },
      '--yes',
      '--domain',
      'http://a.example',
      '--mail',
      'http',
    )
    expect(code).toBe(1)
    expect(await configOf(checkout.root)).toBe(before)
  })

  it('goes on with the secret and the resources of a run that was cut off', async () => {
    await writeFile(join(checkout.root, 'root-secret'), 'a secret of a run that was cut off, 0123456789\n')
    await deploy(cloudflare.env, '--yes', '--domain', DOMAIN, '--mail', 'none')
    expect((await cloudflare.account()).secrets).toEqual({
      ROOT_SECRET: 'a secret of a run that was cut off, 0123456789',
    })
  })
})

it('npm run deploy says in one line that there is no login, and changes nothing', async () => {
  const cloudflare = await fakeCloudflare(checkout.root, { isLoggedIn: false })
  const before = await configOf(checkout.root)
  const { code, output } = await deploy(cloudflare.env, '--yes', '--domain', 'auth.localhost', '--mail', 'none')
  expect(code).toBe(1)
  expect(output).toContain('there is no login to Cloudflare: run `npx wrangler login`, or set CLOUDFLARE_API_TOKEN')
  expect(await configOf(checkout.root)).toBe(before)
  await cloudflare.remove()
})

it('the real wrangler tells npm run deploy that there is no login', async () => {
  const before = await configOf(checkout.root)
  // No login of whoever runs the tests.
  const env = { HOME: checkout.root, XDG_CONFIG_HOME: checkout.root, CLOUDFLARE_API_TOKEN: '' }
  const { code, output } = await deploy(env, '--yes', '--domain', 'auth.localhost', '--mail', 'none')
  expect([code, output]).toEqual([1, expect.stringContaining('postern: there is no login to Cloudflare')])
  expect(await configOf(checkout.root)).toBe(before)
})
