import type { Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { isUnderHold } from '../../../db/holds.ts'
import type { UserData } from '../../../db/user-data.ts'
import type { EraseInput } from '../../../durable/rpc.ts'
import { defineError } from '../../../lib/errors.ts'
import type { EventActor } from '../../../lib/event.ts'
import { toIso } from '../../../lib/time.ts'
import { changeUser, endSessionsAfterChange } from '../../users/service/change-user.ts'
import { beginErasure, findUser, userNotFound, userStateConflict } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { eraseRows, graceEnded, selectUsersToErase } from '../store.ts'
import { deleteAccount } from './states.ts'

export const legalHold = defineError('LEGAL_HOLD', 'conflict', 'A legal hold keeps the data of this account')

const USERS_PER_RUN = 50
const USERS_AT_ONCE = 5

const CRON: EventActor = { type: 'system', id: 'erasure' }

export interface Erasure {
  /** Whether nothing is left. If not, the deletion is still being delivered, and cron continues afterwards. */
  readonly erased: boolean
  /** Every isolate refuses the user's tokens within 5 seconds. */
  readonly propagated: boolean
}

interface ErasureInput {
  readonly userId: string
  readonly actor: EventActor
  /** What all features hold of a user: passed in, because features above this one hold data, too. */
  readonly userData: readonly UserData[]
}

/**
 * Erases a user without waiting for the end of the grace period, and deletes the account first if necessary. It cannot be
 * undone. Callers check permission. Throws NOT_FOUND, LAST_ADMIN, LEGAL_HOLD.
 */
export async function eraseUser(ctx: Ctx, { userId, actor, userData }: ErasureInput): Promise<Erasure> {
  const before = await findUser(ctx, userId)
  if (!before) throw userNotFound()
  if (before.erasingSince === null && (await isUnderHold(ctx, userId))) throw legalHold()
  const deletion =
    before.status === 'deleted'
      ? { user: before, propagated: true }
      : await deleteAccount(ctx, { userId, actor, isErased: true })
  await endGracePeriod(ctx, deletion.user, actor)
  const user = await findUser(ctx, userId)
  // Cron has erased the user meanwhile, or somebody has restored the account.
  if (!user) return { erased: true, propagated: true }
  if (user.status !== 'deleted') throw userStateConflict({ status: user.status, allowed: ['deleted'] })
  const erasure = await continueErasure(ctx, user, { actor, userData })
  // A hold was placed meanwhile: the account is deleted, and its erasure waits.
  if (!erasure) throw legalHold()
  const { erased, propagated } = erasure
  return { erased, propagated: erased || (deletion.propagated && propagated) }
}

/** Recorded as an event, because cron may do the erasure itself later. */
async function endGracePeriod(ctx: Ctx, { id: userId, eraseAt }: User, actor: EventActor): Promise<void> {
  await changeUser(ctx, {
    userId,
    ...graceEnded(ctx),
    actor,
    events: [
      {
        type: 'user.updated',
        data: {
          before: { erase_at: eraseAt === null ? null : toIso(eraseAt) },
          after: { erase_at: toIso(ctx.now()) },
        },
      },
    ],
  })
}

/** Continues the erasure of every deleted user whose grace period has ended, a limited number in each run. */
export async function eraseDeletedUsers(ctx: Ctx, userData: readonly UserData[]): Promise<void> {
  const due = await selectUsersToErase(ctx, USERS_PER_RUN)
  for (let start = 0; start < due.length; start += USERS_AT_ONCE) {
    await Promise.all(due.slice(start, start + USERS_AT_ONCE).map((user) => eraseOne(ctx, user, userData)))
  }
}

async function eraseOne(ctx: Ctx, user: User, userData: readonly UserData[]): Promise<void> {
  try {
    await continueErasure(ctx, user, { actor: CRON, userData })
  } catch (cause) {
    ctx.log.error('user_not_erased', cause, { user_id: user.id })
  }
}

/**
 * Each step may be repeated, and begins only once the one before it is done: the erasure begins; sessions end; the object delivers its events
 * and forgets the user; large tables are erased in parts; then one batch erases the rest, and the row last, because cron
 * finds unfinished erasures by it. Null when a legal hold came first.
 */
async function continueErasure(
  ctx: Ctx,
  user: User,
  { actor, userData }: Pick<ErasureInput, 'actor' | 'userData'>,
): Promise<Erasure | null> {
  const { id: userId } = user
  if (!(await beginErasure(ctx, userId)))
    return (await findUser(ctx, userId)) ? null : { erased: true, propagated: true }
  // Above the row's version, so that every session ends and none can be opened.
  const authVersion = user.authVersion + 1
  const sessions = { userId, except: null, reason: 'deleted', actor, authVersion } as const
  const { propagated } = await endSessionsAfterChange(ctx, sessions)
  if (!(await eraseObject(ctx, { userId, authVersion }))) return { erased: false, propagated }
  if (!(await eraseParts(ctx, userId, userData))) return { erased: false, propagated }
  const rows = await commitAll(ctx, eraseRows(ctx, user, userData), {
    type: 'user.erased',
    subject: userId,
    // For the platform's log only: the user's own log no longer exists.
    userId: null,
    actor,
  })
  return { erased: rows.length > 0 || (await findUser(ctx, userId)) === undefined, propagated }
}

/** Erases what is too much for one batch. False while there is more, or a store does not answer: cron goes on. */
async function eraseParts(ctx: Ctx, userId: string, userData: readonly UserData[]): Promise<boolean> {
  try {
    for (const { prepare } of userData) if (prepare && !(await prepare(ctx, userId))) return false
    return true
  } catch (cause) {
    ctx.log.error('parts_not_erased', cause, { user_id: userId })
    return false
  }
}

/** False while the object has events to deliver, or does not answer. */
async function eraseObject(ctx: Ctx, input: EraseInput): Promise<boolean> {
  const { userId } = input
  try {
    const result = await ctx.objects.user(userId).erase(input)
    if (result.outcome === 'not_yet') {
      ctx.log.info('erasure_waits', { user_id: userId, reason: result.reason })
      return false
    }
    await ctx.objects.guard(userId).forget({ account: userId })
    return true
  } catch (cause) {
    ctx.log.error('object_not_erased', cause, { user_id: userId })
    return false
  }
}
