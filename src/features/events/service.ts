import * as z from 'zod'
import type { Ctx } from '../../context.ts'
import { nudgeOwner } from '../../db/commit.ts'
import { ActorType, toRecorded } from '../../db/delivery.ts'
import type { EventOwner, ObjectEventsMessage, RecordedEvent } from '../../lib/event.ts'
import { SECOND } from '../../lib/time.ts'
import { keptSince } from '../retention/service.ts'
import {
  deleteOldDeadLetters,
  deleteOldEvents,
  insertDelivered,
  selectDeadLetters,
  selectOfUser,
  selectOwnersOfUndelivered,
} from './store.ts'
import type { DeadLetter } from './types.ts'

export { countOldEvents } from './store.ts'

/** For a younger row, the nudge of its own commit may still be running. */
const NUDGE_GRACE_MS = 5 * SECOND
const OWNERS_PER_SWEEP = 500
const NUDGES_AT_ONCE = 20
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

/** A user's events of these types since a time, newest first. The record lags by seconds: show them, do not decide by them. */
export async function listUserEvents(
  ctx: Pick<Ctx, 'db'>,
  userId: string,
  query: { types: readonly string[]; since: number; limit: number },
): Promise<RecordedEvent[]> {
  return (await selectOfUser(ctx, userId, query)).map(toRecorded)
}

/** Repeats nudges that were lost, for example by a crash after the commit. A failing object does not block the others. */
export async function sweepUndelivered(ctx: Pick<Ctx, 'db' | 'now' | 'objects' | 'log'>): Promise<void> {
  const owners = await selectOwnersOfUndelivered(ctx, ctx.now() - NUDGE_GRACE_MS, OWNERS_PER_SWEEP)
  const nudge = async (owner: EventOwner) => {
    try {
      await nudgeOwner(ctx, owner)
    } catch (cause) {
      ctx.log.error('nudge_failed', cause)
    }
  }
  for (let start = 0; start < owners.length; start += NUDGES_AT_ONCE) {
    await Promise.all(owners.slice(start, start + NUDGES_AT_ONCE).map(nudge))
  }
}

/** Deletes events that are kept no longer, a limited number in each run. */
export const pruneEvents = async (ctx: Pick<Ctx, 'db' | 'now' | 'config'>): Promise<void> =>
  deleteOldEvents(ctx, await keptSince(ctx, 'record'), PRUNES_PER_RUN)

/**
 * Writes events from objects to D1. Each message is acknowledged or retried separately:
 * a malformed one ends in the dead-letter queue without affecting the others.
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

/** A page of dead letters, newest first, without their content, and the total number. */
export const listDeadLetters = (
  ctx: Ctx,
  range: { limit: number; offset: number },
): Promise<{ rows: DeadLetter[]; total: number }> => selectDeadLetters(ctx, range)

/** Deletes dead letters that are kept no longer than the record, a limited number in each run. */
export const pruneDeadLetters = async (ctx: Pick<Ctx, 'db' | 'now' | 'config'>): Promise<void> =>
  deleteOldDeadLetters(ctx, await keptSince(ctx, 'record'))
