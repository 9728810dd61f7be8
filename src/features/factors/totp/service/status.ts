import type { Ctx } from '../../../../context.ts'
import type { User } from '../../../users/types.ts'
import { selectBackupCodes, selectFactor } from '../store.ts'
import type { SecondFactor, SecondFactorStatus } from '../types.ts'
import { countUnused } from './backup-codes.ts'

const OFF: SecondFactorStatus = { enabled: false, backupCodesRemaining: 0, backupCodesId: null, lastUsedAt: null }

export async function findSecondFactorStatus(ctx: Ctx, user: User): Promise<SecondFactorStatus> {
  if (!user.mfaEnabled) return OFF
  const [factor, codes] = await Promise.all([selectFactor(ctx, user.id), selectBackupCodes(ctx, user.id)])
  const times = [factor?.lastUsedAt, ...codes.map(({ usedAt }) => usedAt)].flatMap((time) => time ?? [])
  return {
    enabled: true,
    backupCodesRemaining: countUnused(codes),
    backupCodesId: codes[0]?.id ?? null,
    lastUsedAt: times.length > 0 ? Math.max(...times) : null,
  }
}

/** The kinds of codes that a user with the second factor on can use. */
export async function listCodeFactors(ctx: Ctx, userId: string): Promise<SecondFactor[]> {
  return countUnused(await selectBackupCodes(ctx, userId)) > 0 ? ['totp', 'backup_code'] : ['totp']
}

/** As `listCodeFactors`, only of factors added before a time; empty when the second factor was turned on later. */
export async function listCodeFactorsBefore(ctx: Ctx, userId: string, before: number): Promise<SecondFactor[]> {
  const [factor, codes] = await Promise.all([selectFactor(ctx, userId), selectBackupCodes(ctx, userId)])
  if (!factor || factor.confirmedAt === null || factor.confirmedAt >= before) return []
  return countUnused(codes.filter(({ createdAt }) => createdAt < before)) > 0 ? ['totp', 'backup_code'] : ['totp']
}
