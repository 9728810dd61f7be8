import { type EarlyCtx, withDb } from '../../../context.ts'
import { commit, record } from '../../../db/commit.ts'
import type { WebhookGap, WebhookHost, WebhookSettings } from '../../../durable/rpc.ts'
import type { EventActor } from '../../../lib/event.ts'
import { DAY, toIso } from '../../../lib/time.ts'
import { readRetention } from '../../retention/service.ts'
import { toSubscriptions } from '../rules/subscriptions.ts'
import { disableEndpoint, findEndpointOfAny, findLiveEndpoint, selectRecorded } from '../store.ts'
import { topicOf } from '../types.ts'
import { eventAbout, hostOf } from './endpoints.ts'
import { tellResponsible } from './notices.ts'
import { openSecrets } from './secrets.ts'

const DELIVERY: EventActor = { type: 'system', id: 'webhooks' }

/** What an endpoint's object asks of D1. */
export const webhookHost: WebhookHost<EarlyCtx> = { load, readEvents, disable, reportGap }

async function load(early: EarlyCtx, id: string): Promise<WebhookSettings | null> {
  const ctx = await withDb(early)
  const [found, retention] = await Promise.all([findLiveEndpoint(ctx, id), readRetention(ctx)])
  if (!found) return null
  const { row, isOpen } = found
  const { url, headers, ordered, batch, audit, isActive, events } = row
  return {
    id,
    topic: topicOf(row),
    url,
    headers,
    ...(await openSecrets(ctx, row)),
    subscriptions: toSubscriptions(events),
    ordered,
    batch,
    audit,
    isActive,
    isOpen,
    attemptsKeptMs: retention.attempts * DAY,
  }
}

async function readEvents(early: EarlyCtx, { id }: WebhookSettings, ids: readonly string[]) {
  const ctx = await withDb(early)
  const row = await findEndpointOfAny(ctx, id)
  return row ? selectRecorded(ctx, row, ids) : []
}

async function disable(early: EarlyCtx, { id }: WebhookSettings, reason: 'gone' | 'failing'): Promise<void> {
  const ctx = await withDb(early)
  const row = await findEndpointOfAny(ctx, id)
  if (!row) return
  const set = { isActive: false, disabledReason: reason, updatedAt: ctx.now() }
  const [disabled] = await commit(ctx, disableEndpoint(ctx, row, set), {
    type: 'webhook.disabled',
    ...eventAbout(row, DELIVERY),
    data: { reason, host: hostOf(row) },
  })
  if (disabled) await tellResponsible(ctx, row, 'webhook_disabled')
}

async function reportGap(early: EarlyCtx, { id }: WebhookSettings, { events, from, to }: WebhookGap): Promise<void> {
  const ctx = await withDb(early)
  const row = await findEndpointOfAny(ctx, id)
  if (!row) return
  await record(ctx, {
    type: 'webhook.gap',
    ...eventAbout(row, DELIVERY),
    data: { events, from: toIso(from), to: toIso(to) },
  })
}
