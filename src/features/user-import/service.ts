import { type ActorCtx, actorOf } from '../../context.ts'
import { commitAll } from '../../db/commit.ts'
import { utf8 } from '../../lib/encoding.ts'
import { payloadTooLarge } from '../../lib/errors.ts'
import { dearHashesOf, dearHashRows, forgetDearestHash } from '../users/service/dear-hashes.ts'
import { isUsername, type NewUser, newUserRow, normalizeIdentifier } from '../users/service.ts'
import {
  countOutcomes,
  insertUserEvents,
  insertUsers,
  selectKnownEmails,
  selectKnownUsernames,
  toUserList,
} from './store.ts'
import type { ImportRow, RowOutcome } from './types.ts'

/** D1 takes a text of 2 MB. A chunk of 1 MiB becomes longer only where metadata is full of quotes or huge numbers. */
const MAX_LIST_BYTES = 2_000_000

const NOT_OURS = 'username: must have 3 to 50 letters, digits, - or _, and not digits alone: imported without it'
const TAKEN = 'username: is taken: imported without it'

type UserRow = ReturnType<typeof newUserRow>

interface Candidate {
  readonly row: number
  readonly user: NewUser
  readonly warning: string | null
}

/** The name of before is kept for those who want to tell its owner. */
function withoutUsername({ username, ...user }: NewUser): NewUser {
  const known = user.appMetadata?.imported
  const imported = { ...(known instanceof Object ? known : {}), username }
  return { ...user, appMetadata: { ...user.appMetadata, imported } }
}

/**
 * The users of the rows. A username is no reason to lose an account: who has one that is none here, or that somebody has,
 * comes without. One that is taken between this read and the write rejects its row, which can be imported again.
 */
async function settleUsernames(ctx: ActorCtx, input: readonly ImportRow[]): Promise<Candidate[]> {
  const found = input.flatMap((row) => ('user' in row ? [row] : []))
  const keyOf = ({ username }: NewUser) => (username ? normalizeIdentifier(username) : null)
  const keys = found.flatMap(({ user }) => keyOf(user) ?? [])
  const taken = keys.length > 0 ? await selectKnownUsernames(ctx, keys) : new Set<string | null>()
  return found.map(({ row, user }) => {
    const key = keyOf(user)
    if (!user.username || key === null) return { row, user, warning: null }
    const warning = isUsername(user.username) ? (taken.has(key) ? TAKEN : null) : NOT_OURS
    taken.add(key)
    return { row, user: warning === null ? user : withoutUsername(user), warning }
  })
}

/** The audit's row of one user. Delivered already: nobody listens to who has just come, and a hundred thousand objects must not wake. */
const userCreated = (ctx: ActorCtx, { id, email, username, role, status }: UserRow) => ({
  id: ctx.newId(),
  type: 'user.created',
  time: ctx.now(),
  subject: id,
  userId: id,
  actorType: 'user',
  actorId: ctx.actor.id,
  data: { after: { email, username, role, status, imported: true } },
  ip: ctx.ip,
  userAgent: ctx.userAgent,
  deliveredAt: ctx.now(),
})

/** Writes what is free, with its events, in one batch. Returns the ids of who was written. */
async function writeUsers(ctx: ActorCtx, rows: readonly UserRow[], rejected: number): Promise<Set<string>> {
  if (rows.length === 0) return new Set()
  const list = toUserList(rows)
  if (utf8(list).length > MAX_LIST_BYTES) throw payloadTooLarge()
  const events = rows.map((row) => userCreated(ctx, row))
  const dear = dearHashesOf(rows)
  const dearRows = dear.length > 0 ? [dearHashRows(ctx, dear)] : []
  const written = await commitAll(ctx, [insertUsers(ctx, list), ...dearRows, insertUserEvents(ctx, events)], {
    type: 'users.imported',
    subject: ctx.actor.id,
    userId: null,
    actor: actorOf(ctx),
    computedData: countOutcomes(ctx, rows, rejected),
  })
  if (dear.length > 0) forgetDearestHash(ctx)
  return new Set(written.map(({ subject }) => subject))
}

/**
 * Makes accounts of rows, with `user.created` each, recorded and not pushed, and `users.imported` for all. A row whose
 * email has an account is skipped, so a repeat changes nothing. The outcomes have the order of the rows.
 * Throws PAYLOAD_TOO_LARGE.
 */
export async function importUsers(ctx: ActorCtx, input: readonly ImportRow[]): Promise<RowOutcome[]> {
  const settled = await settleUsernames(ctx, input)
  const candidates = settled.map(({ user, ...rest }) => ({ ...rest, user: newUserRow(ctx, user) }))
  const rejected = input.flatMap((row): RowOutcome[] =>
    'user' in row ? [] : [{ ...row, status: 'rejected', id: null, warning: null }],
  )
  const written = await writeUsers(
    ctx,
    candidates.map(({ user }) => user),
    rejected.length,
  )
  const refused = candidates.filter(({ user }) => !written.has(user.id))
  const emails = refused.map(({ user }) => user.email)
  const known = emails.length > 0 ? await selectKnownEmails(ctx, emails) : new Set()
  const outcomes = candidates.map(({ row, user: { id, email }, warning }): RowOutcome => {
    if (written.has(id)) return { row, status: 'imported', id, email, reason: null, warning }
    const none = { id: null, email, warning: null }
    if (known.has(email)) return { row, status: 'skipped', ...none, reason: 'already exists' }
    return { row, status: 'rejected', ...none, reason: 'username: is taken' }
  })
  return [...outcomes, ...rejected].sort((one, other) => one.row - other.row)
}
