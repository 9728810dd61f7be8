import type { ActorCtx } from '../../../context.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { mfaAlreadyEnabled, mfaNotEnabled } from '../../factors/totp/errors.ts'
import { countUnused, listBackupCodesOf, replaceBackupCodes } from '../../factors/totp/service/backup-codes.ts'
import { useCode } from '../../factors/totp/service/codes.ts'
import {
  disableTotp,
  type EnabledFactor,
  enableTotp,
  findOrMakeEnrolment,
  makeEnrolment,
} from '../../factors/totp/service/enrolment.ts'
import { findSecondFactorStatus } from '../../factors/totp/service/status.ts'
import type {
  BackupCode,
  Enrolment,
  PendingEnrolment,
  SecondFactor,
  SecondFactorStatus,
} from '../../factors/totp/types.ts'
import { getBindingUser } from '../../sign-in/service/current.ts'
import type { SignedIn } from '../../sign-in/service/sign-in.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { getCurrentUser } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'

/** Throws MFA_NOT_ENABLED. */
async function getUserWithSecondFactor(ctx: ActorCtx): Promise<User> {
  const user = await getCurrentUser(ctx)
  if (!user.mfaEnabled) throw mfaNotEnabled()
  return user
}

/** What prints the second factor leaves none that is on: MFA_ALREADY_ENABLED. Throws EMAIL_NOT_VERIFIED too. */
async function getEnrollingUser(ctx: ActorCtx): Promise<User> {
  const user = await getBindingUser(ctx)
  if (user.mfaEnabled) throw mfaAlreadyEnabled()
  return user
}

/**
 * Begins with TOTP, as `makeEnrolment` does. Throws MFA_ALREADY_ENABLED, EMAIL_NOT_VERIFIED, and what `requireFreshFactor`
 * throws: a stolen token must not lock its owner out.
 */
export async function startEnrolment(ctx: ActorCtx, given: GivenFactors): Promise<Enrolment> {
  const user = await getEnrollingUser(ctx)
  await requireFreshFactor(ctx, given)
  return makeEnrolment(ctx, user)
}

/**
 * The pending secret, as `findOrMakeEnrolment` finds it. Throws MFA_NOT_STARTED and what `startEnrolment` throws: a stolen
 * token must not enrol its thief.
 */
export async function showPendingEnrolment(ctx: ActorCtx): Promise<PendingEnrolment> {
  const user = await getEnrollingUser(ctx)
  await requireFreshFactor(ctx)
  return findOrMakeEnrolment(ctx, user)
}

/** The first code turns the second factor on. Throws EMAIL_NOT_VERIFIED and what `enableTotp` throws. */
export const confirmEnrolment = async (ctx: ActorCtx, typed: string): Promise<EnabledFactor> =>
  enableTotp(ctx, await getBindingUser(ctx), typed)

/**
 * As `confirmEnrolment`, for clients that go on with the tokens of the answer. Throws SERVICE_UNAVAILABLE when the session
 * could not be raised: the second factor is on.
 */
export async function confirmAndStepUp(ctx: ActorCtx, typed: string): Promise<SignedIn> {
  const { raised } = await confirmEnrolment(ctx, typed)
  if (!raised) throw serviceUnavailable()
  return { outcome: 'signed_in', user: await getCurrentUser(ctx), opened: raised }
}

/** Throws MFA_NOT_ENABLED, and what `requireFreshFactor` throws. */
export async function disableSecondFactor(ctx: ActorCtx, given: GivenFactors): Promise<{ propagated: boolean }> {
  const user = await getUserWithSecondFactor(ctx)
  await requireFreshFactor(ctx, given)
  return disableTotp(ctx, user)
}

/** Ten new codes; the old ones are void. Throws MFA_NOT_ENABLED, and what `requireFreshFactor` throws. */
export async function regenerateBackupCodes(
  ctx: ActorCtx,
  given: GivenFactors,
): Promise<{ codes: readonly string[]; generatedAt: number }> {
  const user = await getUserWithSecondFactor(ctx)
  await requireFreshFactor(ctx, given)
  return replaceBackupCodes(ctx, user)
}

/** The caller's codes without themselves; none while the second factor is off. */
export async function listBackupCodes(ctx: ActorCtx): Promise<BackupCode[]> {
  const { id, mfaEnabled } = await getCurrentUser(ctx)
  return mfaEnabled ? listBackupCodesOf(ctx, id) : []
}

export const getSecondFactorStatus = async (ctx: ActorCtx): Promise<SecondFactorStatus> =>
  findSecondFactorStatus(ctx, await getCurrentUser(ctx))

/** Whether the caller's code is right; it is used up. Wrong ones are counted. Throws MFA_NOT_ENABLED, SECOND_FACTOR_LOCKED. */
export async function checkOwnCode(ctx: ActorCtx, code: string): Promise<boolean> {
  const { id } = await getUserWithSecondFactor(ctx)
  return (await useCode(ctx, id, code)) !== null
}

const BACKUP_CODE_ONLY: readonly SecondFactor[] = ['backup_code']

/** As `checkOwnCode` for a backup code alone, with how many are left. */
export async function checkOwnBackupCode(ctx: ActorCtx, code: string): Promise<{ valid: boolean; remaining: number }> {
  const { id } = await getUserWithSecondFactor(ctx)
  const valid = (await useCode(ctx, id, code, BACKUP_CODE_ONLY)) !== null
  return { valid, remaining: countUnused(await listBackupCodesOf(ctx, id)) }
}
