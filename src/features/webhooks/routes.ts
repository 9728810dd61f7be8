import type * as z from 'zod'
import type { ActorCtx } from '../../context.ts'
import { answer, created, ok } from '../../http/answers.ts'
import { DoneAndEnded, endedToWire } from '../../http/done.ts'
import { scopedUser, user } from '../../http/guard.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { fieldRequired, rateLimited } from '../../lib/errors.ts'
import { addressUnverified, limitReached } from '../memberships/service.ts'
import { freshFactorErrors } from '../sign-in/service/step-up.ts'
import { toStepUp } from '../sign-in/wire/session.ts'
import { deliveryNotFound, webhookInGrace, webhookMoved, webhookNotFound } from './errors.ts'
import {
  getStats,
  listDeliveries,
  listWebhookEvents,
  recover,
  redeliver,
  testWebhook,
  verifySignature,
} from './service/deliveries.ts'
import {
  changeWebhook,
  createWebhook,
  getWebhook,
  listEventNames,
  listWebhooks,
  regenerateSecret,
  removeWebhook,
} from './service/endpoints.ts'
import * as wire from './wire.ts'

export const webhookRoutes = createRoutes({ prefix: '/api/v1/webhooks', tag: 'webhooks', guard: scopedUser })

webhookRoutes.get(
  '/',
  {
    id: 'listWebhooks',
    summary: 'The endpoints that the caller may change, newest first; with an organization, those of it',
    query: wire.WebhooksQuery,
    answer: ok(wire.WebhookList, 'A page of endpoints, under both names'),
  },
  ({ ctx, query: { organization_id: organizationId, is_active: isActive, ...range } }) =>
    listWebhooks(ctx, { organizationId, isActive, ...range }),
)

webhookRoutes.post(
  '/',
  {
    id: 'createWebhook',
    summary:
      'Make an endpoint: of an organization, by its admins; else of the platform, by admins of it; else of the caller',
    description:
      'An endpoint copies everything that will happen, so a fresh factor is needed. Its secret is answered here, and never again.',
    isWrite: everyCall,
    body: wire.NewWebhookBody,
    answer: created(wire.WebhookWithSecret, 'The endpoint with its secret'),
    errors: [addressUnverified, limitReached, ...freshFactorErrors],
  },
  ({ ctx, body }) => createWebhook(ctx, wire.toNewWebhook(body), toStepUp(body)),
)

webhookRoutes.get(
  '/events/types',
  {
    id: 'listWebhookEventTypes',
    summary: 'The names that endpoints may ask for; patterns such as organization.* and * are accepted, too',
    guard: user,
    answer: ok(wire.NameList, 'Names of events, and aliases'),
  },
  () => listEventNames(),
)

webhookRoutes.post(
  '/verify-signature',
  {
    id: 'verifyWebhookSignature',
    summary: 'Check a signature: of the payload, or with a timestamp as X-Webhook-Signature has it',
    guard: user,
    body: wire.SignatureBody,
    query: wire.SignatureQuery,
    answer: ok(wire.SignatureAnswer),
  },
  ({ body, query }) => {
    const { secret, payload, signature, timestamp } = wire.mergeSignature(body, query)
    if (!secret) throw fieldRequired('secret')
    if (payload === undefined) throw fieldRequired('payload')
    if (!signature) throw fieldRequired('signature')
    return { valid: verifySignature({ secret, payload, signature, timestamp: timestamp || undefined }) }
  },
)

webhookRoutes.get(
  '/:webhook_id',
  {
    id: 'getWebhook',
    summary: 'An endpoint, without its secret',
    params: wire.WebhookPath,
    answer: ok(wire.OneWebhook, 'The endpoint'),
    errors: [webhookNotFound],
  },
  ({ ctx, params }) => getWebhook(ctx, params.webhook_id),
)

const change = {
  summary: 'Change an endpoint: absent fields stay as they are; another address or other events need a fresh factor',
  description: 'An address of another origin removes `authorization`, unless it is given anew.',
  isWrite: everyCall,
  params: wire.WebhookPath,
  body: wire.WebhookBody,
  answer: ok(wire.ChangedWebhook, 'The endpoint'),
  errors: [webhookNotFound, webhookMoved, ...freshFactorErrors],
}
interface Change {
  readonly ctx: ActorCtx
  readonly params: z.output<typeof wire.WebhookPath>
  readonly body: z.output<typeof wire.WebhookBody>
}
const changeOne = ({ ctx, params, body }: Change) =>
  changeWebhook(ctx, params.webhook_id, wire.toFields(body), toStepUp(body))
