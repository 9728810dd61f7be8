import type { Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import type { EraseInput } from '../../../durable/rpc.ts'
import type { EventActor } from '../../../lib/event.ts'
import { toIso } from '../../../lib/time.ts'
import { changeUser, endSessionsAfterChange } from '../../users/service/change-user.ts'
import { changeUserState } from '../../users/service/state.ts'
import { findUser, userNotFound, userStateConflict } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { deleteUser, graceEnded, scrubEvents, selectUsersToErase } from '../store.ts'

const USERS_PER_RUN = 50
const USERS_AT_ONCE = 5
const EVENTS_PER_STATEMENT = 500
const STATEMENTS_PER_RUN = 40

const CRON: EventActor = { type: 'system', id: 'erasure' }

export interface Erasure {
  /** Nothing is left. Otherwise somebody has yet to be told of the deletion, and cron goes on once they were. */
  readonly erased: boolean
  /** Every isolate refuses the user's tokens within 5 seconds. */
  readonly propagated: boolean
}

/**
 * Erases a user without waiting for the end of the grace period; one that is not deleted is deleted first. There is no way
 * back from it. Throws NOT_FOUND, LAST_ADMIN. Who may do it is for the caller to say.
 */
export async function eraseUser(ctx: Ctx, { userId, actor }: { userId: string; actor: EventActor }): Promise<Erasure> {
  const before = await findUser(ctx, userId)
  if (!before) throw userNotFound()
  const deletion =
    before.status === 'deleted'
      ? { user: before, propagated: true }
      : await changeUserState(ctx, { userId, change: 'delete', actor, isErased: true })
  await endGracePeriod(ctx, deletion.user, actor)
  const user = await findUser(ctx, userId)
  // Cron was faster, or somebody restored the account in between.
  if (!user) return { erased: true, propagated: true }
  if (user.status !== 'deleted') throw userStateConflict({ status: user.status, allowed: ['deleted'] })
  const { erased, propagated } = await goOn(ctx, user, actor)
  return { erased, propagated: erased || (deletion.propagated && propagated) }
}

/** Recorded, for the erasure itself may come later and by cron. */
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

/** Goes on with the erasure of every deleted user whose time has come, a bounded number a run. */
export async function eraseDeletedUsers(ctx: Ctx): Promise<void> {
  const due = await selectUsersToErase(ctx, USERS_PER_RUN)
  for (let start = 0; start < due.length; start += USERS_AT_ONCE) {
    await Promise.all(due.slice(start, start + USERS_AT_ONCE).map((user) => eraseOne(ctx, user)))
  }
}

async function eraseOne(ctx: Ctx, user: User): Promise<void> {
  try {
    await goOn(ctx, user, CRON)
  } catch (cause) {
    ctx.log.error('user_not_erased', cause, { user_id: user.id })
  }
}

/**
 * Every step may be repeated, and none is begun before the one above it is done: sessions end, the object has told
 * everybody and forgets, the record forgets the person, and the row goes last, for it is what cron goes on by.
 */
async function goOn(ctx: Ctx, user: User, actor: EventActor): Promise<Erasure> {
  const { id: userId } = user
  // Above the row's own: no session of it lives on, and none is opened any more.
  const authVersion = user.authVersion + 1
  const sessions = { userId, except: null, reason: 'deleted', actor, authVersion } as const
  const { propagated } = await endSessionsAfterChange(ctx, sessions)
  if (!(await eraseObject(ctx, { userId, authVersion }))) return { erased: false, propagated }
  if (!(await scrubRecord(ctx, userId))) return { erased: false, propagated }
  const rows = await commitAll(ctx, deleteUser(ctx, user), {
    type: 'user.erased',
    subject: userId,
    // The platform's log alone has it: the user's own is gone.
    userId: null,
    actor,
  })
  return { erased: rows.length > 0 || (await findUser(ctx, userId)) === undefined, propagated }
}

/** False while the object has something to deliver, or does not answer. */
async function eraseObject(ctx: Ctx, input: EraseInput): Promise<boolean> {
  const { userId } = input
  try {
    const result = await ctx.objects.user(userId).erase(input)
    if (result.outcome === 'not_yet') ctx.log.info('erasure_waits', { user_id: userId, reason: result.reason })
    return result.outcome === 'erased'
  } catch (cause) {
    ctx.log.error('object_not_erased', cause, { user_id: userId })
    return false
  }
}

/** False when the record has more of the user than one run should write. */
async function scrubRecord(ctx: Ctx, userId: string): Promise<boolean> {
  let after: number | null = 0
  for (let run = 0; run < STATEMENTS_PER_RUN && after !== null; run += 1) {
    after = await scrubEvents(ctx, { userId, after, limit: EVENTS_PER_STATEMENT })
  }
  return after === null
}
