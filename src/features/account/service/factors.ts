import type { PublicKeyCredentialCreationOptionsJSON } from '@simplewebauthn/server'
import type { ActorCtx } from '../../../context.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { deleteOwnPasskey } from '../../factors/passkeys/service/manage.ts'
import {
  addPasskey,
  makeRegistrationOptions,
  type RegistrationRequest,
} from '../../factors/passkeys/service/register.ts'
import type { Passkey, RegistrationCredential } from '../../factors/passkeys/types.ts'
import { mfaAlreadyEnabled, mfaNotEnabled } from '../../factors/totp/errors.ts'
import {
  countUnused,
  insertFirstBackupCodes,
  listBackupCodesOf,
  replaceBackupCodes,
} from '../../factors/totp/service/backup-codes.ts'
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
import { getBindingUser, requireBindable } from '../../sign-in/service/current.ts'
import type { SignedIn } from '../../sign-in/service/sign-in.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { getCurrentUser } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'

/** The caller, whose second factor is on. Throws MFA_NOT_ENABLED. */
async function getUserWithSecondFactor(ctx: ActorCtx): Promise<User> {
  const user = await getCurrentUser(ctx)
  if (!user.mfaEnabled) throw mfaNotEnabled()
  return user
}

/** The caller, whose second factor is off. Throws MFA_ALREADY_ENABLED, EMAIL_NOT_VERIFIED. */
async function getEnrollingUser(ctx: ActorCtx): Promise<User> {
  const user = await getBindingUser(ctx)
  if (user.mfaEnabled) throw mfaAlreadyEnabled()
  return user
}

/**
 * Begins to enrol TOTP, as `makeEnrolment` does. Requires a fresh factor, so that a stolen token cannot lock the owner out.
 * Throws MFA_ALREADY_ENABLED, EMAIL_NOT_VERIFIED, and what `requireFreshFactor` throws.
 */
export async function startEnrolment(ctx: ActorCtx, given: GivenFactors): Promise<Enrolment> {
  const user = await getEnrollingUser(ctx)
  await requireFreshFactor(ctx, given)
  return makeEnrolment(ctx, user)
}

/**
 * The pending secret, as `findOrMakeEnrolment` finds it. Requires a fresh factor, so that a stolen token cannot enrol an
 * attacker's device. Throws MFA_NOT_STARTED and what `startEnrolment` throws.
 */
export async function showPendingEnrolment(ctx: ActorCtx): Promise<PendingEnrolment> {
  const user = await getEnrollingUser(ctx)
  await requireFreshFactor(ctx)
  return findOrMakeEnrolment(ctx, user)
}

/** Turns the second factor on with the first code. Throws EMAIL_NOT_VERIFIED and what `enableTotp` throws. */
export const confirmEnrolment = async (ctx: ActorCtx, typed: string): Promise<EnabledFactor> =>
  enableTotp(ctx, await getBindingUser(ctx), typed)

/**
 * As `confirmEnrolment`, for clients that continue with the tokens of the answer. Throws SERVICE_UNAVAILABLE when the session
 * could not be stepped up; the second factor is on by then.
 */
export async function confirmAndStepUp(ctx: ActorCtx, typed: string): Promise<SignedIn> {
  const { steppedUp } = await confirmEnrolment(ctx, typed)
  if (!steppedUp) throw serviceUnavailable()
  return { outcome: 'signed_in', user: await getCurrentUser(ctx), opened: steppedUp }
}

/** Turns the second factor off. Throws MFA_NOT_ENABLED, and what `requireFreshFactor` throws. */
export async function disableSecondFactor(ctx: ActorCtx, given: GivenFactors): Promise<{ propagated: boolean }> {
  const user = await getUserWithSecondFactor(ctx)
  await requireFreshFactor(ctx, given)
  return disableTotp(ctx, user)
}

/**
 * Replaces the backup codes by ten new ones; those that `present` names, or whichever there are. Throws MFA_NOT_ENABLED, what
 * `replaceBackupCodes` throws, and what `requireFreshFactor` throws.
 */
export async function regenerateBackupCodes(
  ctx: ActorCtx,
  given: GivenFactors,
  present?: string | null,
): Promise<{ codes: readonly string[]; generatedAt: number }> {
  const user = await getUserWithSecondFactor(ctx)
  await requireFreshFactor(ctx, given)
  return replaceBackupCodes(ctx, user, present)
}

/** Ten backup codes for the caller, whose second factor was just turned on; none where there are some. */
export const makeFirstBackupCodes = (ctx: ActorCtx): Promise<readonly string[]> =>
  insertFirstBackupCodes(ctx, ctx.actor.id)

/** The caller's backup codes, without the secrets; none while the second factor is off. */
export async function listBackupCodes(ctx: ActorCtx): Promise<BackupCode[]> {
  const { id, mfaEnabled } = await getCurrentUser(ctx)
  return mfaEnabled ? listBackupCodesOf(ctx, id) : []
}

export const getSecondFactorStatus = async (ctx: ActorCtx): Promise<SecondFactorStatus> =>
  findSecondFactorStatus(ctx, await getCurrentUser(ctx))

/** Checks a code of the caller: a right one is used up, a wrong one is counted. Throws MFA_NOT_ENABLED, SECOND_FACTOR_LOCKED. */
export async function checkOwnCode(ctx: ActorCtx, code: string): Promise<boolean> {
  const { id } = await getUserWithSecondFactor(ctx)
  return (await useCode(ctx, id, code)) !== null
}

const BACKUP_CODE_ONLY: readonly SecondFactor[] = ['backup_code']

/** As `checkOwnCode`, but only for backup codes, and with the number of unused ones. */
export async function checkOwnBackupCode(ctx: ActorCtx, code: string): Promise<{ valid: boolean; remaining: number }> {
  const { id } = await getUserWithSecondFactor(ctx)
  const valid = (await useCode(ctx, id, code, BACKUP_CODE_ONLY)) !== null
  return { valid, remaining: countUnused(await listBackupCodesOf(ctx, id)) }
}

/** Begins to add a passkey, as `makeRegistrationOptions` does. Throws EMAIL_NOT_VERIFIED, and what `requireFreshFactor` throws. */
export async function beginRegistration(
  ctx: ActorCtx,
  { attachment, name, ...given }: RegistrationRequest & GivenFactors,
): Promise<PublicKeyCredentialCreationOptionsJSON> {
  const user = await requireFreshFactor(ctx, given)
  await requireBindable(ctx, user)
  return makeRegistrationOptions(ctx, user, { attachment, name })
}

/** Adds the passkey, as `addPasskey` does. The fresh factor was proved when the registration began. Throws EMAIL_NOT_VERIFIED. */
export async function completeRegistration(
  ctx: ActorCtx,
  input: { credential: RegistrationCredential; name: string | null },
): Promise<Passkey> {
  await getBindingUser(ctx)
  return addPasskey(ctx, input)
}

/** Throws PASSKEY_NOT_FOUND, and what `requireFreshFactor` throws. */
export async function removePasskey(ctx: ActorCtx, { id, ...given }: { id: string } & GivenFactors): Promise<void> {
  await requireFreshFactor(ctx, given)
  await deleteOwnPasskey(ctx, id)
}
