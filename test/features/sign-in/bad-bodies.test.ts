import { describe, expect, it } from 'vitest'
import { app } from './support.ts'

describe('bad bodies', () => {
  for (const path of ['signup', 'register', 'signin', 'login', 'refresh']) {
    const send = (body: string, type = 'application/json') =>
      app.fetch(`/api/v1/auth/${path}`, { method: 'POST', headers: { 'content-type': type }, body })

    it(`${path}: malformed JSON is 400, an empty body is an empty object`, async () => {
      const malformed = await send('{"email":')
      expect([malformed.status, await malformed.json()]).toMatchObject([400, { code: 'VALIDATION_ERROR' }])
      expect((await send('')).status).toBe(['signup', 'signin'].includes(path) ? 422 : 400)
    })

    it(`${path}: more than 1 MiB is 413, another media type 415, another method 405`, async () => {
      expect((await send(JSON.stringify({ email: 'x'.repeat(1024 * 1024) }))).status).toBe(413)
      expect((await send('email=a', 'application/x-www-form-urlencoded')).status).toBe(415)
      const wrong = await app.fetch(`/api/v1/auth/${path}`)
      expect([wrong.status, wrong.headers.get('allow')]).toEqual([405, 'OPTIONS, POST'])
    })
  }
})

/** Recovery's bodies; those that want a session are told of their body only once there is one. */
const RECOVERY = [
  'verify-email',
  'resend-verification',
  'forgot-password',
  'reset-password',
  'magic/send',
  'magic-link/verify',
]

describe('bad bodies of recovery', () => {
  it.each(RECOVERY)('%s: 400, 422, 413, 415 and 405', async (path) => {
    const send = (body: string, type = 'application/json') =>
      app.fetch(`/api/v1/auth/${path}`, { method: 'POST', headers: { 'content-type': type }, body })
    const statuses = [
      await send('{"token":'),
      await send(''),
      await send('[]'),
      await send('null'),
      await send(JSON.stringify({ token: 'x'.repeat(1024 * 1024) })),
      await send('token=a', 'application/x-www-form-urlencoded'),
      await app.fetch(`/api/v1/auth/${path}`, { method: 'DELETE' }),
    ].map(({ status }) => status)
    expect(statuses).toEqual([400, 422, 422, 422, 413, 415, 405])
  })
})
