import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'
import { type BuiltWorker, startBuiltWorker } from './support/production.ts'

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
