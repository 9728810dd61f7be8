import { type ActorCtx, actorOf } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { defineError } from '../../../lib/errors.ts'
import { getCurrentUser } from '../../users/service/users.ts'
import {
  hasConsent,
  insertConsent,
  insertWithdrawal,
  selectConsents,
  selectSettings,
  upsertSettings,
} from '../store/consents.ts'
import type { Consent } from '../tables.ts'
import { MAX_SWITCHES } from '../types.ts'

export const consentNotFound = defineError('CONSENT_NOT_FOUND', 'not_found', 'There was no consent to this purpose')
export const tooManySwitches = defineError(
  'TOO_MANY_SWITCHES',
  'conflict',
  `A user has ${MAX_SWITCHES} privacy settings at most`,
)

/** How each purpose stands, whatever else was given since, and what was given and withdrawn, newest first. */
export interface Consents {
  readonly standing: readonly Consent[]
  readonly history: readonly Consent[]
}

export const listConsents = (ctx: ActorCtx): Promise<Consents> => selectConsents(ctx, ctx.actor.id)

/** Gives consent to a version of a text. Again, it changes nothing. */
export async function giveConsent(
  ctx: ActorCtx,
  { purpose, version }: { purpose: string; version: string },
): Promise<Consents> {
  const userId = ctx.actor.id
  const row = { id: ctx.newId(), userId, purpose, version, change: 'given' as const, at: ctx.now() }
  await commit(ctx, insertConsent(ctx, row), {
    type: 'privacy.consent_given',
    subject: userId,
    userId,
    actor: actorOf(ctx),
    data: { purpose, version },
  })
  return listConsents(ctx)
}

/** Withdraws what was given last. Again, it changes nothing. Throws CONSENT_NOT_FOUND when it was never given. */
export async function withdrawConsent(ctx: ActorCtx, purpose: string): Promise<Consents> {
  const userId = ctx.actor.id
  const row = { id: ctx.newId(), userId, purpose, at: ctx.now() }
  const [written] = await commit(ctx, insertWithdrawal(ctx, row), {
    type: 'privacy.consent_withdrawn',
    subject: userId,
    userId,
    actor: actorOf(ctx),
    data: { purpose },
  })
  if (!written && !(await hasConsent(ctx, { userId, purpose }))) throw consentNotFound()
  return listConsents(ctx)
}

export interface PrivacySettings {
  readonly switches: Readonly<Record<string, boolean>>
  readonly updatedAt: number | null
}

export const getPrivacySettings = async (ctx: ActorCtx): Promise<PrivacySettings> =>
  (await selectSettings(ctx, ctx.actor.id)) ?? { switches: {}, updatedAt: null }

/** Changes the switches that are named; null removes one. Throws TOO_MANY_SWITCHES; nothing has changed then. */
export async function changePrivacySettings(
  ctx: ActorCtx,
  changes: Readonly<Record<string, boolean | null>>,
): Promise<PrivacySettings> {
  const userId = ctx.actor.id
  const [written] = await commit(ctx, upsertSettings(ctx, userId, changes), {
    type: 'privacy.settings_changed',
    subject: userId,
    userId,
    actor: actorOf(ctx),
    data: { after: changes },
  })
  if (!written) {
    await getCurrentUser(ctx)
    throw tooManySwitches()
  }
  return written
}
