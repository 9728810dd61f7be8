import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { ActorType, toRecorded } from '../../../db/delivery.ts'
import type { ObjectEventsMessage, RecordedEvent } from '../../../lib/event.ts'
import { DAY, SECOND } from '../../../lib/time.ts'
import { deleteOld, insertDelivered, selectOfUser, selectOwnersOfUndelivered } from '../store/record.ts'

/** A row younger than this has its nudge on the way. */
const NUDGE_GRACE_MS = 5 * SECOND
const OWNERS_PER_SWEEP = 500
const NUDGES_AT_ONCE = 20
const ROWS_PER_PRUNE = 500
const PRUNES_PER_RUN = 20

const ObjectEvents = z.object({
  events: z.array(
    z.object({
      id: z.string().min(1),
      type: z.string().min(1),
      time: z.int(),
      subject: z.string(),
      userId: z.string().nullable(),
      actor: z.object({ type: ActorType, id: z.string() }),
      sessionId: z.string().nullable(),
      organizationId: z.string().nullable(),
      data: z.record(z.string(), z.unknown()),
      ip: z.string().nullable(),
      userAgent: z.string().nullable(),
    }),
  ),
}) satisfies z.ZodType<ObjectEventsMessage>

/** From a user's record, newest first: events of these types since a moment. Seconds behind, so for showing alone. */
export async function listUserEvents(
  ctx: Pick<Ctx, 'db'>,
  userId: string,
  query: { types: readonly string[]; since: number; limit: number },
): Promise<RecordedEvent[]> {
  return (await selectOfUser(ctx, userId, query)).map(toRecorded)
}

/** Nudges whoever owns rows that a crash between batch and nudge left behind. One that fails does not hold up others. */
export async function sweepUndelivered(ctx: Pick<Ctx, 'db' | 'now' | 'objects' | 'log'>): Promise<void> {
  const owners = await selectOwnersOfUndelivered(ctx, ctx.now() - NUDGE_GRACE_MS, OWNERS_PER_SWEEP)
  const nudge = async (owner: string | null) => {
    try {
      if (owner === null) await ctx.objects.hub('platform').nudge({ topic: 'platform' })
      else await ctx.objects.user(owner).nudge({ userId: owner })
    } catch (cause) {
      ctx.log.error('nudge_failed', cause)
    }
  }
  for (let start = 0; start < owners.length; start += NUDGES_AT_ONCE) {
    await Promise.all(owners.slice(start, start + NUDGES_AT_ONCE).map(nudge))
  }
}

/** Deletes what is older than `EVENT_RETENTION_DAYS`, a bounded number a run. */
export async function pruneEvents(ctx: Pick<Ctx, 'db' | 'now' | 'config'>): Promise<void> {
  const before = ctx.now() - ctx.config.EVENT_RETENTION_DAYS * DAY
  for (let run = 0; run < PRUNES_PER_RUN; run += 1) {
    if ((await deleteOld(ctx, before, ROWS_PER_PRUNE)) < ROWS_PER_PRUNE) return
  }
}

/**
 * Writes what objects recorded into the record. Each message is acknowledged or retried by itself:
 * one that cannot be read ends in the dead-letter queue and takes no other with it.
 */
export async function recordObjectEvents(
  ctx: Pick<Ctx, 'db' | 'now' | 'log'>,
  messages: readonly Message<unknown>[],
): Promise<void> {
  const readable = messages.flatMap((message) => {
    const parsed = ObjectEvents.safeParse(message.body)
    if (parsed.success) return { message, events: parsed.data.events }
    ctx.log.warn('object_events_malformed', { message: message.id })
    message.retry()
    return []
  })
  try {
    const all = readable.flatMap(({ events }) => events)
    await insertDelivered(ctx, all, ctx.now())
    for (const { message } of readable) message.ack()
  } catch (cause) {
    ctx.log.error('object_events_not_recorded', cause, { messages: readable.length })
    for (const { message, events } of readable) await recordOne(ctx, message, events)
  }
}

async function recordOne(
  ctx: Pick<Ctx, 'db' | 'now' | 'log'>,
  message: Message<unknown>,
  events: readonly RecordedEvent[],
): Promise<void> {
  try {
    await insertDelivered(ctx, events, ctx.now())
    message.ack()
  } catch (cause) {
    ctx.log.error('object_events_not_recorded', cause, { message: message.id })
    message.retry({ delaySeconds: Math.min(300, 2 ** message.attempts) })
  }
}
