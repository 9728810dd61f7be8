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
