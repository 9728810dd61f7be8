import type { Ctx } from '../../../../context.ts'
import { commit } from '../../../../db/commit.ts'
import { equalBytes } from '../../../../lib/crypto.ts'
import { fromBase64Url, toBase64Url, utf8 } from '../../../../lib/encoding.ts'
import { deriveWithSalt } from '../../../../lib/password-hash/password-hash.ts'
import { sealText, unsealText } from '../../../../lib/root-keys.ts'
import { HOUR, SECOND, toIso } from '../../../../lib/time.ts'
import {
  beginUse,
  type CountedUse,
  failUse,
  giveBackUse,
  reportVerdicts,
  tooManyAtOnce,
} from '../../../users/service/counted-use.ts'
import { invalidCode, secondFactorLocked } from '../errors.ts'
import { findStep, readCode } from '../rules.ts'
import {
  type BackupCodeRow,
  type FactorRow,
  selectBackupCodes,
  selectFactor,
  selectSealedBefore,
  updateBackupCodeUsed,
  updateSeal,
  updateStep,
} from '../store.ts'
import type { SecondFactor } from '../types.ts'

/** Bound into the seal of a secret, together with its user. */
export const SEAL_PURPOSE = 'totp secret'

/** Wrong codes of one user, across challenges, sessions and surfaces. */
const WRONG_CODES = { limit: 10, windowMs: HOUR, lockMs: HOUR }

const subjectOf = (userId: string): string => `second-factor:${userId}`

/**
 * Counts one code before it is verified; `giveBackCode` or `failCode` follows. Throws SECOND_FACTOR_LOCKED,
 * RATE_LIMIT_EXCEEDED when more arrive at once than may fail, or SERVICE_UNAVAILABLE, because uncounted codes are never
 * verified.
 */
export async function countCode(ctx: Pick<Ctx, 'objects' | 'now' | 'newId'>, userId: string): Promise<CountedUse> {
  const begun = await beginUse(ctx, userId, { subject: subjectOf(userId), ...WRONG_CODES })
  if (begun.allowed) return begun.use
  const { retryAfterMs, isBusy } = begun.refusal
  if (isBusy) throw tooManyAtOnce(retryAfterMs)
  throw secondFactorLocked({
    reason: 'too_many_codes',
    locked_until: toIso(ctx.now() + retryAfterMs),
    retry_after: Math.ceil(retryAfterMs / SECOND),
  })
}

/** The code was right, or was not verified. */
export const giveBackCode = (ctx: Pick<Ctx, 'objects' | 'log'>, counted: CountedUse): Promise<void> =>
  reportVerdicts(ctx, 'code_not_given_back', [giveBackUse(ctx, counted)])

/** The code was wrong. */
export const failCode = (ctx: Pick<Ctx, 'objects' | 'log'>, counted: CountedUse): Promise<void> =>
  reportVerdicts(ctx, 'failure_not_counted', [failUse(ctx, counted)])

/** When the lock after too many wrong codes ends; null without one. For display only: null also when the guard does not answer. */
export async function findCodeLock(ctx: Pick<Ctx, 'objects' | 'log'>, userId: string): Promise<number | null> {
  try {
    const uses = { subject: subjectOf(userId), ...WRONG_CODES }
    return (await ctx.objects.guard(userId).status({ account: userId, uses })).usesLockedUntil ?? null
  } catch (cause) {
    ctx.log.error('code_lock_unknown', cause, { user_id: userId })
    return null
  }
}

/** Lifts the lock that follows too many wrong codes, for an admin. Does nothing when there is none. */
export const liftSecondFactorLock = (ctx: Pick<Ctx, 'objects'>, userId: string): Promise<void> =>
  ctx.objects.guard(userId).resetUse({ subject: subjectOf(userId) })

/** `sessionId` is the session that was shown the secret. */
interface SealedFactor {
  readonly secret: string
  readonly sessionId: string | null
}

/** Seals under the present root key. */
export const sealFactor = (ctx: Pick<Ctx, 'config'>, userId: string, { secret, sessionId }: SealedFactor) =>
  sealText(ctx.config.rootKeys, SEAL_PURPOSE, userId, sessionId === null ? secret : `${secret}:${sessionId}`)

/** Opens what `sealFactor` sealed, under the present root key or the previous one. */
export async function openFactor(ctx: Pick<Ctx, 'config'>, { userId, secretSealed }: FactorRow): Promise<SealedFactor> {
  const text = await unsealText(ctx.config.rootKeys, SEAL_PURPOSE, userId, secretSealed)
  const [secret = '', sessionId = null] = text.split(':', 2)
  return { secret, sessionId }
}

