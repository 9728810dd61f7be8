import type { Config } from '../../src/config.ts'
import { SEAL_PURPOSE } from '../../src/features/factors/totp/service/codes.ts'
import { issueChallenge } from '../../src/features/sign-in/service/challenges.ts'
import { changeUserRole, changeUserState, type StateChange } from '../../src/features/users/service/state.ts'
import type { User } from '../../src/features/users/types.ts'
import { newUuid } from '../../src/lib/ids.ts'
import { sealText } from '../../src/lib/root-keys.ts'
import { freshMachine, requestToken } from '../features/oauth/support.ts'
import { connect, run, type TestDirectory } from '../features/scim/support.ts'
import { env, type TestApp } from '../support/app.ts'
import { createAccount, type OpenAccount, openAccount, PASSWORD } from '../support/world.ts'

/** Who asks, with an account or without. Where a path names somebody's things, they are those of `user`. */
export const PRINCIPALS = [
  'anonymous',
  'user',
  'other user',
  'vendor',
  'admin',
  'machine',
  'machine with the scope',
  'suspended',
  'locked',
  'inactive',
  'deleted',
  'demoted',
  'expired',
  'revoked',
  'second factor pending',
  'directory',
  'directory of another',
  'ended directory',
] as const
export type Principal = (typeof PRINCIPALS)[number]

/** A token of theirs was good once, or is none: no guard lets them in. */
export const REFUSED = [
  'suspended',
  'locked',
  'inactive',
  'deleted',
  'demoted',
  'expired',
  'revoked',
  'second factor pending',
] as const satisfies readonly Principal[]

/** Whose token is good, and who has an account. */
export const PEOPLE = ['user', 'other user', 'vendor', 'admin'] as const satisfies readonly Principal[]

export const MACHINES = ['machine', 'machine with the scope'] as const satisfies readonly Principal[]

/** They have tokens of their own kind, which let them in nowhere but at SCIM. */
export const DIRECTORIES = [
  'directory',
  'directory of another',
  'ended directory',
] as const satisfies readonly Principal[]

export type Holder = Exclude<Principal, 'anonymous' | (typeof MACHINES | typeof DIRECTORIES)[number]>

export interface Account {
  readonly user: User
  readonly password: string
  readonly sessionId: string
  readonly accessToken: string
  readonly refreshToken: string
}

const toAccount = ({ user, session, tokens }: OpenAccount): Account => ({
  user,
  password: PASSWORD,
  sessionId: session.id,
  ...tokens,
})

const named = () => ({ username: `u${newUuid().slice(0, 13)}` })

const open = async (app: TestApp, role = 'user', settings: Partial<Config> = {}): Promise<Account> =>
  toAccount(await openAccount(app, { ...named(), role }, settings))

/** The token is older than the change. */
const changed = (change: StateChange) => async (app: TestApp) => {
  const account = await open(app)
  const actor = { type: 'system', id: 'test' } as const
  await changeUserState(await app.ctx(), { userId: account.user.id, change, actor })
  return account
}

async function openRevoked(app: TestApp): Promise<Account> {
  const account = await open(app)
  const headers = { authorization: `Bearer ${account.accessToken}` }
  const answer = await app.fetch('/api/v1/auth/signout', { method: 'POST', headers })
  if (!answer.ok) throw new Error(await answer.text())
  return account
}

/** The token says admin, which its user is no longer: the next one says so. */
async function openDemoted(app: TestApp): Promise<Account> {
  const account = await open(app, 'admin')
  const actor = { type: 'system', id: 'test' } as const
  await changeUserRole(await app.ctx(), { userId: account.user.id, role: 'user', actor })
  return account
}

const SECRET = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

/** All that a user with a second factor has after the first: a challenge, held out as if it were a token. */
async function openPending(app: TestApp): Promise<Account> {
  const [ctx, user] = await Promise.all([app.ctx(), createAccount(app, named())])
  const sealed = await sealText(ctx.config.rootKeys, SEAL_PURPOSE, user.id, SECRET)
  await env.DB.batch([
    env.DB.prepare(
      'insert into totp_factors (user_id, secret_sealed, created_at, confirmed_at) values (?, ?, ?, ?)',
    ).bind(user.id, sealed, ctx.now(), ctx.now()),
    env.DB.prepare('update users set mfa_enabled = 1 where id = ?').bind(user.id),
  ])
  const { mfaToken } = await issueChallenge(ctx, {
    user,
    amr: ['pwd'],
    method: 'password',
    origin: null,
    organizationId: null,
    network: null,
  })
  return { user, password: PASSWORD, sessionId: newUuid(), accessToken: mfaToken, refreshToken: mfaToken }
}

const MAKERS: Readonly<Record<Holder, (app: TestApp) => Promise<Account>>> = {
  user: (app) => open(app),
  'other user': (app) => open(app),
  vendor: (app) => open(app, 'vendor'),
  admin: (app) => open(app, 'admin'),
  suspended: changed('suspend'),
  locked: changed('lock'),
  inactive: changed('deactivate'),
  deleted: changed('delete'),
  demoted: openDemoted,
  // The session lives on.
  expired: (app) => open(app, 'user', { ACCESS_TOKEN_SECONDS: -60 }),
  revoked: openRevoked,
  'second factor pending': openPending,
}

export const makeAccount = (app: TestApp, holder: Holder): Promise<Account> => MAKERS[holder](app)

export const isHolder = (principal: Principal): principal is Holder => principal in MAKERS

/** Everybody once: for requests that change nothing of theirs. */
export interface World {
  readonly app: TestApp
  readonly accounts: Readonly<Record<Holder, Account>>
  readonly machines: Readonly<Record<(typeof MACHINES)[number], string>>
  readonly directories: Readonly<Record<(typeof DIRECTORIES)[number], TestDirectory>>
}

/** No route asks for it: a machine with any scope at all must not be let in. */
const OTHER_SCOPE = 'elsewhere:read'

async function connectEnded(app: TestApp): Promise<TestDirectory> {
  const directory = await connect(app)
  await run('update scim_tokens set expires_at = 1 where organization_id = ?', directory.team.id)
  return directory
}

/** `scopes`: every scope that a route asks of machines, and the one that the service asks itself. */
export async function createWorld(app: TestApp, scopes: readonly string[]): Promise<World> {
  const machineToken = async (granted: readonly string[]) => requestToken(app, await freshMachine(app, granted))
  const names = Object.keys(MAKERS) as Holder[]
  const [directory, other, ended] = await Promise.all([connect(app), connect(app), connectEnded(app)])
  const made = await Promise.all(names.map(async (name) => [name, await makeAccount(app, name)] as const))
  return {
    app,
    accounts: Object.fromEntries(made) as Record<Holder, Account>,
    machines: { machine: await machineToken([OTHER_SCOPE]), 'machine with the scope': await machineToken(scopes) },
    directories: { directory, 'directory of another': other, 'ended directory': ended },
  }
}

export const isDirectory = (principal: Principal): principal is (typeof DIRECTORIES)[number] =>
  DIRECTORIES.some((name) => name === principal)

export function tokenOf({ accounts, machines, directories }: World, principal: Principal): string | null {
  if (principal === 'anonymous') return null
  if (isDirectory(principal)) return directories[principal].token
  return isHolder(principal) ? accounts[principal].accessToken : machines[principal]
}
