import { spawnSync } from 'node:child_process'
import { type AddressInfo, createServer } from 'node:net'
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { send } from '../../bench/fixtures.ts'
import { signInAdmin } from '../../bench/lists.ts'
import { findProgram } from '../../scripts/support/system-programs.ts'
import { type BuiltWorker, type Reach, startBuiltWorker, startReaching } from './support/production.ts'

const ROOT_SECRET = 'a root secret that only this test uses, 0123456789'
const LOCAL_PATHS = [
  '/dev',
  '/dev/',
  '/dev/mailbox',
  '/dev/mailbox/',
  '/dev/mailbox?to=a@example.com',
  '/%64ev/mailbox',
]

describe('the built Worker in production mode', () => {
  let worker: BuiltWorker

  beforeAll(async () => {
    // MODE is left out: whoever forgets it has production.
    worker = await startBuiltWorker(inject('checkout'), { PUBLIC_URL: 'https://auth.example.com', ROOT_SECRET })
  })
  afterAll(() => worker.stop())

  it('runs', async () => {
    expect((await fetch(`${worker.origin}/liveness`)).status).toBe(200)
  })

  it.each(LOCAL_PATHS)('has no %s', async (path) => {
    for (const method of ['GET', 'POST', 'DELETE']) {
      const { status } = await fetch(`${worker.origin}${path}`, { method })
      expect(status, method).toBe(404)
    }
  })

  it('names itself by its configuration, never by the Host that was asked', async () => {
    const answer = await fetch(`${worker.origin}/.well-known/openid-configuration`)
    expect(await answer.json()).toMatchObject({ issuer: 'https://auth.example.com' })
  })
})

describe('the built Worker without its root secret', () => {
  let worker: BuiltWorker

  beforeAll(async () => {
    worker = await startBuiltWorker(inject('checkout'), { PUBLIC_URL: 'https://auth.example.com' })
  })
  afterAll(() => worker.stop())

  it('answers nothing but that it runs', async () => {
    expect((await fetch(`${worker.origin}/liveness`)).status).toBe(200)
    for (const path of ['/', '/health', '/validate', '/api/v1/auth/me', '/dev/mailbox', '/.well-known/jwks.json']) {
      const answer = await fetch(`${worker.origin}${path}`)
      expect(answer.status, path).toBe(503)
      expect(await answer.json()).toMatchObject({ code: 'CONFIGURATION_ERROR' })
    }
  })
})

const UNSHARE = findProgram('unshare')
const mayUnshare = UNSHARE !== undefined && spawnSync(UNSHARE, ['--mount', 'true']).status === 0
const PRIVATE = ['127.0.0.1', '127.8.8.8', '::1']

describe.skipIf(!mayUnshare)('a public name that resolves to a private address (needs unshare --mount)', () => {
  const server = createServer((socket) => {
    connected.push(socket.localAddress ?? '')
    socket.destroy()
  })
  const connected: string[] = []
  beforeAll(() => new Promise<void>((resolve) => void server.listen(0, resolve)))
  afterAll(() => new Promise((resolve) => void server.close(resolve)))

  const nameOf = (address: string) => `a${address.replaceAll(/[.:]/g, '-')}.hooks.example.com`
  const hosts = ['127.0.0.1 localhost', ...PRIVATE.map((address) => `${address} ${nameOf(address)}`)].join('\n')

  /** What came of a test event to an endpoint at each name. */
  async function callAll(allow: Reach['allow']): Promise<unknown[]> {
    const variables = {
      MODE: 'production',
      PUBLIC_URL: 'https://auth.example.com',
      ROOT_SECRET,
      CORS_ORIGINS: 'http://127.0.0.1',
    }
    const { runtime, base, stop } = await startReaching(inject('checkout'), variables, { allow, hosts })
    try {
      const admin = await signInAdmin(runtime, base)
      const errors: unknown[] = []
      for (const address of PRIVATE) {
        const url = `https://${nameOf(address)}:${(server.address() as AddressInfo).port}/in`
        const made = await send('POST', new URL('/api/v1/webhooks', base), { url, events: ['*'] }, admin)
        const { id } = (await made.json()) as { id: string }
        const tested = await send('POST', new URL(`/api/v1/webhooks/${id}/test`, base), {}, admin)
        errors.push(((await tested.json()) as { error: unknown }).error)
      }
      return errors
    } finally {
      await stop()
    }
  }

  it('is called by no webhook where the runtime reaches public addresses alone, as deployed', {
    timeout: 60_000,
  }, async () => {
    expect(await callAll(['public'])).toEqual(PRIVATE.map(() => 'unreachable'))
    expect(connected).toEqual([])
    // As `wrangler dev` does: it is the runtime that refuses.
    await callAll(['public', 'private'])
    expect(new Set(connected.map((address) => address.replace('::ffff:', '')))).toEqual(new Set(PRIVATE))
  })
})
