import { type ActorCtx, actorOf, type Ctx } from '../../../../context.ts'
import type { EventActor } from '../../../../lib/event.ts'
import { HOUR } from '../../../../lib/time.ts'
import type { EndedSessions } from '../../../mail/types.ts'
import { stepUpOwnSession } from '../../../sessions/service/opening.ts'
import type { OpenedSession } from '../../../sessions/types.ts'
import { changeUser, type UserChange } from '../../../users/service/change-user.ts'
import { countAddedFactor, notificationOf, notifyOwner } from '../../../users/service/notices.ts'
import type { User } from '../../../users/types.ts'
import { invalidCode, mfaAlreadyEnabled, mfaNotEnabled, mfaNotStarted } from '../errors.ts'
import { codeAt, FACTOR, findStep, newTotpSecret, provisioningUriOf, readCode } from '../rules.ts'
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

const DISABLED_EVENT = {
  type: 'mfa.disabled',
  data: { before: { mfa_enabled: true, method: 'totp' }, after: { mfa_enabled: false } },
} as const

/** A pending secret expires after this: nobody may remember who saw it. */
const PENDING_MS = HOUR

/** The code if it has the form of a TOTP, else an empty string. */
const readTotp = (typed: string): string => {
  const read = readCode(typed)
  return read?.kind === 'totp' ? read.code : ''
}

/**
 * Creates a secret and ten backup codes, shown once; both become valid with the first right code. Replaces a pending secret.
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
 * The pending secret of this session's enrolment, which is started if there is none: a repeat shows the same secret. A secret
 * that another session was shown is replaced, because a thief may know it. Has no backup codes, which are shown once. Throws
 * MFA_ALREADY_ENABLED, and MFA_NOT_STARTED when another session started an enrolment meanwhile.
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

/** The sealed pending secret that another session was shown, or null. */
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

export interface EnabledFactor {
  /** The caller's session, stepped up by the code; null when its object did not answer: the client then steps up itself. */
  readonly steppedUp: OpenedSession | null
  /** Every isolate refuses the ended sessions within 5 seconds. */
  readonly propagated: boolean
}

/**
 * Turns the second factor on by the first code of its pending secret. The code steps up the caller's session; the user's other
 * sessions end, unless they proved two factors without a code. Throws MFA_NOT_STARTED, MFA_ALREADY_ENABLED,
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
  const steppedUp = await tryStepUp(ctx, enabled.user)
  notifyOwner(ctx, user, {
    kind: 'factor_added',
    params: { factor: FACTOR, ended: 'one_factor' },
    added: { kind: 'totp' },
  })
  return { steppedUp, propagated: enabled.propagated }
}

/** A failure changes nothing: the factor is on. */
async function tryStepUp(ctx: ActorCtx, user: User): Promise<OpenedSession | null> {
  try {
    return await stepUpOwnSession(ctx, { user, amr: ['otp', 'mfa'], isOfChange: true })
  } catch (cause) {
    ctx.log.error('session_not_raised', cause, { user_id: user.id })
    return null
  }
}

type Disabling = Pick<UserChange, 'actor' | 'changesClaims' | 'ends' | 'events'>

async function disable(
  ctx: Ctx,
  user: User,
  change: Disabling,
  ended: EndedSessions,
): Promise<{ propagated: boolean }> {
  const disabled = await changeUser(ctx, { userId: user.id, ...disabling(ctx, user.id), ...change })
  if (!disabled) throw mfaNotEnabled()
  notifyOwner(ctx, user, { kind: 'factor_removed', params: { factor: FACTOR, ended } })
  return { propagated: disabled.propagated }
}

/**
 * Turns the second factor off: deletes its secret and backup codes, and ends the user's other sessions that did not prove a
 * second factor. Tokens become stale, because without the factor they are `aal1`. Throws MFA_NOT_ENABLED.
 */
export function disableTotp(ctx: ActorCtx, user: User): Promise<{ propagated: boolean }> {
  const { sessionId } = ctx.actor
  const change: Disabling = {
    actor: actorOf(ctx),
    changesClaims: true,
    ends: { reason: 'credentials_changed', keeps: sessionId, spares: 'two_factors' },
    events: [{ ...DISABLED_EVENT, sessionId }],
  }
  return disable(ctx, user, change, 'one_factor')
}

/**
 * Turns a user's second factor off, for an actor whom the caller has authorized. Ends the user's sessions, and notifies the
 * user. Throws MFA_NOT_ENABLED.
 */
export async function disableSecondFactorOf(
  ctx: Ctx,
  { user, actor, reason }: { user: User; actor: EventActor; reason: string | null },
): Promise<{ propagated: boolean }> {
  const notice = await notificationOf(ctx, user, { kind: 'factor_removed', actor, params: { factor: FACTOR } })
  const disabled = { ...DISABLED_EVENT, data: { ...DISABLED_EVENT.data, ...(reason && { reason }) } }
  const change: Disabling = { actor, ends: { reason: 'credentials_changed' }, events: [disabled, notice] }
  return disable(ctx, user, change, 'all')
}
