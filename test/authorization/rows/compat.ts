import { newEmail, PASSWORD } from '../../support/users.ts'
import type { Row, Scene } from '../row.ts'
import { NOT_A_TOKEN, ownerById, plain, refusedWith, signInStates, toAdminsOr, toMachines } from './shared.ts'

const login: Row = {
  call: async ({ owner }: Scene) => ({ body: { username: (await owner()).user.email, password: PASSWORD } }),
  ...signInStates({ refused: 401, locked: 429, pending: 401 }),
}

const SHARED: Readonly<Record<string, Row>> = {
  'GET /': plain,
  'POST /auth/login': login,
  'POST /token': login,
}

/** JANUX knows no 403. */
const JANUX: Readonly<Record<string, Row>> = {
  'POST /users/register': {
    call: () => ({ body: { email: newEmail(), full_name: 'Ada Lovelace', password: PASSWORD } }),
    good: 201,
  },
  'GET /users/profile': toMachines(401),
  'POST /users/logout': toMachines(401),
  'GET /admins/users': toAdminsOr(401),
  'DELETE /admins/users/:user_id': { call: ownerById, ...toAdminsOr(401) },
  'GET /admins/profile': toAdminsOr(401),
  'POST /admins/logout': toAdminsOr(401),
}

const GATEWAY: Readonly<Record<string, Row>> = {
  'POST /api/v1/auth/password-reset': { call: () => ({ body: { email: newEmail() } }), good: 404 },
  'POST /api/v1/auth/password-reset/confirm': refusedWith(400, { token: NOT_A_TOKEN, newPassword: `${PASSWORD}-2` }),
  'GET /api/v1/auth/verify-email/:token': { call: () => ({ path: { token: NOT_A_TOKEN } }), good: 400 },
  'GET /api/v1/auth/health': plain,
}

export const COMPAT: Readonly<Record<string, Row>> = {
  ...SHARED,
  ...JANUX,
  ...GATEWAY,
}
