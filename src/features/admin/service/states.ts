import { type AdminCtx, actorOf, type Ctx } from '../../../context.ts'
import { record } from '../../../db/commit.ts'
import type { EventActor } from '../../../lib/event.ts'
import { toIsoOrNull } from '../../../lib/time.ts'
import { changeAccountRole } from '../../account/service/states.ts'
import { changeStateOf } from '../../account/service/users.ts'
import { removePasskeysOf } from '../../factors/passkeys/service/manage.ts'
import { liftSecondFactorLock } from '../../factors/totp/service/codes.ts'
import { disableSecondFactorOf } from '../../factors/totp/service/enrolment.ts'
import { revokeAllSessions as revokeSessionsOf } from '../../sessions/service/ending.ts'
import { findAttempts } from '../../sign-in/service/attempts.ts'
import { liftAttemptLocks } from '../../sign-in/service/lock.ts'
import { requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { ensureUserState, type StateChange } from '../../users/service/state.ts'
import { getPresentUser, getUser } from '../../users/service/users.ts'
import type { ChangedUser, User, UserRef } from '../../users/types.ts'

/** As `changeStateOf`; an unlock lifts every lock. */
export async function changeState(
  ctx: AdminCtx,
  { ref, change, reason }: { ref: UserRef; change: StateChange; reason: string | null },
): Promise<ChangedUser> {
  if (change !== 'unlock') return changeStateOf(ctx, { ref, change, reason })
  const { id: userId } = await getUser(ctx, ref)
  return unlockUser(ctx, { userId, actor: actorOf(ctx), reason })
}

/** As `changeAccountRole`, for an admin. */
export async function changeRole(ctx: AdminCtx, { ref, role }: { ref: UserRef; role: string }): Promise<ChangedUser> {
  const { id: userId } = await getUser(ctx, ref)
  return changeAccountRole(ctx, { userId, role, actor: actorOf(ctx) })
}

/**
 * Lifts the administrative lock, the locks after failed attempts, and the lock of the second factor, as far as they exist.
 * Throws NOT_FOUND, and SERVICE_UNAVAILABLE when the sign-in guard does not answer: the administrative lock is lifted by then,
 * and a repeat lifts the rest.
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

/** Ends every session of a user. Throws NOT_FOUND. */
export async function revokeAllSessions(ctx: AdminCtx, ref: UserRef, note: string | null) {
  const { id: userId } = await getUser(ctx, ref)
  return revokeSessionsOf(ctx, userId, note)
}

/** The user whose factors are removed. An admin who removes their own factors must have proved one recently, as on the user routes. Throws NOT_FOUND. */
async function getTarget(ctx: AdminCtx, ref: UserRef): Promise<User> {
  const user = await getPresentUser(ctx, ref)
  return user.id === ctx.actor.id ? requireFreshFactor(ctx) : user
}

/**
 * Turns off the second factor of a user who has lost it and was identified by other means. Every session ends, because a lost
 * device may hold one. Throws NOT_FOUND, MFA_NOT_ENABLED, and STEP_UP_REQUIRED for the admin's own account.
 */
export async function removeSecondFactor(
  ctx: AdminCtx,
  ref: UserRef,
  reason: string | null,
): Promise<{ propagated: boolean }> {
  return disableSecondFactorOf(ctx, { user: await getTarget(ctx, ref), actor: actorOf(ctx), reason })
}

/** As `removeSecondFactor`, for one passkey or for all. Throws NOT_FOUND, PASSKEY_NOT_FOUND. */
export async function removePasskeys(
  ctx: AdminCtx,
  ref: UserRef,
  given: { passkeyId: string | null; reason: string | null },
): Promise<{ removed: number; propagated: boolean }> {
  return removePasskeysOf(ctx, { user: await getTarget(ctx, ref), actor: actorOf(ctx), ...given })
}
