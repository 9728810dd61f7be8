import type { ActorCtx } from '../../../context.ts'
import { getCurrentUser } from '../../auth/service/current.ts'
import { mfaNotEnabled } from '../errors.ts'
import { selectBackupCodes, selectFactor } from '../store.ts'
import type { SecondFactor, SecondFactorStatus } from '../types.ts'
import { countUnused } from './backup-codes.ts'
import { useCode } from './codes.ts'

const OFF: SecondFactorStatus = { enabled: false, backupCodesRemaining: 0, lastUsedAt: null }

export async function getSecondFactorStatus(ctx: ActorCtx): Promise<SecondFactorStatus> {
  const user = await getCurrentUser(ctx)
  if (!user.mfaEnabled) return OFF
  const [factor, codes] = await Promise.all([selectFactor(ctx, user.id), selectBackupCodes(ctx, user.id)])
  const times = [factor?.lastUsedAt, ...codes.map(({ usedAt }) => usedAt)].flatMap((time) => time ?? [])
  return {
    enabled: true,
    backupCodesRemaining: countUnused(codes),
    lastUsedAt: times.length > 0 ? Math.max(...times) : null,
  }
}

/** Whether the caller's code is right; it is used up. Wrong ones are counted. Throws MFA_NOT_ENABLED, SECOND_FACTOR_LOCKED. */
export async function checkOwnCode(ctx: ActorCtx, code: string): Promise<boolean> {
  const user = await getCurrentUser(ctx)
  if (!user.mfaEnabled) throw mfaNotEnabled()
  return (await useCode(ctx, user.id, code)) !== null
}

const BACKUP_CODE_ONLY: readonly SecondFactor[] = ['backup_code']

/** As `checkOwnCode` for a backup code alone, with how many are left. */
export async function checkOwnBackupCode(ctx: ActorCtx, code: string): Promise<{ valid: boolean; remaining: number }> {
  const user = await getCurrentUser(ctx)
  if (!user.mfaEnabled) throw mfaNotEnabled()
  const valid = (await useCode(ctx, user.id, code, BACKUP_CODE_ONLY)) !== null
  return { valid, remaining: countUnused(await selectBackupCodes(ctx, user.id)) }
}
