import type { Ctx } from '../../context.ts'
import { isUsername, type NewUser, newUserRow, normalizeEmail, normalizeIdentifier } from '../users/service/users.ts'
import type { Account, Fields, Known, UserRow } from './store.ts'
import type { ImportMode, ImportRow, RowOutcome } from './types.ts'
import { isRecord, type RawRecord } from './wire/record.ts'
import { withoutIt } from './wire/row.ts'

type FoundRow = Extract<ImportRow, { user: NewUser }>

const NOT_OURS = withoutIt('username: must have 3 to 50 letters, digits, - or _, and not digits alone')
const TAKEN = withoutIt('username: is taken')
const OTHERS_ID = withoutIt('external_id: is the id of a user of another system')
const OWN_FACTORS = withoutIt('password_hash: the user has taken the account over')
const OWN_STATUS = withoutIt('status: the account is active and stays so')

/** What an account gets that it lacks. */
export interface Fill {
  readonly id: string
  readonly values: Partial<Fields>
  /** The account as it was read: metadata is written only if nobody changed it since. */
  readonly read: Account
}

export interface ImportPlan {
  readonly rows: readonly UserRow[]
  readonly fills: readonly Fill[]
  readonly outcomes: readonly RowOutcome[]
}

/** What is known and what the rows above have added to it. */
interface Draft {
  readonly accounts: Map<string, Account>
  readonly usernames: Map<string, string>
  readonly externalIds: Map<string, { email: string; system: string | null }>
  readonly rows: Map<string, UserRow>
  readonly fills: Map<string, Fill>
}

/** Decides what becomes of each row, from what is known and from the rows above it. Writes nothing. */
export function planImport(
  ctx: Pick<Ctx, 'now' | 'newId'>,
  input: readonly FoundRow[],
  known: Known,
  { merge, dryRun }: ImportMode,
): ImportPlan {
  const draft: Draft = {
    accounts: new Map(known.accounts),
    usernames: new Map(known.usernames),
    externalIds: new Map(known.externalIds),
    rows: new Map(),
    fills: new Map(),
  }
  const outcomes = input.map((row): RowOutcome => {
    const email = normalizeEmail(row.user.email)
    const account = draft.accounts.get(email)
    if (!account) return known.reserved.has(email) ? skip(row, 'already exists') : planAccount(ctx, draft, row)
    return merge ? planMerge(draft, row, account) : skip(row, 'already exists')
  })
  const { rows, fills } = draft
  const isThere = ({ id }: RowOutcome) => id === null || !rows.has(id)
  return {
    rows: [...rows.values()],
    fills: [...fills.values()],
    outcomes: dryRun ? outcomes.map((one) => (isThere(one) ? one : { ...one, id: null })) : outcomes,
  }
}

const skip = ({ row, user }: FoundRow, reason: string): RowOutcome => ({
  row,
  status: 'skipped',
  id: null,
  email: normalizeEmail(user.email),
  reason,
  warnings: [],
  leftBehind: [],
})

function planAccount(ctx: Pick<Ctx, 'now' | 'newId'>, draft: Draft, row: FoundRow): RowOutcome {
  const { user, warnings } = settleNames(draft, row)
  if (user.externalId !== undefined && draft.externalIds.has(user.externalId))
    return skip(row, 'already exists under another email')
  // Both times are one where the row has none of its own: a merge knows by it that one is lacking.
  const made = newUserRow(ctx, { ...user, createdAt: user.createdAt ?? user.importedAt })
  const { id, email } = made
  draft.rows.set(id, made)
  draft.accounts.set(email, toAccount(made))
  remember(draft, row, made)
  const about = { warnings: [...row.warnings, ...warnings], leftBehind: row.leftBehind }
  return { row: row.row, status: 'imported', id, email, reason: null, ...about }
}

function planMerge(draft: Draft, row: FoundRow, account: Account): RowOutcome {
  const { id, email } = account
  // A name that is not needed is no reason to warn.
  const needed = account.username === null ? row.user : { ...row.user, username: null }
  const { user, warnings } = settleNames(draft, { ...row, user: needed })
  const stranger = findStranger(draft, account, user)
  if (stranger !== null) return skip(row, stranger)
  const values = fillOf(account, user, row)
  const losses = lossesOf(account, user, values)
  if (Object.keys(values).length === 0) return skip(row, losses[0] ?? 'already exists')
  draft.accounts.set(email, { ...account, ...values })
  remember(draft, row, { email, username: values.username ?? null, externalId: values.externalId ?? null })
  const made = draft.rows.get(id)
  if (made) {
    draft.rows.set(id, {
      ...made,
      ...values,
      usernameKey: values.username ? normalizeIdentifier(values.username) : made.usernameKey,
    })
  } else {
    const { read = account, values: earlier = {} } = draft.fills.get(id) ?? {}
    draft.fills.set(id, { id, values: { ...earlier, ...values }, read })
  }
  const about = { warnings: [...row.warnings, ...warnings, ...losses], leftBehind: row.leftBehind }
  return { row: row.row, status: 'merged', id, email, reason: null, ...about }
}

