import { newEmail, PASSWORD } from '../../support/users.ts'
import type { Row, Scene } from '../row.ts'
import {
  everybodyBut,
  NOT_A_TOKEN,
  newAccount,
  newUsername,
  ownerByNumber,
  ownRefreshToken,
  plain,
  putOwnerInto,
  refreshStates,
  refusedWith,
} from './shared.ts'

const ownerByEmail = async ({ owner }: Scene) => ({ body: { email: (await owner()).user.email } })

const ACCOUNTS: Readonly<Record<string, Row>> = {
  'POST /auth/register': { call: () => ({ body: newAccount() }) },
  'POST /auth/token-refresh': { call: ownRefreshToken, ...refreshStates(401) },
  // Says who has an account, as its document has it.
  'POST /auth/password-reset-request': { call: ownerByEmail, ...everybodyBut(['deleted'], 404) },
  'POST /auth/password-reset': refusedWith(400, { token: NOT_A_TOKEN, new_password: `${PASSWORD}-2` }),
  // A stranger is told no more than that there is somebody.
  'GET /auth/verify-user/:username': {
    call: async ({ owner }) => ({ path: { username: (await owner()).user.username ?? '' } }),
  },
  'PUT /auth/profile': { call: () => ({ body: { username: newUsername() } }) },
  'GET /auth/sessions': plain,
  // The number counts the caller's own sessions: nobody can name another's.
  'DELETE /auth/sessions/:session_id': { call: () => ({ path: { session_id: 1 } }) },
  'GET /protected': plain,
  'POST /chatbot/interact': { call: () => ({ body: { message: 'hello' } }) },
}

const code = { code: '000000' }

const SECOND_FACTOR: Readonly<Record<string, Row>> = {
  'GET /auth/generate-2fa-code': plain,
  'GET /auth/test-2fa': refusedWith(400),
  'POST /auth/enable-2fa': refusedWith(400, code),
  'POST /auth/disable-2fa': refusedWith(400, code),
  // A bearer that is no access token may be the challenge of a login.
  'POST /auth/verify-2fa': { ...refusedWith(400, code), ...everybodyBut(['anonymous'], 401) },
}

const ownLogin = async ({ own }: Scene) => ({ body: { email: (await own()).user.email, password: PASSWORD } })

const ADMINS: Readonly<Record<string, Row>> = {
  'GET /admin/users': plain,
  'PUT /admin/deactivate-user/:user_id': { call: ownerByNumber },
  'PUT /admin/activate-user/:user_id': {
    call: async (scene) => {
      await putOwnerInto(scene, 'deactivate')
      return ownerByNumber(scene)
    },
  },
  'PUT /admin/user/role': {
    call: async ({ owner }) => ({ body: { username: (await owner()).user.username, role: 'vendor' } }),
  },
  'DELETE /admin/user/:user_id': { call: ownerByNumber },
  'POST /admin/lock': { call: ownerByEmail },
  'POST /admin/unlock': { call: ownerByEmail },
  // Without the secret key: an admin's token stands in for it.
  'POST /admin/register': { call: () => ({ body: newAccount() }), good: 403, but: { admin: 200 } },
  'POST /admin/login': {
    call: ownLogin,
    good: 403,
    but: { admin: 200, suspended: 400, inactive: 400, deleted: 400 },
  },
  'POST /vendor/register_vendor': {
    call: () => ({ body: { name: 'Difference Engines', email: newEmail(), password: PASSWORD } }),
  },
  'POST /vendor/login': { call: ownLogin, good: 400, but: { vendor: 200, locked: 403 } },
}

export const AUTH_SERVICE: Readonly<Record<string, Row>> = { ...ACCOUNTS, ...SECOND_FACTOR, ...ADMINS }
