import { access, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { WRANGLER_ENV } from '../../scripts/support/project.ts'
import { bearer, post, signIn, signUp } from './support/api.ts'
import { type Checkout, freshCheckout } from './support/checkout.ts'
import { freePort } from './support/ports.ts'
import { startOwnPostern, startPostern, startScript } from './support/postern.ts'
import { answersHttp, start, whenReady } from './support/process.ts'

const GOOD_SECRET = 'ROOT_SECRET=0123456789012345678901234567890123456789'

/** What npm start says when it refuses: exit code 1 and one line that is no stack trace. */
async function refusal(root: string, env: Record<string, string>): Promise<string> {
  const running = startScript(root, env)
  expect(await running.ended).toBe(1)
  const lines = running.output().trim().split('\n')
  expect(lines).toHaveLength(1)
  return lines[0] ?? ''
}

describe('npm start refuses with one line', () => {
  let checkout: Checkout
  beforeAll(async () => {
    checkout = await freshCheckout()
  })
  afterAll(() => checkout.remove())

  it('when the port is taken', async () => {
    const port = await freePort()
    const other = createServer()
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
    expect(await refusal(checkout.root, { PORT: String(port) })).toContain(`port ${port} is taken`)
    other.close()
  })

  it('when PORT is none', async () => {
    expect(await refusal(checkout.root, { PORT: 'castle' })).toContain('PORT=castle is not a port')
  })

  it('when a secret in .dev.vars is malformed, without showing it', async () => {
    await writeFile(
      join(checkout.root, '.dev.vars'),
      'MODE=local\nPUBLIC_URL=http://127.0.0.1:8787\nROOT_SECRET=tooshort\n',
    )
    const line = await refusal(checkout.root, { PORT: String(await freePort()) })
    expect(line).toBe('postern: ROOT_SECRET in .dev.vars must have at least 32 characters')
  })

  it('when a secret is missing', async () => {
    await writeFile(join(checkout.root, '.dev.vars'), 'MODE=local\nPUBLIC_URL=http://127.0.0.1:8787\n')
    const line = await refusal(checkout.root, { PORT: String(await freePort()) })
    expect(line).toBe('postern: ROOT_SECRET in .dev.vars is missing')
  })

  it('when a setting in the environment is malformed', async () => {
    await writeFile(join(checkout.root, '.dev.vars'), `MODE=local\nPUBLIC_URL=http://127.0.0.1:8787\n${GOOD_SECRET}\n`)
    const line = await refusal(checkout.root, { PORT: String(await freePort()), ACCESS_TOKEN_SECONDS: 'soon' })
    expect(line).toBe('postern: ACCESS_TOKEN_SECONDS in the environment must be a whole number from 60 to 3600')
  })

  it('when a setting does not fit the default of another', async () => {
    const line = await refusal(checkout.root, { PORT: String(await freePort()), SESSION_ABSOLUTE_SECONDS: '100' })
    expect(line).toBe('postern: SESSION_IDLE_SECONDS, left at its default, must not exceed SESSION_ABSOLUTE_SECONDS')
  })

  it('for no PUBLIC_URL that somebody wrote into .dev.vars: it does not follow the port', async () => {
    const file = join(checkout.root, '.dev.vars')
    const local = await readFile(file, 'utf8')
    await writeFile(file, `MODE=production\nPUBLIC_URL=https://auth.example.com\n${GOOD_SECRET}\n`)
    const line = await refusal(checkout.root, { PORT: String(await freePort()), ADMIN_SECRET_KEY: 'short' })
    expect(line).toBe('postern: ADMIN_SECRET_KEY in the environment must have at least 16 characters in production')
    await writeFile(file, local)
  })

  it('when a setting of wrangler.toml is misspelt or malformed: it applies locally too', async () => {
    const file = join(checkout.root, 'wrangler.toml')
    const text = await readFile(file, 'utf8')
    const refusalOf = async (line: string) => {
      await writeFile(file, text.replace('# [vars]\n', `[vars]\n${line}\n`))
      return refusal(checkout.root, { PORT: String(await freePort()) })
    }
    expect(await refusalOf('SIGNUP_ENABLED = false')).toBe(
      'postern: SIGNUP_ENABLED in wrangler.toml is no setting, did you mean SIGNUPS_ENABLED?',
    )
    expect(await refusalOf('CORS_ORIGINS = "*"')).toBe(
      'postern: CORS_ORIGINS in wrangler.toml must list origins, such as https://app.example.com',
    )
    await writeFile(file, text)
  })

  it('with all that is wrong in wrangler.toml, as a deployment does', async () => {
    const file = join(checkout.root, 'wrangler.toml')
    const text = await readFile(file, 'utf8')
    const lines =
      'MAIL_TRANSPORT = "smtp"\nSMTP_SECURITY = "starttls"\nSIGNUP_ENABLED = false\nJWT_ALG = "none"\nROOT_SECRET = "x"'
    await writeFile(file, text.replace('# [vars]\n', `[vars]\n${lines}\n`))
    const running = startScript(checkout.root, { PORT: String(await freePort()) })
    expect(await running.ended).toBe(1)
    for (const line of [
      'SIGNUP_ENABLED in wrangler.toml is no setting, did you mean SIGNUPS_ENABLED?',
      'JWT_ALG in wrangler.toml must be',
      'ROOT_SECRET in wrangler.toml is a secret',
      'MAIL_TRANSPORT=smtp needs SMTP_HOST',
      'MAIL_TRANSPORT=smtp needs MAIL_FROM',
    ])
      expect(running.output().split(line), line).toHaveLength(2)
    await writeFile(file, text)
  })

  it('when the first admin could not sign in', async () => {
    const port = String(await freePort())
    expect(await refusal(checkout.root, { PORT: port, ADMIN_EMAIL: 'nobody' })).toContain('not an email address')
    expect(await refusal(checkout.root, { PORT: port, ADMIN_PASSWORD: 'short' })).toContain('8 to 128 characters')
  })

  it('when Node is too old', async () => {
    const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '20.1.0' } })"
    const preload = `data:text/javascript,${encodeURIComponent(older)}`
    const running = start(process.execPath, ['--import', preload, 'scripts/run.mjs', 'start'], { cwd: checkout.root })
    expect(await running.ended).toBe(1)
    expect(running.output()).toMatch(/^postern: Node 20\.1\.0 is too old, 22\.18 or newer is needed\..*\n$/)
  })
})

