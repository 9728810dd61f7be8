import { type ActorCtx, actorOf } from '../../../context.ts'
import { toRecorded } from '../../../db/delivery.ts'
import type { Range } from '../../../db/list.ts'
import type { WebhookDelivery, WebhookStats } from '../../../durable/rpc.ts'
import { rateLimited, validationFailed } from '../../../lib/errors.ts'
import type { RecordedEvent } from '../../../lib/event.ts'
import { matchesPattern } from '../../../lib/matching.ts'
import { HOUR, MINUTE, SECOND, toIso } from '../../../lib/time.ts'
import { webhookBody } from '../../../lib/webhooks/body.ts'
import { type CallOutcome, callReceiver } from '../../../lib/webhooks/call.ts'
import { isSignatureOf } from '../../../lib/webhooks/signature.ts'
import { deliveryNotFound } from '../errors.ts'
import { toSubscriptions } from '../rules/subscriptions.ts'
import { selectRecorded, selectRecordFrom } from '../store.ts'
import { LIMITS } from '../types.ts'
import { enterEndpoint } from './access.ts'
import { openSecrets } from './secrets.ts'

/** Attempts of the last 7 days, the newest first. Throws what `enterEndpoint` throws. */
export async function listDeliveries(ctx: ActorCtx, id: string, range: Range): Promise<readonly WebhookDelivery[]> {
  await enterEndpoint(ctx, id)
  return ctx.objects.webhook(id).listDeliveries(range)
}

/** Delivers once more what a delivery delivered. Throws what `enterEndpoint` throws, RATE_LIMIT_EXCEEDED, DELIVERY_NOT_FOUND. */
export async function redeliver(
  ctx: ActorCtx,
  { id, deliveryId }: { id: string; deliveryId: string },
): Promise<WebhookDelivery> {
  await enterEndpoint(ctx, id)
  await count(ctx, 'redeliveries', { of: id, limit: LIMITS.redeliveriesPerMinute, windowMs: MINUTE })
  const delivery = await ctx.objects.webhook(id).redeliver({ deliveryId })
  if (!delivery) throw deliveryNotFound()
  return delivery
}

/** An event that was, or will be, delivered. Its `data` is what the record has of it now; without a row, what is kept for a day. */
export interface DeliveredEvent {
  readonly id: string
  readonly type: string
  readonly data: Readonly<Record<string, unknown>>
  readonly createdAt: number
}

/** The newest first. Throws what `enterEndpoint` throws. */
export async function listWebhookEvents(
  ctx: ActorCtx,
  id: string,
  range: Range,
): Promise<{ rows: DeliveredEvent[]; total: number }> {
  const { row } = await enterEndpoint(ctx, id)
  const { rows, total } = await ctx.objects.webhook(id).listEvents(range)
  const ids = rows.map((one) => one.id)
  const recorded = new Map((await selectRecorded(ctx, row, ids)).map((event) => [event.id, event]))
  const events = rows.map(({ id: eventId, type, event, takenAt }) => {
    const known = recorded.get(eventId) ?? event
    return { id: eventId, type, data: known?.data ?? {}, createdAt: known?.time ?? takenAt }
  })
  return { rows: events, total }
}

/** Throws what `enterEndpoint` throws. */
export async function getStats(ctx: ActorCtx, id: string, days: number): Promise<WebhookStats> {
  await enterEndpoint(ctx, id)
  return ctx.objects.webhook(id).stats({ days })
}

const ROWS_PER_PAGE = 500
/** Rows of the record that one call reads at most. */
const MAX_PAGES = 100

export interface Recovery {
  /** How many events will be delivered. */
  readonly recovered: number
  /** The time of the first event that was not taken, where the next call goes on; null when all are there. */
  readonly nextSince: number | null
}

