import { type ActorCtx, actorOf, type Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import type { Range } from '../../../db/list.ts'
import { validationFailed } from '../../../lib/errors.ts'
import type { EventActor, EventDraft } from '../../../lib/event.ts'
import { inSnake } from '../../../lib/json.ts'
import { findOutboundAddress } from '../../../lib/outbound.ts'
import { SECOND } from '../../../lib/time.ts'
import { EVENT_TYPES } from '../../events/types.ts'
import { queueMail } from '../../mail/service/mails.ts'
import { enterOrganization, limitReached } from '../../memberships/service.ts'
import { canMail } from '../../sign-in/service/mailed-links.ts'
import { type GivenFactors, requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { recipientOf } from '../../users/service/users.ts'
import { webhookInGrace, webhookMoved, webhookNotFound } from '../errors.ts'
import { findHeaderFault, isHeaderValue } from '../rules/headers.ts'
import { isSubscribable, listNames } from '../rules/subscriptions.ts'
import { deleteEndpoint, insertEndpoint, markTold, selectChangeable, updateEndpoint } from '../store.ts'
import type { WebhookRow } from '../tables.ts'
import { LIMITS, type Webhook, type WebhookFields, type WebhookText } from '../types.ts'
import { enterEndpoint, enterOwner } from './access.ts'
import { newSecret, sealAuthorization, sealSecret } from './secrets.ts'

/** How often a change is tried when others come before it. */
const ATTEMPTS = 3

const TYPES = Object.keys(EVENT_TYPES)

/** The names that endpoints may ask for, besides patterns. */
export const listEventNames = (): string[] => listNames(TYPES)

export function toWebhook(row: WebhookRow): Webhook {
  const {
    authorizationSealed,
    secretSealed: _,
    formerSecretSealed: __,
    toldVersion: ___,
    authorLossToldAt: ____,
    ...rest
  } = row
  return { ...rest, hasAuthorization: authorizationSealed !== null }
}

/** Throws VALIDATION_ERROR with what is wrong. */
function requireValid(ctx: Ctx, fields: WebhookFields, isOfPlatform: boolean): void {
  const { url, events, headers, authorization, audit } = fields
  const unknown = events?.find((name) => !isSubscribable(TYPES, name))
  const headerFault = headers && findHeaderFault(headers)
  const faults = [
    url !== undefined &&
      !findOutboundAddress(ctx, url) && [
        'url',
        'must be https, with a public host name other than ours, without credentials',
      ],
    unknown !== undefined && ['events', `has no event ${unknown.slice(0, 64)}`],
    headerFault !== undefined && ['headers', headerFault],
    authorization && !isHeaderValue(authorization) && ['authorization', 'must be printable ASCII'],
    audit === true && !isOfPlatform && ['audit', 'is for endpoints of the platform'],
  ].filter((fault) => Array.isArray(fault))
  if (faults.length === 0) return
  throw validationFailed({
    validation_errors: faults.map(([name, message]) => ({ field: `body.${name}`, message, type: 'invalid_webhook' })),
  })
}

const isOfPlatform = ({ organizationId, userId }: Pick<WebhookRow, 'organizationId' | 'userId'>): boolean =>
  organizationId === null && userId === null

/** An address may be a secret by itself, so events name its host. */
export const hostOf = ({ url }: Pick<WebhookRow, 'url'>): string => new URL(url).host

const snapshotOf = (row: WebhookRow): Readonly<Record<string, unknown>> => {
  const { description, events, ordered, batch, audit, isActive, disabledReason, headers } = row
  const said = { description, ordered, batch, audit, isActive, disabledReason, headers: Object.keys(headers) }
  return { host: hostOf(row), events, ...inSnake(said) }
}

export const eventAbout = (
  row: Pick<WebhookRow, 'id' | 'organizationId' | 'userId'>,
  actor: EventActor,
): Pick<EventDraft, 'subject' | 'userId' | 'organizationId' | 'actor'> => ({
  subject: row.id,
  userId: row.userId,
  organizationId: row.organizationId,
  actor,
})

/** An endpoint after a change. `propagated` is false when its object did not answer: then the change counts within 5 seconds. */
export interface Changed {
  readonly webhook: Webhook
  readonly propagated: boolean
}

/** Tells the endpoint's object of its row; the first time it registers for events. Cron repeats it. */
export async function tellObject(ctx: Ctx, known: Pick<WebhookRow, 'id' | 'version'>): Promise<boolean> {
  try {
    const { exists } = await ctx.objects.webhook(known.id).refresh()
    if (exists) await markTold(ctx, known)
    return true
  } catch (cause) {
    ctx.log.error('webhook_not_told', cause, { webhook: known.id })
    return false
  }
}

const DEFAULTS = {
  description: null,
  headers: {},
  authorization: null,
  ordered: false,
  batch: false,
  audit: false,
  isActive: true,
} as const satisfies Omit<WebhookText, 'url' | 'events'>

export type NewWebhook = WebhookFields &
  Pick<WebhookText, 'url' | 'events'> & { readonly organizationId?: string | null | undefined }

/**
 * Makes an endpoint of an organization, of the platform, or of the caller, who is mailed of it; the secret is answered here, and never again. Throws what
 * `enterOwner` and `requireFreshFactor` throw, VALIDATION_ERROR and LIMIT_REACHED.
 */
export async function createWebhook(
  ctx: ActorCtx,
  { organizationId, ...fields }: NewWebhook,
  given: GivenFactors,
): Promise<Changed & { secret: string }> {
  const { owner, acting, user } = await enterOwner(ctx, organizationId)
  requireValid(ctx, fields, isOfPlatform(owner))
  await requireFreshFactor(ctx, given)
  const [id, secret, now] = [ctx.newId(), newSecret(ctx), ctx.now()]
  const { authorization, ...text } = { ...DEFAULTS, ...definedIn(fields) }
  const row: WebhookRow = {
    ...text,
    ...owner,
    id,
    events: [...new Set(text.events)],
    authorizationSealed: await sealAuthorization(ctx, id, authorization),
    secretSealed: await sealSecret(ctx, id, secret),
    formerSecretSealed: null,
    formerSecretUntil: null,
    disabledReason: null,
    version: 1,
    toldVersion: 0,
    createdBy: ctx.actor.id,
    authorLossToldAt: null,
    createdAt: now,
    updatedAt: now,
  }
  const [made] = await commit(ctx, insertEndpoint(ctx, row, acting), {
    type: 'webhook.created',
    ...eventAbout(row, actorOf(ctx)),
    data: { after: snapshotOf(row) },
  })
  if (made) {
    // A thief with a session may have made it.
    const mail = { kind: 'webhook_created', ...recipientOf(user), params: { host: hostOf(row) } } as const
    if (acting.isOwn && canMail(ctx)) ctx.defer(queueMail(ctx, mail))
    return { webhook: toWebhook(made), secret, propagated: await tellObject(ctx, made) }
  }
  await enterOwner(ctx, organizationId)
  throw limitReached({ limit: acting.isOwn ? LIMITS.endpointsPerUser : LIMITS.endpointsPerScope })
}

const definedIn = <T extends object>(fields: T): { [K in keyof T]: Exclude<T[K], undefined> } =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as never

export interface WebhookQuery extends Range {
  readonly organizationId?: string | undefined
  readonly isActive?: boolean | undefined
}

/** What the caller may change; with an organization, its endpoints. Throws what `enterOrganization` throws. */
export async function listWebhooks(ctx: ActorCtx, query: WebhookQuery): Promise<{ rows: Webhook[]; total: number }> {
  if (query.organizationId !== undefined) await enterOrganization(ctx, { id: query.organizationId }, 'admin')
  const { rows, total } = await selectChangeable(ctx, query)
  return { rows: rows.map(toWebhook), total }
}

/** Throws what `enterEndpoint` throws. */
export const getWebhook = async (ctx: ActorCtx, id: string): Promise<Webhook> =>
  toWebhook((await enterEndpoint(ctx, id)).row)

/** Whether a change decides who gets what: a thief with a session must not turn a stream of events around. */
function needsFreshFactor(before: WebhookRow, { url, events, audit }: WebhookFields): boolean {
  const isOther = events !== undefined && JSON.stringify(events) !== JSON.stringify(before.events)
  return (url !== undefined && url !== before.url) || isOther || (audit === true && !before.audit)
}

/**
 * Changes an endpoint; one that is turned on again begins anew. Another address or other events need a fresh factor; an address of another
 * origin removes `authorization`, unless it is given anew. Throws what `enterEndpoint` and `requireFreshFactor` throw, VALIDATION_ERROR and
 * WEBHOOK_MOVED.
 */
export async function changeWebhook(
  ctx: ActorCtx,
  id: string,
  fields: WebhookFields,
  given: GivenFactors,
): Promise<Changed> {
  let isProved = false
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const { row: before, acting } = await enterEndpoint(ctx, id)
    requireValid(ctx, fields, isOfPlatform(before))
    if (!isProved && needsFreshFactor(before, fields)) {
      await requireFreshFactor(ctx, given)
      isProved = true
    }
    // Who may change the endpoint must not read the header by having it sent to themselves.
    const isMoved = fields.url !== undefined && new URL(fields.url).origin !== new URL(before.url).origin
    const { authorization = isMoved ? null : undefined, ...text } = definedIn(fields)
    const sealed =
      authorization === undefined ? {} : { authorizationSealed: await sealAuthorization(ctx, id, authorization) }
    const set = {
      ...text,
      ...sealed,
      ...(text.isActive === true && { disabledReason: null }),
      updatedAt: Math.max(ctx.now(), before.updatedAt + 1),
    }
    const changes = { before: snapshotOf(before), after: snapshotOf({ ...before, ...set }) }
    const [after] = await commit(ctx, updateEndpoint(ctx, before, { set, acting }), {
      type: 'webhook.updated',
      ...eventAbout(before, actorOf(ctx)),
      data: changes,
    })
    if (after) return { webhook: toWebhook(after), propagated: await tellObject(ctx, after) }
  }
  throw webhookMoved()
}

/**
 * Gives the endpoint a new secret; for `graceSeconds` the former one signs, too. Throws what `enterEndpoint` and `requireFreshFactor`
 * throw, WEBHOOK_IN_GRACE while the grace of another runs, unless this one has none, and WEBHOOK_MOVED.
 */
export async function regenerateSecret(
  ctx: ActorCtx,
  { id, graceSeconds }: { id: string; graceSeconds: number },
  given: GivenFactors,
): Promise<Changed & { secret: string }> {
  const { row, acting } = await enterEndpoint(ctx, id)
  await requireFreshFactor(ctx, given)
  const [secret, now] = [newSecret(ctx), ctx.now()]
  // Receivers still have the secret of before, which would sign no more.
  if (graceSeconds > 0 && (row.formerSecretUntil ?? 0) > now) throw webhookInGrace()
  const set = {
    secretSealed: await sealSecret(ctx, id, secret),
    formerSecretSealed: graceSeconds > 0 ? row.secretSealed : null,
    formerSecretUntil: graceSeconds > 0 ? now + graceSeconds * SECOND : null,
    updatedAt: now,
  }
  const [after] = await commit(ctx, updateEndpoint(ctx, row, { set, acting }), {
    type: 'webhook.secret_regenerated',
    ...eventAbout(row, actorOf(ctx)),
    data: { grace_seconds: graceSeconds },
  })
  if (!after) throw webhookMoved()
  return { webhook: toWebhook(after), secret, propagated: await tellObject(ctx, after) }
}

/** Deletes an endpoint: nothing more is sent to it. Throws what `enterEndpoint` throws. */
export async function removeWebhook(ctx: ActorCtx, id: string): Promise<{ propagated: boolean }> {
  const { row, acting } = await enterEndpoint(ctx, id)
  const [deleted] = await commit(ctx, deleteEndpoint(ctx, id, acting), {
    type: 'webhook.deleted',
    ...eventAbout(row, actorOf(ctx)),
    data: { before: snapshotOf(row) },
  })
  if (!deleted) throw webhookNotFound()
  return { propagated: await tellObject(ctx, row) }
}