describe('npm start on a fresh checkout', () => {
  let checkout: Checkout
  beforeAll(async () => {
    checkout = await freshCheckout()
  })
  afterAll(() => checkout.remove())

  it('makes secrets and an admin once; a second start finds everything as it was', { timeout: 90_000 }, async () => {
    const first = await startPostern(checkout.root, { ADMIN_EMAIL: '', ADMIN_PASSWORD: '' })
    const file = join(checkout.root, '.dev.vars')
    expect((await stat(file)).mode & 0o777).toBe(0o600)
    const secrets = await readFile(file, 'utf8')
    expect(secrets).toMatch(/^ROOT_SECRET=[\w-]{43,}$/m)

    const [, email = '', password = ''] = /admin +(\S+) +password (\S+)/.exec(first.running.output()) ?? []
    const admin = await signIn(first.origin, email, password)
    const { origin } = first
    const me = await fetch(`${origin}/api/v1/auth/me`, { headers: bearer(admin.access_token) })
    expect(await me.json()).toMatchObject({ email, is_admin: true })
    const user = await signUp(origin)
    expect(await first.running.stop('SIGINT')).toBe(0)

    const second = await startPostern(checkout.root, { PORT: String(first.port) })
    expect(second.running.output()).toContain(`${email} (there already)`)
    expect(await readFile(file, 'utf8')).toBe(secrets)
    expect((await fetch(`${origin}/validate`, { headers: bearer(user.access_token) })).status).toBe(200)
    const refreshed = await post(origin, '/api/v1/auth/refresh', { refresh_token: user.refresh_token })
    expect(refreshed.status).toBe(200)
    expect((await signIn(origin, user.email)).userId).toBe(user.userId)
    expect(await second.running.stop('SIGTERM')).toBe(0)
  })

  it('records migrations where wrangler looks for them', async () => {
    const command = ['node_modules/wrangler/bin/wrangler.js', 'd1', 'migrations', 'list', 'DB', '--local']
    const wrangler = start(process.execPath, command, { cwd: checkout.root, env: WRANGLER_ENV })
    expect([await wrangler.ended, wrangler.output()]).toEqual([0, expect.stringContaining('No migrations to apply')])
  })

  it('after kill -9 names what holds the port, and the lock of the dead counts for nothing', async () => {
    const first = await startOwnPostern(inject('checkout'))
    const env = { PORT: String(first.port), PERSIST_TO: first.state, ADMIN_EMAIL: 'other@example.com' }
    first.running.child.kill('SIGKILL')
    await first.running.ended.catch(() => null)
    const blocked = startScript(inject('checkout'), env)
    expect(await blocked.ended).toBe(1)
    const [, pids = ''] = /left behind: end it with `kill ([\d ]+)`/.exec(blocked.output()) ?? []
    for (const pid of pids.split(' ')) process.kill(Number(pid), 'SIGKILL')
    await expect.poll(() => answersHttp(`${first.origin}/liveness`)).toBe(false)

    const second = await startPostern(inject('checkout'), env)
    expect(second.running.output()).toContain('ADMIN_EMAIL=other@example.com was not used, for there is an admin')
    expect(await second.running.stop()).toBe(0)
    await expect(access(join(first.state, 'postern.lock'))).rejects.toThrow('ENOENT')
    await rm(first.state, { recursive: true })
  })

  it('ends with npm, whatever shell npm runs it in', { timeout: 60_000 }, async () => {
    const port = await freePort()
    const npm = start('npm', ['start'], { cwd: checkout.root, env: { PORT: String(port) } })
    await whenReady(npm, async () => npm.output().includes('Postern listens on'))
    await npm.stop('SIGTERM')
    await expect.poll(() => answersHttp(`http://127.0.0.1:${port}/liveness`), { timeout: 20_000 }).toBe(false)
  })

  it('says that mails leave the machine, wherever the transport was set', { timeout: 90_000 }, async () => {
    const other = await freshCheckout()
    const file = join(other.root, 'wrangler.toml')
    const vars = '[vars]\nMAIL_TRANSPORT = "smtp"\nSMTP_HOST = "smtp.example.com"\nMAIL_FROM = "postern@example.com"\n'
    await writeFile(file, (await readFile(file, 'utf8')).replace('# [vars]\n', vars))
    const greetingOf = async (env: Readonly<Record<string, string>>) => {
      const { running } = await startPostern(other.root, env)
      await expect.poll(running.output).toContain('Ctrl+C stops it')
      await running.stop()
      return running.output()
    }
    const remote = await greetingOf({})
    expect(remote).toContain('none: mails leave this machine, for MAIL_TRANSPORT in wrangler.toml is smtp')
    expect(remote).not.toContain('/dev/mailbox')
    expect(await greetingOf({ MAIL_TRANSPORT: 'mailbox' })).toMatch(/mailbox +http:.*\/dev\/mailbox/)
    await other.remove()
  })

  it('takes port, admin and settings from the environment', async () => {
    const admin = { email: 'castellan@example.com', password: 'the keys of the gate' }
    const postern = await startPostern(inject('checkout'), {
      PERSIST_TO: join(checkout.root, 'elsewhere'),
      ADMIN_EMAIL: admin.email,
      ADMIN_PASSWORD: admin.password,
      SERVER_TIMING: 'true',
    })
    expect(postern.running.output()).not.toContain(admin.password)
    await signIn(postern.origin, admin.email, admin.password)
    const discovery = await fetch(`${postern.origin}/.well-known/openid-configuration`)
    expect(await discovery.json()).toMatchObject({ issuer: postern.origin })
    expect(discovery.headers.get('server-timing')).toMatch(/^total;dur=/)
    await postern.running.stop()
  })
})
