import { describe, expect, it } from 'vitest'
import { createTestApp } from '../../support/app.ts'
import { makeAdmin, newEmail, signUpUser } from '../../support/users.ts'
import { freshMachine, requestToken } from '../oauth/support.ts'
import { IMPORT, rowOf } from './support.ts'

const app = createTestApp()

describe('POST /api/v1/admin/users/import', () => {
  it('is for admins only, and imports nothing for others', async () => {
    const user = await signUpUser(app)
    const machine = await freshMachine(app, ['introspect'])
    const email = newEmail()
    const as = async (headers: Record<string, string>) => {
      const init = { headers: { 'content-type': 'application/x-ndjson', ...headers }, body: JSON.stringify({ email }) }
      return (await app.fetch(IMPORT, { method: 'POST', ...init })).status
    }
    expect(await as({})).toBe(401)
    expect(await as({ authorization: 'Bearer garbage' })).toBe(401)
    expect(await as({ authorization: `Bearer ${user.refreshToken}` })).toBe(401)
    expect(await as({ authorization: machine.basic })).toBe(401)
    expect(await as({ ...user.headers })).toBe(403)
    expect(await as({ authorization: `Bearer ${await requestToken(app, machine)}` })).toBe(403)
    expect(await rowOf(email)).toBeNull()
  })

  it('refuses an admin whose session has ended, in every isolate', async () => {
    const { headers } = await makeAdmin(app)
    await app.fetch('/api/v1/auth/signout', { method: 'POST', headers })
    const email = newEmail()
    const init = { headers: { 'content-type': 'application/x-ndjson', ...headers }, body: JSON.stringify({ email }) }
    expect((await createTestApp().fetch(IMPORT, { method: 'POST', ...init })).status).toBe(401)
    expect(await rowOf(email)).toBeNull()
  })
})
