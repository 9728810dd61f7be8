import { newUuid } from '../../../src/lib/ids.ts'
import { newEmail, PASSWORD } from '../../support/users.ts'
import { PEOPLE, type Principal, REFUSED } from '../principals.ts'
import type { Row, Scene } from '../row.ts'

/** Nothing is asked but the path. */
export const plain: Row = {}

/** Whatever is asked is refused by the route itself, after its guard. */
export const refusedWith = (good: number, body?: unknown): Row => ({
  good,
  ...(body === undefined ? {} : { call: () => ({ body }) }),
})

const all = (names: readonly Principal[], status: number): Partial<Record<Principal, number>> =>
  Object.fromEntries(names.map((name) => [name, status]))

/** The path names something of `user`: it is there for its owner alone. */
export const forOwner = (status: number): Pick<Row, 'but'> => ({
  but: all(['other user', 'vendor', 'admin'], status),
})

/** The path names something of `user`, and admins may too. */
export const forOwnerAndAdmin = (status: number): Pick<Row, 'but'> => ({ but: all(['other user', 'vendor'], status) })

/** Credentials in the body decide, and no state that ends sessions signs in; an expired or revoked token is no matter. */
export const signInStates = (statuses: { refused: number; locked: number; pending: number }): Pick<Row, 'but'> => ({
  but: {
    ...all(['suspended', 'inactive', 'deleted'], statuses.refused),
    locked: statuses.locked,
    'second factor pending': statuses.pending,
  },
})

/** A refresh token in the body decides. */
export const refreshStates = (status: number): Pick<Row, 'but'> => ({
  but: all(
    REFUSED.filter((name) => name !== 'expired'),
    status,
  ),
})

/** Nobody but people: the route asks for what no machine has. */
export const refusesMachines = (status: number): Pick<Row, 'but'> => ({
  but: all(['machine', 'machine with the scope'], status),
})

export const everybodyBut = (names: readonly Principal[], status: number): Pick<Row, 'but'> => ({
  but: all(names, status),
})

export const PEOPLE_BUT_ADMIN = PEOPLE.filter((name) => name !== 'admin')

export const newUsername = (): string => `n${newUuid().slice(0, 13)}`

export const newAccount = () => ({ email: newEmail(), username: newUsername(), password: PASSWORD })

export const ownCredentials = async ({ owner }: Scene) => {
  const { user, password } = await owner()
  return { body: { email: user.email, password } }
}

export const ownRefreshToken = async ({ owner }: Scene) => ({ body: { refresh_token: (await owner()).refreshToken } })

/** Of the owner, and known to nobody else. */
export const NOT_A_TOKEN = 'no-token-that-was-ever-issued'

/** A page's form, as our own page sends it. */
export const OWN_FORM = { origin: 'http://127.0.0.1:8787', 'sec-fetch-site': 'same-origin' }
