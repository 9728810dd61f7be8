import { createServer } from 'node:http'
import { connect, createServer as createGate, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest'
import { bearer, PASSWORD, post, revoke, signIn, signInAdmin, signUp } from './support/api.ts'
import { type Application, type Seen, startApplication } from './support/application.ts'
import { PROJECT_ROOT } from './support/checkout.ts'
import { freePort } from './support/ports.ts'
import { type Running, start } from './support/process.ts'

const origin = inject('origin')

const run = (script: string, args: readonly string[], env: Record<string, string> = {}): Running =>
  start(process.execPath, [`examples/clients/${script}`, ...args], { cwd: PROJECT_ROOT, env })

/** Before the service: it takes refreshes, and the first answers to them never arrive. Keeps the key of each. */
async function startLossyGate(losses: number, refreshPath: string) {
  const keys: (string | undefined)[] = []
  const server = createServer(async (request, response) => {
    const { url = '/', method = 'GET', headers } = request
    const key = headers['idempotency-key'] as string | undefined
    const isRefresh = url === refreshPath
    if (isRefresh) keys.push(key)
    const answer = await fetch(new URL(url, origin), {
      method,
      headers: { 'content-type': headers['content-type'] ?? '', ...(key ? { 'idempotency-key': key } : {}) },
      body: await text(request),
    })
    if (isRefresh && keys.length <= losses) request.socket.destroy()
    else response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text())
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  return { origin: `http://127.0.0.1:${port}`, keys, stop: () => server.close() }
}

/** Before the service: whatever passes can be cut off. */
async function startBreakableGate() {
  const open = new Set<Socket>()
  const server = createGate((client) => {
    const service = connect(Number(new URL(origin).port), '127.0.0.1')
    for (const socket of [client, service]) {
      open.add(socket)
      socket.on('error', () => socket.destroy())
    }
    client.pipe(service).pipe(client)
  })
  const port = await freePort()
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve))
  const cut = () => {
    for (const socket of open) socket.destroy()
    open.clear()
  }
  return {
    origin: `http://127.0.0.1:${port}`,
    cut,
    stop: () => {
      server.close()
      cut()
    },
  }
}

const runScript = (script: string): Running =>
  start(process.execPath, ['--input-type=module', '-e', script], { cwd: PROJECT_ROOT, env: {} })

