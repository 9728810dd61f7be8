import { beforeAll, describe, expect, it } from 'vitest'
import { listRoutes } from '../../../src/app.ts'
import { createTestApp } from '../../support/app.ts'
import { makeAdmin, type SignedInUser, signUpUser } from '../../support/users.ts'

const app = createTestApp()
const NOBODY = crypto.randomUUID()
const pathOf = (path: string) => path.replace(':passkey_id', NOBODY).replace(':id', NOBODY)

const routes = listRoutes()
  .filter(({ path, spec }) => path.startsWith('/api/v1/admin') && spec.guard.kind === 'admin')
  .map(({ method, path }) => [method, path] as const)
const ofUser = routes.filter(([, path]) => path.startsWith('/api/v1/admin/users/:id'))

let admin: SignedInUser
let gone: SignedInUser
let user: SignedInUser
let demoted: SignedInUser
beforeAll(async () => {
  ;[admin, gone, demoted] = [await makeAdmin(app), await makeAdmin(app), await makeAdmin(app)]
  user = await signUpUser(app)
  await app.fetch('/api/v1/auth/signout', { method: 'POST', headers: gone.headers })
  const init = { method: 'PATCH', headers: { ...admin.headers, 'content-type': 'application/json' } }
  const body = JSON.stringify({ is_admin: false })
  expect((await app.fetch(`/api/v1/admin/users/${demoted.user.id}`, { ...init, body })).status).toBe(200)
})

const VALID: Readonly<Record<string, unknown>> = {
  'PATCH /api/v1/admin/users/:id': { is_active: true },
  'PUT /api/v1/admin/users/:id/role': { role: 'user' },
  'PATCH /api/v1/admin/users/:id/role': { role: 'user' },
  'POST /api/v1/admin/users/:id/notifications': { title: 'x', message: 'x' },
}

function ask(method: string, path: string, headers: Record<string, string>, id?: string) {
  const body = VALID[`${method} ${path}`]
  return app.fetch(id === undefined ? pathOf(path) : path.replace(':passkey_id', NOBODY).replace(':id', id), {
    method,
    headers: { ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  })
}

describe('the routes of administration', () => {
  it('are those that were reviewed', () => {
    expect(routes.length).toBeGreaterThan(25)
  })

  it.each(routes)('%s %s is 401 without a good token', async (method, path) => {
    expect((await ask(method, path, {})).status).toBe(401)
    expect((await ask(method, path, { authorization: 'Bearer nonsense' })).status).toBe(401)
  })

  it.each(routes)('%s %s is 403 "Admin access required" for a user', async (method, path) => {
    const answer = await ask(method, path, { ...user.headers })
    expect([answer.status, await answer.json()]).toMatchObject([
      403,
      { code: 'ADMIN_REQUIRED', message: 'Admin access required' },
    ])
  })

  it.each(routes)('%s %s is 401 for an admin whose session has ended or who is none any more', async (method, path) => {
    expect((await ask(method, path, { ...gone.headers })).status).toBe(401)
    expect((await ask(method, path, { ...demoted.headers })).status).toBe(401)
  })

  it.each(ofUser)('%s %s is 404 for an unknown user and 400 for an invalid id', async (method, path) => {
    expect((await ask(method, path, { ...admin.headers })).status).toBe(404)
    expect((await ask(method, path, { ...admin.headers }, '999999999')).status).toBe(404)
    for (const id of ['x', '-1', '1.5', '9'.repeat(30), "'%20or%201=1", '%00', 'ＩＤ'])
      expect([id, (await ask(method, path, { ...admin.headers }, id)).status]).toEqual([id, 400])
  })
})