/**
 * The user without a username or an external id that is another's. Neither is a reason to lose an account, but an id that
 * the same system gave is: it is the same user.
 */
function settleNames(draft: Draft, { user, system }: FoundRow): { user: NewUser; warnings: readonly string[] } {
  const email = normalizeEmail(user.email)
  const { username, externalId } = user
  const holder = username ? draft.usernames.get(normalizeIdentifier(username)) : undefined
  const isTaken = holder !== undefined && holder !== email
  const nameWarning = !username ? null : !isUsername(username) ? NOT_OURS : isTaken ? TAKEN : null
  const other = externalId === undefined ? undefined : draft.externalIds.get(externalId)
  const isOthersId = other !== undefined && other.email !== email && other.system !== system
  const named = nameWarning === null ? user : withoutUsername(user)
  return {
    user: isOthersId ? { ...named, externalId: undefined } : named,
    warnings: [...(nameWarning === null ? [] : [nameWarning]), ...(isOthersId ? [OTHERS_ID] : [])],
  }
}

/** The name of before is kept for those who want to tell its owner. */
function withoutUsername({ username, ...user }: NewUser): NewUser {
  const known = user.appMetadata?.imported
  const imported = { ...(known instanceof Object ? known : {}), username }
  return { ...user, appMetadata: { ...user.appMetadata, imported } }
}

function remember(
  { usernames, externalIds }: Draft,
  { system }: FoundRow,
  { email, username, externalId }: Pick<Account, 'email' | 'username' | 'externalId'>,
): void {
  if (username) usernames.set(normalizeIdentifier(username), email)
  if (externalId) externalIds.set(externalId, { email, system })
}

/** Nobody has a factor of an account that is only made here. */
const toAccount = (row: UserRow): Account => ({
  ...row,
  authVersion: 1,
  mfaEnabled: false,
  hasPasskey: false,
  metadataText: null,
  appMetadataText: null,
})

/** Why the row is not of the account's own user, or null. */
function findStranger({ externalIds }: Draft, account: Account, { externalId }: NewUser): string | null {
  if (account.importedAt === null || account.status === 'deleted') return 'already exists'
  if (externalId === undefined) return null
  if (account.externalId !== null && account.externalId !== externalId) return 'already exists with another external_id'
  const holder = externalIds.get(externalId)
  return holder && holder.email !== account.email ? 'its external_id has another email' : null
}

const TEXTS = [
  'firstName',
  'lastName',
  'displayName',
  'phoneNumber',
  'timezone',
  'locale',
  'profileImageUrl',
  'externalId',
  'username',
] as const

/** Who has changed how they sign in since the import decides it themselves. */
const isUntouched = ({ authVersion, mfaEnabled, hasPasskey }: Account): boolean =>
  authVersion === 1 && !mfaEnabled && !hasPasskey

/**
 * The fields that the account lacks and the row has. A password comes along only where the user has not taken the account
 * over, and not from a row whose address is said to be unproven to an account with a proven one: the other system may have
 * let a stranger sign up with it. For the same reason an address is proven only under the user's own id, or where nobody has
 * a password.
 */
function fillOf(account: Account, user: NewUser, { isUnproven }: Pick<FoundRow, 'isUnproven'>): Partial<Fields> {
  const lacks = (name: keyof Fields) => account[name] === null && Boolean(user[name])
  const hasSameId = account.externalId !== null && account.externalId === user.externalId
  const takesPassword = account.emailVerifiedAt === null || !isUnproven || hasSameId
  const takesProof = account.passwordHash === null || hasSameId
  const names = [
    ...TEXTS,
    ...(isUntouched(account) && takesPassword ? (['passwordHash'] as const) : []),
    ...(isUntouched(account) && takesProof ? (['emailVerifiedAt'] as const) : []),
  ]
  const lacksTime = account.createdAt === account.importedAt && user.createdAt !== undefined
  const joined = (['metadata', 'appMetadata'] as const).flatMap((name) => {
    const value = join(account[name], user[name] ?? {})
    return JSON.stringify(value) === JSON.stringify(account[name]) ? [] : [[name, value] as const]
  })
  return Object.fromEntries([
    ...names.filter(lacks).map((name) => [name, user[name]] as const),
    ...(lacksTime ? [['createdAt', user.createdAt] as const] : []),
    ...joined,
  ])
}

/** What is there stands; of what the import keeps, too. */
function join(own: RawRecord, added: RawRecord): Record<string, unknown> {
  const joined = { ...own, ...added, ...own }
  return isRecord(own.imported) && isRecord(added.imported)
    ? { ...joined, imported: { ...own.imported, ...added.imported, ...own.imported } }
    : joined
}

/** What the account lacks, the row has and the merge does not take. */
const lossesOf = (account: Account, user: NewUser, values: Partial<Fields>): string[] => [
  ...(user.passwordHash && account.passwordHash === null && !values.passwordHash ? [OWN_FACTORS] : []),
  ...(user.status !== 'active' && account.status === 'active' ? [OWN_STATUS] : []),
]