describe('examples/clients/native', () => {
  const withClient = (script: string, at = origin) =>
    runScript(`
      const { Client } = await import('./examples/clients/native/client.mjs')
      const store = { tokens: null }
      const client = new Client('${at}', store)
      ${script}`)
  const linesOf = (program: Running) => program.output().trim().split('\n')

  it('signs in, renews, and follows the events of its session to the end', async () => {
    const { email, access_token: other } = await signUp(origin)
    const client = run('native/main.mjs', [email, origin], { PASSWORD })
    await vi.waitFor(() => expect(client.output()).toContain('connection'), { timeout: 10_000 })
    const sessions = (await (await fetch(`${origin}/api/v1/sessions`, { headers: bearer(other) })).json()) as {
      sessions: { id: string; is_current: boolean }[]
    }
    const [own] = sessions.sessions.filter(({ is_current: isCurrent }) => !isCurrent)
    await fetch(`${origin}/api/v1/sessions/${own?.id}`, { method: 'DELETE', headers: bearer(other) })
    expect([await client.ended, linesOf(client)]).toEqual([
      0,
      [`signed in as ${email}`, 'renewed, GET /api/v1/auth/me 200', 'connection', 'session.revoked', 'over 4001'],
    ])
  })

  it('says what the service says of a wrong password, and wants a name and one', async () => {
    const { email } = await signUp(origin)
    const client = run('native/main.mjs', [email, origin], { PASSWORD: 'wrong password' })
    expect([await client.ended, client.output().trim()]).toEqual([1, '401 Invalid email or password'])
    const unnamed = run('native/main.mjs', [], {})
    expect([await unnamed.ended, unnamed.output()]).toEqual([2, expect.stringContaining('usage')])
  })

  it('signs up, completes a sign-in by a second factor, and signs out', async () => {
    const { email, access_token: token } = await signUp(origin)
    const started = await post(origin, '/api/v1/mfa/totp/generate', {}, bearer(token))
    const { secret } = (await started.json()) as { secret: string }
    const codeIn = (ms: number) => new TOTP({ secret }).generate({ timestamp: Date.now() + ms })
    expect((await post(origin, '/api/v1/mfa/totp/verify', { code: codeIn(0) }, bearer(token))).status).toBe(200)
    const program = withClient(`
      const { mfa_required: isRequired, mfa_token: challenge } = await client.signIn('${email}', '${PASSWORD}')
      console.log(isRequired, store.tokens, (await client.answerChallenge(challenge, '${codeIn(30_000)}')).email)
      await client.signOut()
      console.log(store.tokens, await client.fetch('/api/v1/auth/me').catch(({ code }) => code))
      console.log((await client.signUp('other-${email}', '${PASSWORD}')).email)`)
    expect([await program.ended, linesOf(program)]).toEqual([
      0,
      [`true null ${email}`, 'null UNAUTHORIZED', `other-${email}`],
    ])
  })

  it('exchanges once for calls that come together, and gives up a session that was ended', async () => {
    const { email } = await signUp(origin)
    const program = withClient(`
      await client.signIn('${email}', '${PASSWORD}')
      const before = store.tokens
      store.tokens = { ...before, expires_at: 0 }
      const answers = await Promise.all([1, 2, 3].map(() => client.fetch('/api/v1/auth/me')))
      console.log(...answers.map(({ status }) => status), store.tokens.refresh_token !== before.refresh_token)
      const other = new Client('${origin}', { tokens: store.tokens })
      await other.signOut()
      console.log(await client.fetch('/api/v1/auth/me').catch(({ code }) => code), store.tokens)`)
    expect([await program.ended, linesOf(program)]).toEqual([0, ['200 200 200 true', 'TOKEN_ERROR null']])
  })

  it('repeats a refresh whose answers were lost under the key that it stored', async () => {
    const { email } = await signUp(origin)
    const gate = await startLossyGate(2, '/api/v1/auth/refresh')
    const program = withClient(
      `await client.signIn('${email}', '${PASSWORD}')
      await client.renew().catch(() => console.log('lost'))
      const again = new Client('${gate.origin}', store)
      for (const _ of [1, 2]) await again.renew().then(() => console.log('renewed'))`,
      gate.origin,
    )
    expect([await program.ended, linesOf(program)]).toEqual([0, ['lost', 'renewed', 'renewed']])
    const [first, ...others] = gate.keys
    expect(first).toMatch(/^[\w-]{36}$/)
    expect(others).toEqual([first, first, expect.not.stringMatching(`^${first}$`)])
    gate.stop()
  })

  it('resumes after a lost connection and misses nothing', async () => {
    const { email } = await signUp(origin)
    const gate = await startBreakableGate()
    const program = withClient(
      `await client.signIn('${email}', '${PASSWORD}')
      client.follow({ onFrame: ({ type }) => console.log(type) })`,
      gate.origin,
    )
    await vi.waitFor(() => expect(program.output()).toContain('connection'), { timeout: 10_000 })
    gate.cut()
    await signIn(origin, email)
    await vi.waitFor(
      () =>
        expect(linesOf(program).toSorted()).toEqual([
          'connection',
          'connection',
          'resume',
          'session.created',
          'user.signed_in',
        ]),
      { timeout: 15_000 },
    )
    await program.stop()
    gate.stop()
  })

  it('hands an open socket a newer token before the old one ends', async () => {
    const { email } = await signUp(origin)
    const program = withClient(`
      const { setInterval: every } = globalThis
      globalThis.setInterval = (run, ms) => every(run, ms / 20)
      await client.signIn('${email}', '${PASSWORD}')
      const follower = client.follow({
        onFrame({ type, data }) {
          console.log(type, data.status)
          if (type === 'connection') store.tokens = { ...store.tokens, expires_at: 0 }
          else follower.stop()
        },
        onEnd: (code) => console.log('over', code),
      })`)
    expect([await program.ended, linesOf(program)]).toEqual([0, ['connection connected', 'auth success', 'over 1000']])
  })
})

describe('examples/clients/oauth2-password', () => {
  const signInByForm = (name: string, env: Record<string, string> = { PASSWORD }) =>
    run('oauth2-password/main.mjs', [name, origin], env)

  it('signs in by form, calls a protected route, refreshes, and calls it again', async () => {
    const { email } = await signUp(origin)
    const client = signInByForm(email)
    expect([await client.ended, client.output().trim().split('\n')]).toEqual([
      0,
      [
        'signed in, with a bearer token',
        expect.stringMatching(`^GET /protected 200 .*"user":"${email}"`),
        'refreshed',
        expect.stringMatching(`^GET /protected 200 .*"user":"${email}"`),
      ],
    ])
  })

  it('says what the service says of a wrong password', async () => {
    const { email } = await signUp(origin)
    const client = signInByForm(email, { PASSWORD: 'wrong password' })
    expect([await client.ended, client.output().trim()]).toEqual([1, '401 Invalid email or password'])
  })

  it('repeats a refresh whose answers were lost under the same key, however late, and a new one under another', async () => {
    const { email } = await signUp(origin)
    const gate = await startLossyGate(2, '/auth/token-refresh')
    const script = `
      const { PasswordFlow } = await import('./examples/clients/oauth2-password/password-flow.mjs')
      const flow = await PasswordFlow.signIn('${gate.origin}', { username: '${email}', password: '${PASSWORD}' })
      await flow.renew().catch(() => console.log('lost'))
      for (const _ of [1, 2]) await flow.renew().then(() => console.log('renewed'))`
    const program = runScript(script)
    expect([await program.ended, program.output().trim().split('\n')]).toEqual([0, ['lost', 'renewed', 'renewed']])
    const [first, ...others] = gate.keys
    expect(first).toMatch(/^[\w-]{36}$/)
    expect(others).toEqual([first, first, expect.not.stringMatching(`^${first}$`)])
    gate.stop()
  })

  it('wants a name and a password', async () => {
    const client = signInByForm('ada', {})
    expect([await client.ended, client.output()]).toEqual([2, expect.stringContaining('usage')])
  })
})

