import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import type { EventActor } from '../../../lib/event.ts'
import { toIsoOrNull } from '../../../lib/time.ts'
import { liftSecondFactorLock } from '../../factors/totp/service/codes.ts'
import { revokeAllSessions as revokeSessionsOf } from '../../sessions/service.ts'
import { findAttempts } from '../../sign-in/service/attempts.ts'
import { liftAttemptLocks } from '../../sign-in/service/lock.ts'
import { changeUserRole, changeUserState, ensureUserState, type StateChange } from '../../users/service/state.ts'
import { getUser } from '../../users/service/users.ts'
import type { ChangedUser, User, UserRef } from '../../users/types.ts'

/** As `changeUserState`, by an admin; an unlock lifts every lock. */
export async function changeState(
  ctx: AdminCtx,
  { ref, change, reason }: { ref: UserRef; change: StateChange; reason: string | null },
): Promise<ChangedUser> {
  const { id: userId } = await getUser(ctx, ref)
  const actor = actorOf(ctx)
  if (change === 'unlock') return unlockUser(ctx, { userId, actor, reason })
  return changeUserState(ctx, { userId, change, actor, reason })
}

/** As `changeUserRole`, by an admin. */
export async function changeRole(ctx: AdminCtx, { ref, role }: { ref: UserRef; role: string }): Promise<ChangedUser> {
  const { id: userId } = await getUser(ctx, ref)
  return changeUserRole(ctx, { userId, role, actor: actorOf(ctx) })
}

/**
 * Lifts whatever keeps a user from signing in: the administrative lock, attempt locks, the lock of the second factor. Where
 * there is none of them nothing changes. Throws NOT_FOUND, and SERVICE_UNAVAILABLE when the sign-in guard does not answer:
 * the administrative lock is lifted then, and a repeat lifts the rest.
 */
async function unlockUser(
  ctx: Ctx,
  { userId, actor, reason }: { userId: string; actor: EventActor; reason: string | null },
): Promise<ChangedUser> {
  const isUnlocked = ({ status }: User) => status !== 'locked'
  const changed = await ensureUserState(ctx, { userId, change: 'unlock', actor, reason }, isUnlocked)
  const { failedAttempts, lockedUntil } = await findAttempts(ctx, userId)
  await liftAttemptLocks(ctx, userId)
  await liftSecondFactorLock(ctx, userId)
  const before = { failed_login_attempts: failedAttempts, locked_until: toIsoOrNull(lockedUntil) }
  await record(ctx, {
    type: 'security.sign_in_unlocked',
    subject: userId,
    userId,
    actor,
    data: { before, after: { failed_login_attempts: 0, locked_until: null } },
  })
  return changed
}

/** Ends every session of a user; the events name the admin. Throws NOT_FOUND. */
export async function revokeAllSessions(ctx: AdminCtx, ref: UserRef) {
  const { id: userId } = await getUser(ctx, ref)
  return revokeSessionsOf(ctx, userId)
}
