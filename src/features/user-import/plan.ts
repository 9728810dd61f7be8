import type { Ctx } from '../../context.ts'
import { isUsername, type NewUser, newUserRow, normalizeEmail, normalizeIdentifier } from '../users/service/users.ts'
import type { Account, Fields, Known, UserRow } from './store.ts'
import type { ImportMode, ImportRow, RowOutcome } from './types.ts'
import { isRecord, type RawRecord } from './wire/record.ts'
import { withoutIt } from './wire/row.ts'

type FoundRow = Extract<ImportRow, { user: NewUser }>

const NAME_INVALID = withoutIt('username: must have 3 to 50 letters, digits, - or _, and not digits alone')
const NAME_TAKEN = withoutIt('username: is taken')
const ID_TAKEN = withoutIt('external_id: is the id of a user of another system')
const FACTORS_CHANGED = withoutIt('password_hash: the user has taken the account over')
const STATUS_KEPT = withoutIt('status: the account is active and stays so')

/** Values for empty fields of one account. */
export interface Fill {
  readonly id: string
  readonly values: Partial<Fields>
  /** The account as it was read: metadata is written only if it has not changed since. */
  readonly read: Account
}

export interface ImportPlan {
  readonly rows: readonly UserRow[]
  readonly fills: readonly Fill[]
  readonly outcomes: readonly RowOutcome[]
}

/** Existing accounts and names, with those that earlier rows of the chunk add. */
interface Draft {
  readonly accounts: Map<string, Account>
  readonly usernames: Map<string, string>
  readonly externalIds: Map<string, { email: string; system: string | null }>
  readonly rows: Map<string, UserRow>
  readonly fills: Map<string, Fill>
}

/** Decides the outcome of each row from the existing accounts and the rows before it. Writes nothing. */
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
  const exists = ({ id }: RowOutcome) => id === null || !rows.has(id)
  return {
    rows: [...rows.values()],
    fills: [...fills.values()],
    outcomes: dryRun ? outcomes.map((one) => (exists(one) ? one : { ...one, id: null })) : outcomes,
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
  const { user, warnings } = resolveNames(draft, row)
  if (user.externalId !== undefined && draft.externalIds.has(user.externalId))
    return skip(row, 'already exists under another email')
  // Without `created_at` in the row both times are equal, which tells a later merge that it is missing.
  const made = newUserRow(ctx, { ...user, createdAt: user.createdAt ?? user.importedAt })
  const { id, email } = made
  draft.rows.set(id, made)
  draft.accounts.set(email, toAccount(made))
  addNames(draft, row, made)
  const about = { warnings: [...row.warnings, ...warnings], leftBehind: row.leftBehind }
  return { row: row.row, status: 'imported', id, email, reason: null, ...about }
}

function planMerge(draft: Draft, row: FoundRow, account: Account): RowOutcome {
  const { id, email } = account
  // No warning about a username that is not needed.
  const needed = account.username === null ? row.user : { ...row.user, username: null }
  const { user, warnings } = resolveNames(draft, { ...row, user: needed })
  const mismatch = findMismatch(draft, account, user)
  if (mismatch !== null) return skip(row, mismatch)
  const values = fillOf(account, user, row)
  const losses = lossesOf(account, user, values)
  if (Object.keys(values).length === 0) return skip(row, losses[0] ?? 'already exists')
  draft.accounts.set(email, { ...account, ...values })
  addNames(draft, row, { email, username: values.username ?? null, externalId: values.externalId ?? null })
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
 * Removes an invalid or taken username, and an external id of another system's user: the account is imported without them. An
 * external id that a user of the same system has stays: the row is of that user, and the caller skips it.
 */
function resolveNames(draft: Draft, { user, system }: FoundRow): { user: NewUser; warnings: readonly string[] } {
  const email = normalizeEmail(user.email)
  const { username, externalId } = user
  const holder = username ? draft.usernames.get(normalizeIdentifier(username)) : undefined
  const isTaken = holder !== undefined && holder !== email
  const nameWarning = !username ? null : !isUsername(username) ? NAME_INVALID : isTaken ? NAME_TAKEN : null
  const other = externalId === undefined ? undefined : draft.externalIds.get(externalId)
  const isOthersId = other !== undefined && other.email !== email && other.system !== system
  const named = nameWarning === null ? user : withoutUsername(user)
  return {
    user: isOthersId ? { ...named, externalId: undefined } : named,
    warnings: [...(nameWarning === null ? [] : [nameWarning]), ...(isOthersId ? [ID_TAKEN] : [])],
  }
}

/** Stores the removed username in `app_metadata.imported`, so that its owner can be informed. */
function withoutUsername({ username, ...user }: NewUser): NewUser {
  const known = user.appMetadata?.imported
  const imported = { ...(known instanceof Object ? known : {}), username }
  return { ...user, appMetadata: { ...user.appMetadata, imported } }
}

function addNames(
  { usernames, externalIds }: Draft,
  { system }: FoundRow,
  { email, username, externalId }: Pick<Account, 'email' | 'username' | 'externalId'>,
): void {
  if (username) usernames.set(normalizeIdentifier(username), email)
  if (externalId) externalIds.set(externalId, { email, system })
}

/** A new account has no second factor and no passkey yet. */
const toAccount = (row: UserRow): Account => ({
  ...row,
  authVersion: 1,
  mfaEnabled: false,
  hasPasskey: false,
  metadataText: null,
  appMetadataText: null,
})

/** Why the row may belong to another person than the account, or null. */
function findMismatch({ externalIds }: Draft, account: Account, { externalId }: NewUser): string | null {
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

/** Whether the user has not changed a factor since the import. Otherwise a merge must not change any. */
const isUntouched = ({ authVersion, mfaEnabled, hasPasskey }: Account): boolean =>
  authVersion === 1 && !mfaEnabled && !hasPasskey

/**
 * The values of the row for empty fields of the account. A password is taken only if the user has not changed a factor since
 * the import. It is not taken from a row with an unproven address for an account with a proven one: a stranger may have signed
 * up with the address in the other system. For the same reason a row proves the address only if it has the same external id or
 * the account has no password.
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

/** Adds values without overwriting any, also within `imported`. */
function join(own: RawRecord, added: RawRecord): Record<string, unknown> {
  const joined = { ...own, ...added, ...own }
  return isRecord(own.imported) && isRecord(added.imported)
    ? { ...joined, imported: { ...own.imported, ...added.imported, ...own.imported } }
    : joined
}

/** Warnings about values of the row that the merge does not use. */
const lossesOf = (account: Account, user: NewUser, values: Partial<Fields>): string[] => [
  ...(user.passwordHash && account.passwordHash === null && !values.passwordHash ? [FACTORS_CHANGED] : []),
  ...(user.status !== 'active' && account.status === 'active' ? [STATUS_KEPT] : []),
]
