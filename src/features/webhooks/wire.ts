import * as z from 'zod'
import type { WebhookDelivery, WebhookStats } from '../../durable/rpc.ts'
import { instant, instantOrNull, mapped, shape } from '../../http/answers.ts'
import { PropagatedField } from '../../http/done.ts'
import { bodyOrQuery, integerParam, UuidParam } from '../../http/input.ts'
import { listOf } from '../../http/list.ts'
import { DAY, SECOND, toIso } from '../../lib/time.ts'
import type { CallOutcome } from '../../lib/webhooks/call.ts'
import { toStandardSecret } from '../../lib/webhooks/signature.ts'
import { StepUpBody } from '../sign-in/wire/session.ts'
import { orAbsent, proseField } from '../users/wire.ts'
import type { DeliveredEvent, Recovery } from './service/deliveries.ts'
import type { Changed } from './service/endpoints.ts'
import { LIMITS, type Webhook, type WebhookFields } from './types.ts'

const fields = {
  id: z.uuid(),
  organization_id: z.uuid().nullable(),
  user_id: z.uuid().nullable().meta({ description: 'Both null: an endpoint of the platform, which gets all events' }),
  url: z.string(),
  events: z.array(z.string()),
  description: z.string().nullable(),
  headers: z.record(z.string(), z.string()),
  has_authorization: z.boolean(),
  ordered: z.boolean(),
  batch: z.boolean(),
  audit: z.boolean(),
  is_active: z.boolean(),
  disabled_reason: z
    .enum(['gone', 'failing'])
    .nullable()
    .meta({ description: 'Why the service turned it off: 410, or nothing but failures for five days' }),
  version: z.int(),
  former_secret_until: instantOrNull,
  created_by: z.uuid().nullable(),
  created_at: instant,
  updated_at: instant,
}

const WebhookShape = shape<Webhook>()('Webhook', fields)

export const WebhookList = listOf(['endpoints', 'webhooks'], WebhookShape, { total: z.int() })
export const OneWebhook = WebhookShape

const ofWebhook = z.object({ ...WebhookShape.schema.shape, propagated: PropagatedField })

export const ChangedWebhook = mapped(ofWebhook.meta({ id: 'ChangedWebhook' }), ({ webhook, propagated }: Changed) => ({
  ...WebhookShape.write(webhook),
  propagated,
}))

export const WebhookWithSecret = mapped(
  ofWebhook
    .extend({
      secret: z.string().meta({ description: '64 hex characters; as text, they are the key' }),
      whsec: z.string().meta({ description: 'The same key, as Standard Webhooks writes it' }),
    })
    .meta({ id: 'WebhookWithSecret' }),
  ({ secret, ...changed }: Changed & { secret: string }) => ({
    ...ChangedWebhook.write(changed),
    secret,
    whsec: toStandardSecret(secret),
  }),
)

export const Delivery = z
  .object({
    id: z.uuid(),
    webhook_endpoint_id: z.uuid(),
    webhook_event_id: z.string().meta({ description: 'Of a batch the first one of its events' }),
    event_type: z.string(),
    events: z.int().meta({ description: 'How many events it had' }),
    status: z.enum(['pending', 'delivered', 'failed']),
    status_code: z.int().nullable(),
    response_body: z
      .string()
      .nullable()
      .meta({ description: '1,000 characters, for an hour; null where the endpoint has `audit`' }),
    error: z.string().nullable(),
    attempt: z.int(),
    duration_ms: z.int().nullable(),
    delivered_at: z.iso.datetime().nullable(),
    created_at: z.iso.datetime(),
  })
  .meta({ id: 'WebhookDelivery' })

export const deliveryToWire = (endpointId: string, delivery: WebhookDelivery): z.infer<typeof Delivery> => ({
  id: delivery.id,
  webhook_endpoint_id: endpointId,
  webhook_event_id: delivery.eventId,
  event_type: delivery.eventType,
  events: delivery.events,
  status: delivery.status,
  status_code: delivery.statusCode,
  response_body: delivery.answer,
  error: delivery.error,
  attempt: delivery.attempt,
  duration_ms: delivery.durationMs,
  delivered_at: delivery.status === 'delivered' ? toIso(delivery.createdAt) : null,
  created_at: toIso(delivery.createdAt),
})

export const DeliveryList = z.array(Delivery)

const EventShape = shape<DeliveredEvent>()('WebhookEvent', {
  id: z.string(),
  type: z.string(),
  data: z.record(z.string(), z.unknown()),
  created_at: instant,
})
export const EventList = listOf(['events'], EventShape, { total: z.int() })

export const StatsAnswer = z
  .object({
    total_deliveries: z.int(),
    successful: z.int(),
    failed: z.int(),
    success_rate: z.number(),
    average_delivery_time: z.number().meta({ description: 'Seconds' }),
    period_days: z.int(),
    waiting: z.int().meta({ description: 'Events that are not delivered yet' }),
    paused_until: z.iso.datetime().nullable().meta({ description: 'After failures: when one delivery is tried again' }),
  })
  .meta({ id: 'WebhookStats' })

