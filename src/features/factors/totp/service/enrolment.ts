import { type ActorCtx, actorOf, type Ctx } from '../../../../context.ts'
import { HOUR } from '../../../../lib/time.ts'
import { stepUpOwnSession } from '../../../sessions/service.ts'
import type { OpenedSession } from '../../../sessions/types.ts'
import { changeUser } from '../../../users/service/change-user.ts'
import { countAddedFactor, notifyOwner } from '../../../users/service/notices.ts'
import type { User } from '../../../users/types.ts'
import { invalidCode, mfaAlreadyEnabled, mfaNotEnabled, mfaNotStarted } from '../errors.ts'
import { readCode } from '../rules/codes.ts'
import { codeAt, FACTOR, findStep, newTotpSecret, provisioningUriOf } from '../rules/totp.ts'
import {
  deleteBackupCodes,
  disabling,
  enabledByStep,
  type FactorRow,
  insertBackupCodes,
  insertPendingUnlessThere,
  isPendingWith,
  selectFactor,
  updateConfirmed,
  upsertPending,
} from '../store.ts'
import type { Enrolment, PendingEnrolment } from '../types.ts'
import { makeBackupCodes } from './backup-codes.ts'
import { countCode, failCode, giveBackCode, openFactor, sealFactor } from './codes.ts'

export const DISABLED_EVENT = {
  type: 'mfa.disabled',
  data: { before: { mfa_enabled: true, method: 'totp' }, after: { mfa_enabled: false } },
} as const

/** A secret that was shown and never confirmed is void after this: who has seen it may be forgotten. */
const PENDING_MS = HOUR

/** Nothing but the form of a typed code; TOTP only. */
const readTotp = (typed: string): string => {
  const read = readCode(typed)
  return read?.kind === 'totp' ? read.code : ''
}

/**
 * Makes a secret and ten backup codes, shown once; they count from the first right code on. A pending secret is replaced.
 * Throws MFA_ALREADY_ENABLED.
 */
export async function makeEnrolment(ctx: ActorCtx, { id: userId, email }: User): Promise<Enrolment> {
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
 * Throws MFA_ALREADY_ENABLED, and MFA_NOT_STARTED when another session has begun anew meanwhile.
 */
export async function findOrMakeEnrolment(ctx: ActorCtx, { id: userId, email }: User): Promise<PendingEnrolment> {
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

/** What turning the second factor on has led to. */
export interface EnabledFactor {
  /** The session that turned it on, raised by the code; null when its object did not answer: then a step-up raises it. */
  readonly raised: OpenedSession | null
  /** Every isolate refuses the sessions that have ended within 5 seconds. */
  readonly propagated: boolean
}

/**
 * The first code of a pending secret turns the second factor on. It proves that factor in the session that asks; the user's
 * other sessions end, unless two factors were proved in them without a code. Throws MFA_NOT_STARTED, MFA_ALREADY_ENABLED,
 * INVALID_CODE, SECOND_FACTOR_LOCKED, RATE_LIMIT_EXCEEDED.
 */
export async function enableTotp(ctx: ActorCtx, user: User, typed: string): Promise<EnabledFactor> {
  const { id: userId, authVersion } = user
  const { sessionId } = ctx.actor
  const factor = await getPending(ctx, userId)
  const counted = await countCode(ctx, userId)
  const { secret } = await openFactor(ctx, factor)
  const step = findStep(secret, readTotp(typed), ctx.now())
  if (step === null) {
    await failCode(ctx, counted)
    throw invalidCode()
  }
  await giveBackCode(ctx, counted)
  await countAddedFactor(ctx, userId)
  const { secretSealed } = factor
  const enabled = await changeUser(ctx, {
    userId,
    ...enabledByStep(userId, step),
    actor: actorOf(ctx),
    with: [updateConfirmed(ctx, { userId, secretSealed, step, authVersion })],
    ends: { reason: 'credentials_changed', keeps: sessionId, spares: 'two_factors_without_code' },
    events: [
      {
        type: 'mfa.enabled',
        sessionId,
        data: { before: { mfa_enabled: false }, after: { mfa_enabled: true, method: 'totp' } },
      },
    ],
  })
  if (!enabled) throw invalidCode()
  const raised = await tryRaise(ctx, enabled.user)
  notifyOwner(ctx, user, {
    kind: 'factor_added',
    params: { factor: FACTOR, ended: 'one_factor' },
    added: { kind: 'totp' },
  })
  return { raised, propagated: enabled.propagated }
}

/** The factor is on whatever the object says. */
async function tryRaise(ctx: ActorCtx, user: User): Promise<OpenedSession | null> {
  try {
    return await stepUpOwnSession(ctx, { user, amr: ['otp', 'mfa'] })
  } catch (cause) {
    ctx.log.error('session_not_raised', cause, { user_id: user.id })
    return null
  }
}

/**
 * Turns the second factor off; its secret and backup codes go, and the user's other sessions in which no second factor was
 * proved. Tokens are outdated: without the factor they are `aal1`. Throws MFA_NOT_ENABLED.
 */
export async function disableTotp(ctx: ActorCtx, user: User): Promise<{ propagated: boolean }> {
  const { id: userId } = user
  const { sessionId } = ctx.actor
  const disabled = await changeUser(ctx, {
    userId,
    ...disabling(ctx, userId),
    actor: actorOf(ctx),
    changesClaims: true,
    ends: { reason: 'credentials_changed', keeps: sessionId, spares: 'two_factors' },
    events: [{ ...DISABLED_EVENT, sessionId }],
  })
  if (!disabled) throw mfaNotEnabled()
  notifyOwner(ctx, user, { kind: 'factor_removed', params: { factor: FACTOR, ended: 'one_factor' } })
  return { propagated: disabled.propagated }
}
