import type { ActorCtx, Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import { HOUR } from '../../../lib/time.ts'
import { getBindingUser, getCurrentUser } from '../../auth/service/current.ts'
import { tellOwner } from '../../auth/service/owner-notice.ts'
import { type GivenFactors, requireFreshFactor } from '../../auth/service/step-up.ts'
import { invalidCode, mfaAlreadyEnabled, mfaNotEnabled, mfaNotStarted } from '../errors.ts'
import { readCode } from '../rules/codes.ts'
import { codeAt, FACTOR, findStep, newTotpSecret, provisioningUriOf } from '../rules/totp.ts'
import {
  deleteBackupCodes,
  deleteFactor,
  type FactorRow,
  insertBackupCodes,
  insertPendingUnlessThere,
  isEnabled,
  isPendingWith,
  selectFactor,
  updateConfirmed,
  updateDisabled,
  updateEnabled,
  upsertPending,
} from '../store.ts'
import type { Enrolment, PendingEnrolment } from '../types.ts'
import { makeBackupCodes } from './backup-codes.ts'
import { countCode, failCode, giveBackCode, openFactor, sealFactor } from './codes.ts'

/** A secret that was shown and never confirmed is void after this: who has seen it may be forgotten. */
const PENDING_MS = HOUR

/** Nothing but the form of a typed code; TOTP only. */
const readTotp = (typed: string): string => {
  const read = readCode(typed)
  return read?.kind === 'totp' ? read.code : ''
}

/**
 * Makes a secret and ten backup codes, shown once; they count from the first right code on. A pending secret is replaced.
 * Throws MFA_ALREADY_ENABLED, EMAIL_NOT_VERIFIED, and what `requireFreshFactor` throws: a stolen token must not lock its
 * owner out.
 */
export async function startEnrolment(ctx: ActorCtx, given: GivenFactors): Promise<Enrolment> {
  const { id: userId, email, mfaEnabled } = await getBindingUser(ctx)
  if (mfaEnabled) throw mfaAlreadyEnabled()
  await requireFreshFactor(ctx, given)
  const secret = newTotpSecret((length) => ctx.random(length))
  const secretSealed = await sealFactor(ctx, userId, { secret, sessionId: ctx.actor.sessionId })
  const { codes, rows } = await makeBackupCodes(ctx)
  const pending = isPendingWith(secretSealed)
  const [written] = await ctx.db.batch([
    upsertPending(ctx, { userId, secretSealed }),
    deleteBackupCodes(ctx, userId, pending),
    insertBackupCodes(ctx, { userId, rows }, pending),
  ])
  if (written.length === 0) throw mfaAlreadyEnabled()
  const provisioningUri = provisioningUriOf({ issuer: ctx.config.APP_NAME, account: email, secret })
  return { secret, provisioningUri, backupCodes: codes }
}

/**
 * The pending secret of an enrolment, begun when this session has none: a repeat shows the same one. One that another
 * session was shown is replaced: a thief must not know what its owner confirms. Without backup codes, which are shown once.
 * Throws MFA_ALREADY_ENABLED: what prints the second factor leaves none; MFA_NOT_STARTED when another session has begun
 * anew meanwhile, and EMAIL_NOT_VERIFIED. Throws what `requireFreshFactor` throws: a stolen token must not enrol its thief.
 */
export async function showPendingEnrolment(ctx: ActorCtx): Promise<PendingEnrolment> {
  const { id: userId, email, mfaEnabled } = await getBindingUser(ctx)
  if (mfaEnabled) throw mfaAlreadyEnabled()
  await requireFreshFactor(ctx)
  const { sessionId } = ctx.actor
  const newSecret = newTotpSecret((length) => ctx.random(length))
  const secretSealed = await sealFactor(ctx, userId, { secret: newSecret, sessionId })
  const foreignSeal = await findForeignSeal(ctx)
  await ctx.db.batch([
    insertPendingUnlessThere(ctx, { userId, secretSealed, foreignSeal, voidBefore: ctx.now() - PENDING_MS }),
    deleteBackupCodes(ctx, userId, isPendingWith(secretSealed)),
  ])
  const { secret, sessionId: shownTo } = await openFactor(ctx, await getPending(ctx, userId))
  if (shownTo !== sessionId) throw mfaNotStarted()
  const provisioningUri = provisioningUriOf({ issuer: ctx.config.APP_NAME, account: email, secret })
  return { secret, provisioningUri, code: codeAt(secret, ctx.now()) }
}

/** The seal of a pending secret that another session was shown, or null. */
async function findForeignSeal(ctx: ActorCtx): Promise<string | null> {
  const factor = await selectFactor(ctx, ctx.actor.id)
  if (!factor || factor.confirmedAt !== null) return null
  return (await openFactor(ctx, factor)).sessionId === ctx.actor.sessionId ? null : factor.secretSealed
}

async function getPending(ctx: Ctx, userId: string): Promise<FactorRow> {
  const factor = await selectFactor(ctx, userId)
  if (factor && factor.confirmedAt !== null) throw mfaAlreadyEnabled()
  if (!factor || ctx.now() - factor.createdAt >= PENDING_MS) throw mfaNotStarted()
  return factor
}

/**
 * The first code of a pending secret turns the second factor on. Throws MFA_NOT_STARTED, MFA_ALREADY_ENABLED,
 * EMAIL_NOT_VERIFIED, INVALID_CODE, SECOND_FACTOR_LOCKED.
 */
export async function confirmEnrolment(ctx: ActorCtx, typed: string): Promise<void> {
  const user = await getBindingUser(ctx)
  const { id: userId, authVersion } = user
  const factor = await getPending(ctx, userId)
  const counted = await countCode(ctx, userId)
  const { secret } = await openFactor(ctx, factor)
  const step = findStep(secret, readTotp(typed), ctx.now())
  if (step === null) {
    await failCode(ctx, counted)
    throw invalidCode()
  }
  await giveBackCode(ctx, counted)
  const { secretSealed } = factor
  const enabled = await commitAll(
    ctx,
    [updateConfirmed(ctx, { userId, secretSealed, step, authVersion }), updateEnabled(ctx, { userId, step })],
    {
      type: 'mfa.enabled',
      subject: userId,
      userId,
      actor: { type: 'user', id: userId },
      sessionId: ctx.actor.sessionId,
      data: { before: { mfa_enabled: false }, after: { mfa_enabled: true, method: 'totp' } },
    },
  )
  if (enabled.length === 0) throw invalidCode()
  tellOwner(ctx, user, { kind: 'factor_added', params: { factor: FACTOR }, added: { kind: 'totp' } })
}

/** Turns the second factor off; its secret and backup codes go. Throws MFA_NOT_ENABLED, and what `requireFreshFactor` throws. */
export async function disableSecondFactor(ctx: ActorCtx, given: GivenFactors): Promise<void> {
  const user = await getCurrentUser(ctx)
  const { id: userId } = user
  if (!user.mfaEnabled) throw mfaNotEnabled()
  await requireFreshFactor(ctx, given)
  const disabled = await commitAll(
    ctx,
    [deleteBackupCodes(ctx, userId, isEnabled(userId)), deleteFactor(ctx, userId), updateDisabled(ctx, userId)],
    {
      type: 'mfa.disabled',
      subject: userId,
      userId,
      actor: { type: 'user', id: userId },
      sessionId: ctx.actor.sessionId,
      data: { before: { mfa_enabled: true, method: 'totp' }, after: { mfa_enabled: false } },
    },
  )
  if (disabled.length === 0) throw mfaNotEnabled()
  tellOwner(ctx, user, { kind: 'factor_removed', params: { factor: FACTOR } })
}