export function statsToWire(days: number, { delivered, failed, durationMs, waiting, pausedUntil }: WebhookStats) {
  const total = delivered + failed
  return {
    total_deliveries: total,
    successful: delivered,
    failed,
    success_rate: total === 0 ? 0 : Math.round((delivered / total) * 10_000) / 100,
    average_delivery_time: total === 0 ? 0 : durationMs / total / SECOND,
    period_days: days,
    waiting,
    paused_until: pausedUntil === null ? null : toIso(pausedUntil),
  }
}

export const TestAnswer = z
  .object({
    message: z.string(),
    success: z.boolean(),
    status_code: z.int().nullable(),
    response_time_ms: z.int(),
    error: z.string().nullable(),
  })
  .meta({ id: 'WebhookTest' })

export const testToWire = ({ ok, status, durationMs, error }: CallOutcome): z.infer<typeof TestAnswer> => ({
  message: ok ? 'The test event was delivered' : 'The test event was not delivered',
  success: ok,
  status_code: status,
  response_time_ms: durationMs,
  error,
})

export const RecoveryAnswer = mapped(
  z
    .object({ recovered: z.int(), has_more: z.boolean(), next_since: z.iso.datetime().nullable() })
    .meta({ id: 'WebhookRecovery' }),
  ({ recovered, nextSince }: Recovery) => ({
    recovered,
    has_more: nextSince !== null,
    next_since: nextSince === null ? null : toIso(nextSince),
  }),
)

const Url = z.string().min(1).max(LIMITS.urlLength)
const Events = z.array(z.string().min(1).max(100)).min(1).max(LIMITS.events)
const Headers = z.record(z.string(), z.string())

const changeable = {
  description: proseField(1000),
  headers: Headers.nullish(),
  authorization: z.string().max(1024).nullish().meta({ description: 'The value of this header; never shown again' }),
  ordered: z.boolean().optional().meta({ description: 'One at a time, the next when it was delivered or has failed' }),
  batch: z.boolean().optional().meta({ description: 'Up to 100 events, or five seconds of them, in one request' }),
  audit: z.boolean().optional().meta({ description: 'With address and user agent: for endpoints of the platform' }),
  is_active: z.boolean().optional().meta({ description: 'While it is false, events wait' }),
}

export const NewWebhookBody = z
  .object({ url: Url, events: Events, ...changeable, organization_id: UuidParam.nullish(), ...StepUpBody.shape })
  .meta({ id: 'NewWebhook' })
export const WebhookBody = z
  .object({ url: Url.optional(), events: Events.optional(), ...changeable, ...StepUpBody.shape })
  .meta({ id: 'WebhookChange' })

export function toFields(body: z.output<typeof WebhookBody>): WebhookFields {
  const { url, events, description, headers, authorization, ordered, batch, audit, is_active: isActive } = body
  return {
    url,
    events,
    description,
    headers: headers ?? (headers === null ? {} : undefined),
    authorization,
    ordered,
    batch,
    audit,
    isActive,
  }
}

export const toNewWebhook = (body: z.output<typeof NewWebhookBody>) => ({
  ...toFields(body),
  url: body.url,
  events: body.events,
  organizationId: body.organization_id,
})

export const WebhookPath = z.object({ webhook_id: UuidParam })
export const DeliveryPath = z.object({ webhook_id: UuidParam, delivery_id: UuidParam })

const range = { limit: integerParam(1, 1000).default(100), offset: integerParam(0, 1_000_000).default(0) }
export const WebhooksQuery = z.object({
  organization_id: orAbsent(UuidParam),
  is_active: orAbsent(z.stringbool()),
  ...range,
})
export const ListQuery = z.object(range)
export const StatsQuery = z.object({ days: integerParam(1, 365).default(7) })

export const SecretBody = StepUpBody.extend({
  grace_seconds: z
    .int()
    .min(0)
    .max(LIMITS.graceSeconds)
    .default(DAY / SECOND)
    .meta({ description: 'How long the former secret signs, too; 0 ends it at once' }),
}).meta({ id: 'NewWebhookSecret' })

const Time = z.iso.datetime({ offset: true, error: 'must be a time with its offset (2026-01-31T08:00:00Z)' })
export const RecoverBody = z.object({ since: Time, until: Time.nullish() }).meta({ id: 'WebhookRecover' })

const text = z.string().max(1_000_000)
const SignatureInput = bodyOrQuery('WebhookSignature', {
  secret: z.string().min(1).max(200),
  payload: text,
  signature: z.string().min(1).max(200),
  timestamp: z.string().max(20),
})
export const SignatureBody = SignatureInput.body
export const SignatureQuery = SignatureInput.query
export const mergeSignature = SignatureInput.merge
export const NameList = z.array(z.string())
export const SignatureAnswer = z.object({ valid: z.boolean() }).meta({ id: 'WebhookSignatureCheck' })