async function useTotp(ctx: Ctx, userId: string, code: string): Promise<boolean> {
  const factor = await selectFactor(ctx, userId)
  if (!factor || factor.confirmedAt === null) return false
  const { secret } = await openFactor(ctx, factor)
  const step = findStep(secret, code, ctx.now())
  if (step === null) return false
  return (await updateStep(ctx, { userId, secretSealed: factor.secretSealed, step })).length > 0
}

/** One hash is compared with all codes of the set, which share their salt. */
async function findBackupCode(
  ctx: Ctx,
  rows: readonly BackupCodeRow[],
  code: string,
): Promise<BackupCodeRow | undefined> {
  const salt = fromBase64Url(rows[0]?.salt ?? '')
  if (!salt || rows.length === 0) return undefined
  const hash = await deriveWithSalt(ctx, code, salt)
  return rows.find((row) => equalBytes(utf8(row.codeHash), utf8(toBase64Url(hash))))
}

async function useBackupCode(ctx: Ctx, userId: string, code: string): Promise<boolean> {
  const factor = await selectFactor(ctx, userId)
  if (!factor || factor.confirmedAt === null) return false
  const row = await findBackupCode(ctx, await selectBackupCodes(ctx, userId), code)
  if (!row || row.usedAt !== null) return false
  const used = await commit(ctx, updateBackupCodeUsed(ctx, { userId, id: row.id }), {
    type: 'backup_code.used',
    subject: userId,
    userId,
    actor: { type: 'user', id: userId },
    data: { hint: row.hint },
  })
  return used.length > 0
}

const USES: Record<SecondFactor, (ctx: Ctx, userId: string, code: string) => Promise<boolean>> = {
  totp: useTotp,
  backup_code: useBackupCode,
}

const ALL: readonly SecondFactor[] = ['totp', 'backup_code']

/** As `useCode`, for a code already counted by `countCode`. */
export async function useCountedCode(
  ctx: Ctx,
  { userId, counted }: { userId: string; counted: CountedUse },
  typed: string,
  allowed: readonly SecondFactor[] = ALL,
): Promise<SecondFactor | null> {
  const read = readCode(typed)
  const isRight = read && allowed.includes(read.kind) && (await USES[read.kind](ctx, userId, read.code))
  if (!isRight) {
    await failCode(ctx, counted)
    return null
  }
  await giveBackCode(ctx, counted)
  return read.kind
}

/**
 * Uses up a code of a user whose second factor is on: a TOTP, or a backup code with or without its dash. Null when it is
 * wrong, was used before, or there is no such factor; a wrong code stays counted. Throws SECOND_FACTOR_LOCKED,
 * RATE_LIMIT_EXCEEDED.
 */
export async function useCode(
  ctx: Ctx,
  userId: string,
  typed: string,
  allowed: readonly SecondFactor[] = ALL,
): Promise<SecondFactor | null> {
  return useCountedCode(ctx, { userId, counted: await countCode(ctx, userId) }, typed, allowed)
}

/** As `useCode`; throws INVALID_CODE for a wrong one. */
export async function requireCode(ctx: Ctx, userId: string, typed: string): Promise<SecondFactor> {
  const factor = await useCode(ctx, userId, typed)
  if (!factor) throw invalidCode()
  return factor
}

const FACTORS_PER_RUN = 100

/** Cron: reseals factors sealed under `ROOT_SECRET_PREVIOUS`; returns how many. No secret changes, so there is no event. */
export async function resealFactors(ctx: Ctx): Promise<number> {
  let resealed = 0
  for (const factor of await selectSealedBefore(ctx, ctx.config.rootKeys.current.id, FACTORS_PER_RUN))
    if (await resealFactor(ctx, factor)) resealed += 1
  return resealed
}

/** A row that no known root secret opens is logged and left, so that the others are resealed. */
async function resealFactor(ctx: Ctx, factor: FactorRow): Promise<boolean> {
  const { userId, secretSealed: from } = factor
  try {
    const to = await sealFactor(ctx, userId, await openFactor(ctx, factor))
    await updateSeal(ctx, { userId, from, to })
    return true
  } catch (cause) {
    ctx.log.error('factor_not_resealed', cause, { user_id: userId })
    return false
  }
}
