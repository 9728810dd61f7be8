import { newEmail, PASSWORD } from '../../support/users.ts'
import type { Row, Scene } from '../row.ts'
import { forOwnerAndAdmin, newAccount, ownerById, passkeyOf, plain, putOwnerInto } from './shared.ts'

const changeName = { first_name: 'Ada' }
const changeOwn: Row = { call: () => ({ body: changeName }) }
const changeOne: Row = {
  call: async (scene) => ({ ...(await ownerById(scene)), body: changeName }),
  ...forOwnerAndAdmin(403),
}

/** An admin's change of a user who is in a state that allows it. */
const after = (change?: Parameters<typeof putOwnerInto>[1]): Row => ({
  call: async (scene) => {
    if (change) await putOwnerInto(scene, change)
    return ownerById(scene)
  },
})

const USERS: Readonly<Record<string, Row>> = {
  'GET /api/v1/users': plain,
  'POST /api/v1/users': { call: () => ({ body: newAccount() }), good: 201 },
  'GET /api/v1/users/search': { call: () => ({ query: { q: 'nobody' } }) },
  'GET /api/v1/users/by-email': {
    call: async ({ owner }) => ({ query: { email: (await owner()).user.email } }),
    ...forOwnerAndAdmin(403),
  },
  'GET /api/v1/users/me': plain,
  'PUT /api/v1/users/me': changeOwn,
  'PATCH /api/v1/users/me': changeOwn,
  'DELETE /api/v1/users/me': plain,
  // The body is no picture: with one, the account's own would be replaced (test/features/account/avatar.test.ts).
  'POST /api/v1/users/me/avatar': { call: () => ({ headers: { 'content-type': 'image/png' } }), good: 415 },
  'DELETE /api/v1/users/me/avatar': plain,
  'GET /avatars/:name': { call: () => ({ path: { name: 'nobody.png' } }), good: 404 },
  'GET /api/v1/users/:user_id': { call: ownerById, ...forOwnerAndAdmin(403) },
  'PUT /api/v1/users/:user_id': changeOne,
  'PATCH /api/v1/users/:user_id': changeOne,
  'DELETE /api/v1/users/:user_id': { call: ownerById, ...forOwnerAndAdmin(403) },
  'POST /api/v1/users/:user_id/suspend': after(),
  'POST /api/v1/users/:user_id/unsuspend': after('suspend'),
  'POST /api/v1/users/:user_id/reactivate': after('deactivate'),
}

const path = async ({ owner }: Scene) => ({ path: { id: (await owner()).user.id } })
const adminAfter = (change?: Parameters<typeof putOwnerInto>[1]): Row => ({
  call: async (scene) => {
    if (change) await putOwnerInto(scene, change)
    return path(scene)
  },
})
const giveRole: Row = { call: async (scene) => ({ ...(await path(scene)), body: { role: 'vendor' } }) }

const ADMIN: Readonly<Record<string, Row>> = {
  'GET /api/v1/admin/stats': plain,
  'GET /api/v1/admin/health': plain,
  'GET /api/v1/admin/config': plain,
  'GET /api/v1/admin/activity-logs': plain,
  'POST /api/v1/admin/cache/clear': plain,
  // It is off already: whoever signs in meanwhile is let in.
  'POST /api/v1/admin/maintenance-mode': { call: () => ({ body: { enabled: false } }) },
  'POST /api/v1/admin/sessions/revoke-all': {
    call: async ({ owner }) => ({ body: { user_id: (await owner()).user.id } }),
  },
  'GET /api/v1/admin/users': plain,
  'GET /api/v1/admin/users/:id': { call: path },
  'PATCH /api/v1/admin/users/:id': {
    call: async (scene) => ({ ...(await path(scene)), body: { email_verified: true } }),
  },
  'PUT /api/v1/admin/users/:id/role': giveRole,
  'PATCH /api/v1/admin/users/:id/role': giveRole,
  'DELETE /api/v1/admin/users/:id': { call: path },
  'DELETE /api/v1/admin/users/:id/force-delete': { call: path },
  'POST /api/v1/admin/users/:id/notifications': {
    call: async (scene) => ({ ...(await path(scene)), body: { title: 'News', message: 'There are news.' } }),
    good: 201,
  },
  'POST /api/v1/admin/users/:id/suspend': adminAfter(),
  'POST /api/v1/admin/users/:id/unsuspend': adminAfter('suspend'),
  'POST /api/v1/admin/users/:id/deactivate': adminAfter(),
  'POST /api/v1/admin/users/:id/activate': adminAfter('deactivate'),
  'POST /api/v1/admin/users/:id/lock': adminAfter(),
  'POST /api/v1/admin/users/:id/unlock': adminAfter('lock'),
  'POST /api/v1/admin/users/:id/restore': adminAfter('delete'),
  // Nobody here has one.
  'DELETE /api/v1/admin/users/:id/mfa': { call: path, good: 400 },
  'DELETE /api/v1/admin/users/:id/passkeys': { call: path },
  'DELETE /api/v1/admin/users/:id/passkeys/:passkey_id': {
    call: async (scene) => ({ path: { ...(await path(scene)).path, passkey_id: await passkeyOf(scene) } }),
  },
  // Without the secret key: an admin's token stands in for it.
  'POST /api/v1/admin/register': {
    call: () => ({ body: { email: newEmail(), password: PASSWORD } }),
    good: 403,
    but: { admin: 201 },
  },
}

export const USERS_AND_ADMIN: Readonly<Record<string, Row>> = { ...USERS, ...ADMIN }
