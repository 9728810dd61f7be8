import type { ActorCtx } from '../../context.ts'
import { commitAll } from '../../db/commit.ts'
import { utf8 } from '../../lib/encoding.ts'
import { payloadTooLarge } from '../../lib/errors.ts'
import { newUserRow } from '../users/service.ts'
import { countOutcomes, insertUserEvents, insertUsers, selectKnownEmails, toUserList } from './store.ts'
import type { ImportRow, RowOutcome } from './types.ts'

/** D1 takes a text of 2 MB. A chunk of 1 MiB becomes longer only where metadata is full of quotes or huge numbers. */
const MAX_LIST_BYTES = 2_000_000

type UserRow = ReturnType<typeof newUserRow>

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
  const written = await commitAll(ctx, [insertUsers(ctx, list), insertUserEvents(ctx, events)], {
    type: 'users.imported',
    subject: ctx.actor.id,
    userId: null,
    actor: { type: 'user', id: ctx.actor.id },
    computedData: countOutcomes(rows, rejected),
  })
  return new Set(written.map(({ subject }) => subject))
}

/**
 * Makes accounts of rows, with `user.created` each, recorded and not pushed, and `users.imported` for all. A row whose
 * email has an account is skipped, so a repeat changes nothing; one whose username is taken is rejected. The outcomes
 * have the order of the rows. Throws PAYLOAD_TOO_LARGE.
 */
export async function importUsers(ctx: ActorCtx, input: readonly ImportRow[]): Promise<RowOutcome[]> {
  const candidates = input.flatMap((row) => ('user' in row ? [{ row: row.row, user: newUserRow(ctx, row.user) }] : []))
  const rejected = input.flatMap((row): RowOutcome[] =>
    'user' in row ? [] : [{ row: row.row, status: 'rejected', id: null, email: row.email, reason: row.reason }],
  )
  const written = await writeUsers(
    ctx,
    candidates.map(({ user }) => user),
    rejected.length,
  )
  const refused = candidates.filter(({ user }) => !written.has(user.id))
  const known =
    refused.length > 0
      ? await selectKnownEmails(
          ctx,
          refused.map(({ user }) => user.email),
        )
      : new Set()
  const outcomes = candidates.map(({ row, user: { id, email } }): RowOutcome => {
    if (written.has(id)) return { row, status: 'imported', id, email, reason: null }
    if (known.has(email)) return { row, status: 'skipped', id: null, email, reason: 'already exists' }
    return { row, status: 'rejected', id: null, email, reason: 'username: is taken' }
  })
  return [...outcomes, ...rejected].sort((one, other) => one.row - other.row)
}
