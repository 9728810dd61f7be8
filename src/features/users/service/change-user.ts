import { type Ctx, callerOf } from '../../../context.ts'
import { commitAndPropagate, type Statement } from '../../../db/commit.ts'
import type { EndReason, EndResult, SparedSessions } from '../../../durable/rpc.ts'
import type { EventActor, EventDraft } from '../../../lib/event.ts'
import { applyToOwnView, forgetSessions } from '../../../revocation/freshness.ts'
import { claimsVersionOf, updateUser } from '../store/changes.ts'
import { insertedUser } from '../store/users.ts'
import type { RowChange } from '../tables.ts'
import type { ChangedUser, User } from '../types.ts'

export { raiseClaims } from '../store/changes.ts'

/** An event of the change: about the user and by the change's actor, unless it says otherwise. */
type UserEvent = Pick<EventDraft, 'type'> & Partial<EventDraft>

export interface UserChange extends RowChange {
  readonly userId: string
  readonly actor: EventActor
  /** Statements on other tables, which precede the change of the row in the batch. */
  readonly with?: readonly Statement[]
  /** Tokens become outdated: they are refused, and clients refresh them. */
  readonly changesClaims?: boolean
  /** Others whose tokens become outdated by the same change; each has an event of its own in `events`. */
  readonly alsoChangesClaimsOf?: readonly string[]
  /** The user's sessions end. */
  readonly ends?: {
    readonly reason: EndReason
    /** The one session that stays. */
    readonly keeps?: string
    /** The sessions that also stay, for a change of the second factor. */
    readonly spares?: SparedSessions
  }
  readonly events: readonly [UserEvent, ...UserEvent[]]
}

/**
 * The one way to change a user's row. Statements, change and events are one batch; sessions end after the events were
 * delivered, so that the user's sockets learn the reason. If the user's object does not answer, the change stands and
 * `propagated` is false. Null when there is no such user or the condition does not hold: then no event is written, and the
 * statements of `with` must have changed nothing either.
 */
export async function changeUser(
  ctx: Ctx,
  {
    userId,
    set,
    when,
    actor,
    with: before = [],
    changesClaims = false,
    alsoChangesClaimsOf = [],
    ends,
    events,
  }: UserChange,
): Promise<ChangedUser | null> {
  const auth = ends ? { keptSessionId: ends.keeps ?? null, isOfFactor: ends.spares !== undefined } : null
  const [first, ...others] = events
  const draftOf = (event: UserEvent) => ({
    subject: userId,
    userId,
    actor,
    ...event,
    ...(alsoChangesClaimsOf.includes(event.userId ?? '') && { claimsVersion: claimsVersionOf(event.userId ?? '') }),
  })
  const raises = alsoChangesClaimsOf.map((id) =>
    updateUser(ctx, { userId: id, set: {}, when, increments: { claims: true, auth: null } }),
  )
  const { rows, propagated } = await commitAndPropagate(
    ctx,
    [...before, ...raises, updateUser(ctx, { userId, set, when, increments: { claims: changesClaims, auth } })],
    { ...draftOf(first), ...(changesClaims && { claimsVersion: claimsVersionOf(userId) }) },
    ...others.map(draftOf),
  )
  const user = insertedUser(rows)
  if (!user) return null
  if (changesClaims) applyToOwnView(ctx, [{ kind: 'claims', userId, below: user.claimsVersion }])
  if (!ends) return { user, propagated }
  const { reason, keeps: except = null, spares } = ends
  const { authVersion } = user
  const ended = await endSessionsAfterChange(ctx, {
    userId,
    except,
    reason,
    actor,
    authVersion,
    ...(spares && { spares }),
  })
  return { user, propagated: propagated && ended.propagated }
}

interface EndSessions {
  readonly userId: string
  readonly except: string | null
  readonly reason: EndReason
  readonly actor: EventActor
  /** `auth_version` after a change of credentials, so that sessions opened with the new ones stay; null without a change. */
  readonly authVersion: number | null
  /** The sessions that stay beside `except`. */
  readonly spares?: SparedSessions
  /** What an admin says about it, for the events. */
  readonly note?: string | null
}

/** Ends a user's sessions, all but `except`. */
export async function endOtherSessions(ctx: Ctx, input: EndSessions): Promise<EndResult> {
  const result = await ctx.objects.user(input.userId).endSessions({ ...input, caller: callerOf(ctx) })
  forgetSessions(ctx, result.ended)
  return result
}

/**
 * Ends sessions after a change of credentials was committed. If the user's object does not answer, the change stands:
 * `auth_version` refuses the sessions at their next refresh, and `propagated` is false.
 */
export async function endSessionsAfterChange(
  ctx: Ctx,
  input: EndSessions & { readonly authVersion: number },
): Promise<{ propagated: boolean }> {
  try {
    const { propagated } = await endOtherSessions(ctx, input)
    return { propagated }
  } catch (cause) {
    ctx.log.error('sessions_not_ended', cause, { user_id: input.userId })
    return { propagated: false }
  }
}

/** The sessions that the last change of credentials spared; null unless it turned the second factor on or off. */
export function sparedBy({ authVersion, factorVersion, mfaEnabled }: User): SparedSessions | null {
  if (factorVersion !== authVersion) return null
  return mfaEnabled ? 'two_factors_without_code' : 'two_factors'
}
