import type { Ctx } from '../../../context.ts'
import { toRecorded } from '../../../db/delivery.ts'
import { validationFailed } from '../../../lib/errors.ts'
import { getUser } from '../../users/service/users.ts'
import type { UserRef } from '../../users/types.ts'
import { type ActivityRow, findPlace, selectEmails, selectFiltered, selectNewest } from '../store.ts'
import type { ActivityEntry } from '../types.ts'

type Reading = Pick<Ctx, 'db' | 'now'>

/** The largest offset of a filtered list, whose rows must be counted; further back `before` is required. */
export const MAX_FILTERED_OFFSET = 10_000

const TOO_FAR_BACK = {
  field: 'query.page',
  message: 'is too far back for a filtered list: use before=<id of the last entry>',
  type: 'too_big',
}

const ACTOR_ALONE = {
  field: 'query.actor_id',
  message: 'needs start_date, action or user_id beside it',
  type: 'too_broad',
}

export interface ActivityQuery {
  readonly user?: UserRef | undefined
  readonly actorId?: string | undefined
  readonly type?: string | undefined
  /** Epoch milliseconds, both included. */
  readonly since?: number | undefined
  readonly until?: number | undefined
  readonly offset: number
  readonly limit: number
  /** The id of an entry; the page begins after it. */
  readonly before?: string | undefined
}

async function selectPage(
  ctx: Reading,
  { offset, limit, before, user, ...rest }: ActivityQuery,
): Promise<ActivityRow[]> {
  // Only a number is looked up: the record keeps the ids of erased users.
  const userId = typeof user === 'number' ? (await getUser(ctx, user)).id : user
  const filter = { userId, ...rest }
  const isNarrow = userId !== undefined || rest.type !== undefined || rest.since !== undefined
  if (rest.actorId !== undefined && !isNarrow) throw validationFailed({ validation_errors: [ACTOR_ALONE] })
  if (before !== undefined) {
    const below = await findPlace(ctx, before)
    return below === undefined ? [] : selectFiltered(ctx, { ...filter, below, offset: 0, limit })
  }
  if (Object.values(filter).every((value) => value === undefined)) return selectNewest(ctx, { offset, limit })
  if (offset > MAX_FILTERED_OFFSET) throw validationFailed({ validation_errors: [TOO_FAR_BACK] })
  return selectFiltered(ctx, { ...filter, below: null, offset, limit })
}

/**
 * The event record, newest first. Every page costs the same, except that the cost of a filtered one grows with its offset,
 * which is bounded. Throws VALIDATION_ERROR for an offset beyond that and for an actor alone, NOT_FOUND for an unknown user number.
 */
export async function listActivity(ctx: Reading, query: ActivityQuery): Promise<ActivityEntry[]> {
  const events = (await selectPage(ctx, query)).map(toRecorded)
  const named = events.flatMap(({ userId, actor }) => [userId ?? [], actor.type === 'user' ? actor.id : []].flat())
  const emails = await selectEmails(ctx, [...new Set(named)])
  return events.map((event) => ({
    event,
    userEmail: emails.get(event.userId ?? '') ?? null,
    actorEmail: event.actor.type === 'user' ? (emails.get(event.actor.id) ?? null) : null,
  }))
}