webhookRoutes.patch('/:webhook_id', { id: 'updateWebhook', ...change }, changeOne)
webhookRoutes.put('/:webhook_id', { id: 'changeWebhook', ...change }, changeOne)

webhookRoutes.delete(
  '/:webhook_id',
  {
    id: 'deleteWebhook',
    summary: 'Delete an endpoint, and everything that waits for it',
    isWrite: everyCall,
    params: wire.WebhookPath,
    answer: ok(DoneAndEnded),
    errors: [webhookNotFound],
  },
  async ({ ctx, params }) => endedToWire('Webhook deleted', await removeWebhook(ctx, params.webhook_id)),
)

webhookRoutes.post(
  '/:webhook_id/test',
  {
    id: 'testWebhook',
    summary: 'Post a test event now, and say what came of it; ten a minute',
    params: wire.WebhookPath,
    answer: ok(wire.TestAnswer, 'What the receiver answered'),
    errors: [webhookNotFound, rateLimited],
  },
  async ({ ctx, params }) => wire.testToWire(await testWebhook(ctx, params.webhook_id)),
)

webhookRoutes.get(
  '/:webhook_id/deliveries',
  {
    id: 'listWebhookDeliveries',
    summary: 'Attempts of the last 7 days, 10,000 at most, newest first',
    params: wire.WebhookPath,
    query: wire.ListQuery,
    answer: ok(wire.DeliveryList, 'A page of attempts'),
    errors: [webhookNotFound],
  },
  async ({ ctx, params: { webhook_id: id }, query }) =>
    (await listDeliveries(ctx, id, query)).map((delivery) => wire.deliveryToWire(id, delivery)),
)

webhookRoutes.post(
  '/:webhook_id/deliveries/:delivery_id/redeliver',
  {
    id: 'resendWebhookDelivery',
    summary: 'Deliver the same once more, under the same ids; 60 a minute',
    isWrite: everyCall,
    params: wire.DeliveryPath,
    answer: answer(202, wire.Delivery, 'The attempt that will be made'),
    errors: [webhookNotFound, deliveryNotFound, rateLimited],
  },
  async ({ ctx, params: { webhook_id: id, delivery_id: deliveryId } }) =>
    wire.deliveryToWire(id, await redeliver(ctx, { id, deliveryId })),
)

webhookRoutes.get(
  '/:webhook_id/stats',
  {
    id: 'getWebhookStats',
    summary: 'How many attempts succeeded, and how long they took',
    params: wire.WebhookPath,
    query: wire.StatsQuery,
    answer: ok(wire.StatsAnswer),
    errors: [webhookNotFound],
  },
  async ({ ctx, params, query: { days } }) => wire.statsToWire(days, await getStats(ctx, params.webhook_id, days)),
)

webhookRoutes.get(
  '/:webhook_id/events',
  {
    id: 'listWebhookEvents',
    summary: 'Events that wait, or were tried in the last 7 days, newest first',
    params: wire.WebhookPath,
    query: wire.ListQuery,
    answer: ok(wire.EventList, 'A page of events'),
    errors: [webhookNotFound],
  },
  ({ ctx, params, query }) => listWebhookEvents(ctx, params.webhook_id, query),
)

webhookRoutes.post(
  '/:webhook_id/regenerate-secret',
  {
    id: 'regenerateWebhookSecret',
    summary: 'Give an endpoint a new secret; the former one signs, too, for as long as asked for',
    params: wire.WebhookPath,
    body: wire.SecretBody,
    answer: ok(wire.WebhookWithSecret, 'The endpoint with its new secret'),
    errors: [webhookNotFound, webhookInGrace, webhookMoved, ...freshFactorErrors],
  },
  ({ ctx, params, body }) =>
    regenerateSecret(ctx, { id: params.webhook_id, graceSeconds: body.grace_seconds }, toStepUp(body)),
)

webhookRoutes.post(
  '/:webhook_id/recover',
  {
    id: 'recoverWebhook',
    summary: 'Deliver events of a time again, from the record; 10,000 a call, 10 calls an hour',
    isWrite: everyCall,
    params: wire.WebhookPath,
    body: wire.RecoverBody,
    answer: answer(202, wire.RecoveryAnswer, 'How many will be delivered, and where the next call goes on'),
    errors: [webhookNotFound, rateLimited],
  },
  ({ ctx, params, body }) =>
    recover(ctx, {
      id: params.webhook_id,
      since: Date.parse(body.since),
      until: body.until ? Date.parse(body.until) : ctx.now(),
    }),
)
