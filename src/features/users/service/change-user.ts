import type { Ctx } from '../../../context.ts'
import { commitAndPropagate, type Statement } from '../../../db/commit.ts'
import type { EndReason, SparedSessions } from '../../../durable/rpc.ts'
import type { EventActor, EventDraft } from '../../../lib/event.ts'
import { applyToOwnView } from '../../../revocation/freshness.ts'
import { claimsVersionOf, updateUser } from '../store/change.ts'
import { insertedUser } from '../store/users.ts'
import type { RowChange } from '../tables.ts'
import type { ChangedUser } from '../types.ts'
import { endSessionsAfterChange } from './end-sessions.ts'

/** An event of the change: about the user and by the change's actor, unless it says otherwise. */
type UserEvent = Pick<EventDraft, 'type'> & Partial<EventDraft>

export interface UserChange extends RowChange {
  readonly userId: string
  readonly actor: EventActor
  /** Statements of other tables that stand before the row's in the batch. */
  readonly with?: readonly Statement[]
  /** The change outdates what tokens say: they are refused, and their clients refresh. */
  readonly changesClaims?: boolean
  /** The change ends the user's sessions. */
  readonly ends?: {
    readonly reason: EndReason
    /** The session that lives on. */
    readonly keeps?: string
    /** Whom a change of the second factor lets live besides. */
    readonly spares?: SparedSessions
  }
  readonly events: readonly [UserEvent, ...UserEvent[]]
}

/**
 * The one way to change a user's row: statements, change and events are one batch. Once the events were delivered, so that
 * the user's sockets learn why, the sessions end that the change ends. The change stands when the user's object is silent;
 * `propagated` says so. Null when there is no such user or the condition does not hold: then no event is written, and `with`
 * must have changed nothing, either.
 */
export async function changeUser(
  ctx: Ctx,
  { userId, set, when, actor, with: before = [], changesClaims = false, ends, events }: UserChange,
): Promise<ChangedUser | null> {
  const auth = ends ? { keptSessionId: ends.keeps ?? null, isOfFactor: ends.spares !== undefined } : null
  const [first, ...others] = events
  const draftOf = (event: UserEvent) => ({ subject: userId, userId, actor, ...event })
  const { rows, propagated } = await commitAndPropagate(
    ctx,
    [...before, updateUser(ctx, { userId, set, when, increments: { claims: changesClaims, auth } })],
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