describe('examples/clients/spring-filter', () => {
  let application: Application
  const running: Running[] = []

  /** A filter before the application; its origin. */
  async function startFilter(postern: string, upstream = `http://127.0.0.1:${application.port}`): Promise<string> {
    const filter = run('spring-filter/filter.mjs', [upstream, postern, '0'])
    running.push(filter)
    return vi.waitFor(
      () => {
        const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(filter.output()) ?? []
        if (address === undefined) throw new Error(filter.output())
        return address
      },
      { timeout: 10_000 },
    )
  }

  let filter = ''
  beforeAll(async () => {
    application = await startApplication()
    filter = await startFilter(origin)
  })
  afterAll(async () => {
    await Promise.all(running.map((each) => each.stop()))
    await application?.stop()
  })

  const get = (path: string, headers: Record<string, string> = {}, at = filter) => fetch(`${at}${path}`, { headers })

  it('lets a good token through, and tells the application whose it is', async () => {
    const { email, access_token: token } = await signUp(origin)
    const profile = await fetch(`${origin}/api/v1/auth/profile`, { headers: bearer(token) })
    const { id } = (await profile.json()) as { id: number }
    const answer = await post(filter, '/orders?page=2', { item: 'ladder' }, bearer(token))
    expect(answer.status).toBe(200)
    const seen = (await answer.json()) as Seen
    expect(seen).toMatchObject({ method: 'POST', path: '/orders?page=2', body: '{"item":"ladder"}' })
    expect(seen.headers).toMatchObject({
      'x-user-id': String(id),
      'x-user-name': encodeURIComponent(email),
      'x-user-role': 'ROLE_USER',
    })
    expect(Number(seen.headers['x-user-token-expires'])).toBeGreaterThan(Date.now() / 1000)
  })

  it('believes no client who says who it is', async () => {
    const { access_token: token } = await signUp(origin)
    const forged = {
      'x-user-id': '1',
      'x-user-role': 'ROLE_ADMIN',
      X_User_Role: 'ROLE_ADMIN',
      'x-user-groups': 'staff',
    }
    const { headers } = (await (await get('/', { ...bearer(token), ...forged })).json()) as Seen
    expect(headers['x-user-role']).toBe('ROLE_USER')
    expect(headers['x-user-id']).not.toBe('1')
    expect(
      Object.keys(headers)
        .filter((name) => /^x[-_]user[-_]/.test(name))
        .sort(),
    ).toEqual(['x-user-id', 'x-user-name', 'x-user-role', 'x-user-token-expires'])
  })

  it('answers 401 itself without a good token', async () => {
    const { access_token: token } = await signUp(origin)
    await revoke(origin, token)
    for (const headers of [{}, bearer('a.b.c'), bearer(token), { authorization: 'Basic YTpi' }]) {
      const answer = await get('/orders', headers)
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Bearer'])
      expect(await answer.json()).toMatchObject({ status: 401, message: expect.any(String), path: '/orders' })
    }
  })

  it('keeps a path to a role, however it is written', async () => {
    const user = bearer((await signUp(origin)).access_token)
    const admin = bearer((await signInAdmin(origin)).access_token)
    for (const path of ['/admin', '/admin/reports', '/%61dmin', '/ADMIN/', '/x/%2e%2e/admin'])
      expect([path, (await get(path, user)).status, (await get(path, admin)).status]).toEqual([path, 403, 200])
    for (const path of ['//admin', '/admin;v=1', '/%2fadmin', '/x%5cadmin', '/%252e%252e/admin'])
      expect([path, (await get(path, user)).status]).toEqual([path, 400])
  })

  it('lets nobody through when it cannot ask', async () => {
    const deaf = await startFilter(`http://127.0.0.1:${await freePort()}`)
    const { access_token: token } = await signUp(origin)
    expect((await get('/', bearer(token), deaf)).status).toBe(503)
  })

  it('is 502 when the application is silent', async () => {
    const alone = await startFilter(origin, `http://127.0.0.1:${await freePort()}`)
    const { access_token: token } = await signUp(origin)
    expect((await get('/', bearer(token), alone)).status).toBe(502)
  })
})
