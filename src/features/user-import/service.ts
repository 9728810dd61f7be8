import { type AdminCtx, actorOf } from '../../context.ts'
import { commitAll } from '../../db/commit.ts'
import { utf8 } from '../../lib/encoding.ts'
import { payloadTooLarge } from '../../lib/errors.ts'
import type { EventName } from '../../lib/event.ts'
import { costlyHashesOf, costlyHashRows, forgetCostliestHash } from '../factors/password/service/costly-hashes.ts'
import { type Fill, planImport } from './plan.ts'
import {
  countOutcomes,
  fillListed,
  insertListed,
  insertUserEvents,
  selectKnown,
  toColumns,
  toFillList,
  toUserList,
  type UserRow,
} from './store.ts'
import type { ImportMode, ImportRow, RowOutcome } from './types.ts'

/** D1 accepts text of up to 2 MB. A chunk of 1 MiB exceeds that only if its metadata is full of quotes or huge numbers. */
const MAX_LIST_BYTES = 2_000_000

/** Marked as delivered: imported users have no listeners, and an import must not wake a hundred thousand objects. */
const auditEvent = (ctx: AdminCtx, type: EventName, userId: string, data: Record<string, unknown>) => ({
  id: ctx.newId(),
  type,
  time: ctx.now(),
  subject: userId,
  userId,
  actorType: 'user',
  actorId: ctx.actor.id,
  data,
  ip: ctx.ip,
  userAgent: ctx.userAgent,
  deliveredAt: ctx.now(),
})

const userCreated = (ctx: AdminCtx, { id, email, username, role, status }: UserRow) =>
  auditEvent(ctx, 'user.created', id, { after: { email, username, role, status, imported: true } })

/** The event has the values of text fields only; for a hash, times and metadata it has just the name. */
const userFilled = (ctx: AdminCtx, { id, values }: Fill) => {
  const filled = toColumns(values)
  const after = Object.fromEntries(
    Object.entries(filled).filter(([name, value]) => typeof value === 'string' && name !== 'password_hash'),
  )
  const before = Object.fromEntries(Object.keys(after).map((name) => [name, null]))
  return auditEvent(ctx, 'user.updated', id, { before, after, filled: Object.keys(filled) })
}

const hashOfFill = ({ id, values }: Fill) => ({ id, passwordHash: values.passwordHash ?? null })

interface Changes {
  readonly rows: readonly UserRow[]
  readonly fills: readonly Fill[]
}

/** Inserts users, fills empty fields and writes the events in one batch. Returns the ids of the users that were written. */
async function write(
  ctx: AdminCtx,
  { rows, fills }: Changes,
  counts: Parameters<typeof countOutcomes>[2],
): Promise<ReadonlySet<string>> {
  if (rows.length === 0 && fills.length === 0) return new Set()
  const [users, filled] = [toUserList(rows), toFillList(fills)]
  if (utf8(users).length > MAX_LIST_BYTES || utf8(filled).length > MAX_LIST_BYTES) throw payloadTooLarge()
  const events = [...rows.map((row) => userCreated(ctx, row)), ...fills.map((fill) => userFilled(ctx, fill))]
  const costly = costlyHashesOf([...rows, ...fills.map(hashOfFill)])
  const written = await commitAll(
    ctx,
    [
      insertListed(ctx, users),
      ...(fills.length > 0 ? [fillListed(ctx, filled)] : []),
      ...(costly.length > 0 ? [costlyHashRows(ctx, costly)] : []),
      insertUserEvents(ctx, events),
    ],
    {
      type: 'users.imported',
      subject: ctx.actor.id,
      userId: null,
      actor: actorOf(ctx),
      computedData: countOutcomes(ctx, rows, counts),
    },
  )
  if (costly.length > 0) forgetCostliestHash(ctx)
  return new Set(written.map(({ subject }) => subject))
}

/**
 * Creates an account for each row. Records `user.created` for each, without delivering it, and one `users.imported`. A row whose
 * email has an account is skipped, so a repeat changes nothing; with `merge` it fills empty fields of an imported account and
 * overwrites nothing. The outcomes have the order of the rows. Throws PAYLOAD_TOO_LARGE.
 */
export async function importUsers(ctx: AdminCtx, input: readonly ImportRow[], mode: ImportMode): Promise<RowOutcome[]> {
  const found = input.flatMap((row) => ('user' in row ? [row] : []))
  const rejected = input.flatMap((row): RowOutcome[] =>
    'user' in row ? [] : [{ ...row, status: 'rejected', id: null, warnings: [], leftBehind: [] }],
  )
  const { rows, fills, outcomes } = planImport(ctx, found, await selectKnown(ctx, found), mode)
  const planned = (status: RowOutcome['status']) => outcomes.filter((outcome) => outcome.status === status).length
  const counts = {
    skipped: planned('skipped'),
    rejected: rejected.length,
    ...(mode.merge ? { merged: planned('merged') } : {}),
  }
  const done = mode.dryRun
    ? outcomes
    : await correctOutcomes(ctx, outcomes, rows, await write(ctx, { rows, fills }, counts))
  return [...done, ...rejected].sort((one, other) => one.row - other.row)
}

/** Corrects the outcomes of rows whose email, external id or username was taken between the plan and the write. */
async function correctOutcomes(
  ctx: AdminCtx,
  outcomes: readonly RowOutcome[],
  rows: readonly UserRow[],
  written: ReadonlySet<string>,
): Promise<readonly RowOutcome[]> {
  const refused = new Set(rows.flatMap(({ id }) => (written.has(id) ? [] : [id])))
  if (refused.size === 0) return outcomes
  const lost = rows
    .filter(({ id }) => refused.has(id))
    .map((user) => ({ user: { ...user, externalId: user.externalId ?? undefined } }))
  const known = await selectKnown(ctx, lost)
  const ids = new Set(
    lost.flatMap(({ user }) =>
      known.accounts.has(user.email) || known.reserved.has(user.email) || known.externalIds.has(user.externalId ?? '')
        ? [user.id]
        : [],
    ),
  )
  return outcomes.map((outcome): RowOutcome => {
    if (outcome.id === null || !refused.has(outcome.id)) return outcome
    const none = { ...outcome, id: null, warnings: [], leftBehind: [] }
    return ids.has(outcome.id)
      ? { ...none, status: 'skipped', reason: 'already exists' }
      : { ...none, status: 'rejected', reason: 'username: is taken' }
  })
}
