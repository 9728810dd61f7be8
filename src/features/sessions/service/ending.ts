import { type ActorCtx, type AdminCtx, actorOf, type Ctx, callerOf } from '../../../context.ts'
import type { EndReason, EndResult, SessionSnapshot } from '../../../durable/rpc.ts'
import type { EventActor } from '../../../lib/event.ts'
import { forgetSessions } from '../../../revocation/freshness.ts'
import { voidTokensRequestedIn } from '../../links/service.ts'
import { endOtherSessions } from '../../users/service/change-user.ts'
import { insertLogout, selectFederated, selectFederatedUsers, selectSessionsFor } from '../store/origins.ts'
import { selectSessions, updateEnded } from '../store/sessions.ts'
import { type ProviderKey, SSO } from '../types.ts'
import { orUnavailable, type SessionEvents } from './minting.ts'

/**
 * Remembers whom a provider signs out, before their sessions are ended: a sign-in that waits for its session gets none. Throws
 * SERVICE_UNAVAILABLE.
 */
export async function rememberLogout(ctx: Ctx, logout: Parameters<typeof insertLogout>[1]): Promise<void> {
  await orUnavailable(insertLogout(ctx, logout).run())
}

/**
 * Ends the live sessions that an organization's provider opened for a person, or in one session of its own. Returns their number.
 * Throws SERVICE_UNAVAILABLE when an object does not answer: a repeat ends the rest.
 */
export async function endFederatedSessions(ctx: Ctx, by: ProviderKey): Promise<number> {
  const users = await orUnavailable(selectFederatedUsers(ctx, by, FEDERATED_USERS))
  const ended = await Promise.all(users.map(({ userId }) => endFederatedOf(ctx, userId, by)))
  return ended.reduce((sum, one) => sum + one, 0)
}

/** One person of a provider is one user, and one session of it at most a few. */
const FEDERATED_USERS = 10

async function endFederatedOf(ctx: Ctx, userId: string, by: ProviderKey): Promise<number> {
  const [live, rows] = await Promise.all([
    selectSessions(ctx, { userId, withEnded: false }),
    orUnavailable(selectFederated(ctx, { ...by, userId })),
  ])
  const opened = rows.map(({ sessionId }) => sessionId)
  const ended = await endAll(ctx, {
    userId,
    ids: idsOf(live).filter((id) => opened.includes(id)),
    reason: 'signed_out',
  })
  // Also of sessions that had ended: a repeat voids what the call before it could not.
  await orUnavailable(voidTokensRequestedIn(ctx, userId, { only: opened }))
  return ended
}

const idsOf = (sessions: readonly SessionSnapshot[]): string[] => sessions.map(({ id }) => id)

/** Returns how many of them this call ended. */
async function endAll(
  ctx: Ctx,
  { userId, ids, reason }: { userId: string; ids: readonly string[]; reason: EndReason },
): Promise<number> {
  const results = await Promise.all(
    ids.map((sessionId) => endSessionById(ctx, { userId, sessionId, reason, actor: SSO })),
  )
  return results.filter(({ ended }) => ended.length > 0).length
}

/**
 * Ends the live sessions of a user from before a time that neither the organization's provider nor break glass opened, and voids
 * what was requested in them. Throws SERVICE_UNAVAILABLE.
 */
export async function endOtherThanFederated(
  ctx: Ctx,
  { before, ...key }: { userId: string; organizationId: string; before: number },
): Promise<void> {
  const { userId } = key
  const [live, federated] = await Promise.all([
    selectSessions(ctx, { userId, withEnded: false }),
    orUnavailable(selectSessionsFor(ctx, key)),
  ])
  const kept = new Set(federated.map(({ sessionId }) => sessionId))
  const ids = idsOf(live.filter(({ id, openedAt }) => openedAt < before && !kept.has(id)))
  if (ids.length === 0) return
  await endAll(ctx, { userId, ids, reason: 'revoked' })
  await orUnavailable(voidTokensRequestedIn(ctx, userId, { only: ids }))
}

/** Ends one session. `ended` is empty if it had ended before. */
export async function endSessionById(
  ctx: Ctx,
  input: { userId: string; sessionId: string; reason: EndReason; actor: EventActor; events?: SessionEvents },
): Promise<EndResult> {
  const result = await updateEnded(ctx, { ...input, caller: callerOf(ctx) })
  forgetSessions(ctx, result.ended)
  return result
}

/**
 * Ends sessions and voids what was requested in them, such as a change of address. Throws SERVICE_UNAVAILABLE when the
 * database does not answer: the sessions have ended by then, and a repeat voids the rest.
 */
async function revokeSessions(
  ctx: ActorCtx,
  input: { userId: string; except: string | null; note?: string | null },
): Promise<EndResult> {
  const actor = actorOf(ctx)
  const result = await endOtherSessions(ctx, { ...input, reason: 'revoked', actor, authVersion: null })
  await orUnavailable(voidTokensRequestedIn(ctx, input.userId, { except: input.except }))
  return result
}

/** Ends all sessions of a user. `note` is the admin's reason, for the record. */
export const revokeAllSessions = (ctx: AdminCtx, userId: string, note: string | null): Promise<EndResult> =>
  revokeSessions(ctx, { userId, except: null, note })

/** Ends the caller's other sessions. */
export const revokeOtherSessions = (ctx: ActorCtx): Promise<EndResult> =>
  revokeSessions(ctx, { userId: ctx.actor.id, except: ctx.actor.sessionId })
