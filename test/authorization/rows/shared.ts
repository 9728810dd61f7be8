import { changeUserState, type StateChange } from '../../../src/features/users/service/state.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'
import { newEmail, PASSWORD } from '../../support/users.ts'
import { MACHINES, type Principal, REFUSED } from '../principals.ts'
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
    REFUSED.filter((name) => name !== 'expired' && name !== 'demoted'),
    status,
  ),
})

export const everybodyBut = (names: readonly Principal[], status: number): Pick<Row, 'but'> => ({
  but: all(names, status),
})

/** Where a documented system tells who is not allowed what it tells who is not known. */
export const toAdminsOr = (status: number): Pick<Row, 'but'> => ({
  but: all(['user', 'other user', 'vendor', ...MACHINES], status),
})

export const toMachines = (status: number): Pick<Row, 'but'> => ({ but: all(MACHINES, status) })

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

export const ownerById = async ({ owner }: Scene) => ({ path: { user_id: (await owner()).user.id } })

/** Auth-service's id of a user. */
export const ownerByNumber = async ({ owner }: Scene) => ({ path: { user_id: (await owner()).user.number } })

const prepared = new WeakSet<Scene>()

/** The owner is in another state, when an admin asks: the others are refused before anybody looks. */
export async function putOwnerInto(scene: Scene, change: StateChange): Promise<void> {
  if (scene.principal !== 'admin' || scene.isShared || prepared.has(scene)) return
  prepared.add(scene)
  const actor = { type: 'system', id: 'test' } as const
  const { user } = await scene.owner()
  await changeUserState(await scene.app.ctx(), { userId: user.id, change, actor })
}

/** Gives the owner a passkey that nobody can use, and answers its id. */
export async function passkeyOf({ owner }: Scene): Promise<string> {
  const id = newUuid()
  await env.DB.prepare(
    `insert into passkeys (id, user_id, credential_id, public_key, sign_count, transports, device_type, backed_up, aaguid, rp_id, created_at)
     values (?, ?, ?, 'AA', 0, '[]', 'singleDevice', 0, '00000000-0000-0000-0000-000000000000', 'localhost', 0)`,
  )
    .bind(id, (await owner()).user.id, id)
    .run()
  return id
}
