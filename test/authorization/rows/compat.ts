import { PASSWORD } from '../../support/users.ts'
import type { Row, Scene } from '../row.ts'
import { plain, signInStates } from './shared.ts'

const login: Row = {
  call: async ({ owner }: Scene) => ({ body: { username: (await owner()).user.email, password: PASSWORD } }),
  ...signInStates({ refused: 401, locked: 429, pending: 401 }),
}

/** JANUX and auth-service. */
const SHARED: Readonly<Record<string, Row>> = {
  'GET /': plain,
  'POST /auth/login': login,
  'POST /token': login,
}

export const COMPAT: Readonly<Record<string, Row>> = { ...SHARED }