/**
 * Delivers events of a time again, from the record: those that the endpoint wants, 10,000 a call at most. What waits already is
 * delivered once. Throws what `enterEndpoint` throws, VALIDATION_ERROR and RATE_LIMIT_EXCEEDED.
 */
export async function recover(
  ctx: ActorCtx,
  { id, since, until }: { id: string; since: number; until: number },
): Promise<Recovery> {
  const { row } = await enterEndpoint(ctx, id)
  if (since >= until)
    throw validationFailed({
      validation_errors: [{ field: 'body.until', message: 'must be after since', type: 'custom' }],
    })
  await count(ctx, 'recoveries', { of: id, limit: LIMITS.recoveriesPerHour, windowMs: HOUR })
  const subscriptions = toSubscriptions(row.events)
  const isWanted = ({ type }: RecordedEvent) => subscriptions.some(({ pattern }) => matchesPattern(pattern, type))
  let [after, recovered] = [{ time: since, position: 0 }, 0]
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const rows = await selectRecordFrom(ctx, row, { after, until, limit: ROWS_PER_PAGE })
    const wanted = rows.map(toRecorded).filter(isWanted)
    const fitting = wanted.slice(0, LIMITS.recovered - recovered)
    const { taken } = fitting.length > 0 ? await ctx.objects.webhook(id).recover({ events: fitting }) : { taken: 0 }
    recovered += taken
    const left = wanted[taken]
    if (left) return { recovered, nextSince: left.time }
    const last = rows.at(-1)
    if (!last || rows.length < ROWS_PER_PAGE) return { recovered, nextSince: null }
    after = { time: last.time, position: last.position }
  }
  return { recovered, nextSince: after.time }
}

/** As Janua names it; no log has it. */
const TEST_EVENT = 'system.alert'

/** Posts a test event at once, and once. Throws what `enterEndpoint` throws, and RATE_LIMIT_EXCEEDED. */
export async function testWebhook(ctx: ActorCtx, id: string): Promise<CallOutcome> {
  const { row } = await enterEndpoint(ctx, id)
  await count(ctx, 'tests', { of: ctx.actor.id, limit: LIMITS.testsPerMinute, windowMs: MINUTE })
  const event: RecordedEvent = {
    id: ctx.newId(),
    type: TEST_EVENT,
    time: ctx.now(),
    subject: row.id,
    userId: row.userId,
    actor: actorOf(ctx),
    sessionId: null,
    organizationId: row.organizationId,
    data: { test: true, message: 'This is a test', timestamp: toIso(ctx.now()) },
    ip: null,
    userAgent: null,
  }
  const body = webhookBody([{ event, seq: null, name: event.type }], { audit: row.audit, batch: row.batch })
  const receiver = { url: row.url, headers: row.headers, ...(await openSecrets(ctx, row)) }
  return callReceiver(ctx, receiver, { id: event.id, name: event.type, attempt: 1, body })
}

interface Count {
  /** Whose uses are counted: a user, or an endpoint. */
  readonly of: string
  readonly limit: number
  readonly windowMs: number
}

/** Throws RATE_LIMIT_EXCEEDED. */
async function count({ objects }: ActorCtx, what: string, { of, ...rule }: Count): Promise<void> {
  const { allowed, retryAfterMs } = await objects.guard(of).use({ subject: `webhook-${what}:${of}`, ...rule })
  if (!allowed) throw rateLimited({ retry_after: Math.ceil(retryAfterMs / SECOND) })
}

export interface SignedPayload {
  readonly secret: string
  readonly payload: string
  readonly signature: string
  /** As `X-Webhook-Timestamp` has it; without it the signature is that of the payload alone. */
  readonly timestamp?: string | undefined
}

/** Whether a receiver computes signatures as the service does: for whoever writes one. */
export const verifySignature = ({ secret, payload, signature, timestamp }: SignedPayload): boolean =>
  isSignatureOf(secret, timestamp === undefined ? payload : `${timestamp}.${payload}`, signature)
