import { and, eq, type SQL, sql } from 'drizzle-orm'
import { integer, sqliteTable, text } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../../context.ts'
import { insertEventsOf, newRowId, type RowEvents } from '../../../db/commit.ts'

// Tables of later features: what is changed of them.
const webhookEndpoints = sqliteTable('webhook_endpoints', { userId: text('user_id') })
const consents = sqliteTable('consents', {
  id: text('id'),
  userId: text('user_id'),
  purpose: text('purpose'),
  version: text('version'),
  change: text('change'),
  at: integer('at'),
})
const privacySettings = sqliteTable('privacy_settings', { userId: text('user_id') })
const dataRequests = sqliteTable('data_requests', {
  id: text('id'),
  userId: text('user_id'),
  type: text('type'),
  status: text('status'),
  answer: text('answer'),
  completedAt: integer('completed_at'),
  updatedAt: integer('updated_at'),
  remindAt: integer('remind_at'),
})

const ANSWER = 'The account was taken over by the holder of its address'

/**
 * Statements that end what the creator of an unconfirmed account did in its name beside factors, where `isTakenOver` holds: webhook
 * endpoints of the user, consents, privacy settings and open requests about data. A consent is withdrawn: its list only grows.
 */
export function removePlantedData(ctx: Pick<Ctx, 'db' | 'now' | 'ip' | 'userAgent'>, userId: string, isTakenOver: SQL) {
  const { db } = ctx
  const now = ctx.now()
  const given = sql`from consents as given where given.user_id = ${userId} and given.change = 'given' and given.position in
    (select max(newest.position) from consents as newest where newest.user_id = ${userId} group by newest.purpose) and ${isTakenOver}`
  const hasSettings = and(eq(privacySettings.userId, userId), isTakenOver)
  // A request for erasure is open while the account is deleted, and ends with its restoration.
  const isOpen = sql`${dataRequests.userId} = ${userId} and ${dataRequests.status} in ('received', 'in_progress')
    and ${dataRequests.type} <> 'erasure' and ${isTakenOver}`
  const eventsOf = (of: Pick<RowEvents, 'type' | 'subject' | 'data' | 'from'>) =>
    insertEventsOf(ctx, {
      ...of,
      actor: { type: 'user', id: userId },
      userId: sql`${userId}`,
      organizationId: sql`null`,
    })
  return [
    db.delete(webhookEndpoints).where(and(eq(webhookEndpoints.userId, userId), isTakenOver)),
    eventsOf({
      type: 'privacy.consent_withdrawn',
      subject: sql`${userId}`,
      data: sql`json_object('purpose', given.purpose)`,
      from: given,
    }),
    db
      .insert(consents)
      .select(sql`select ${newRowId}, given.user_id, given.purpose, given.version, 'withdrawn', ${now} ${given}`),
    eventsOf({
      type: 'privacy.settings_changed',
      subject: sql`${userId}`,
      data: sql`json_object('after', json((select json_group_object(key, null) from json_each(switches))))`,
      from: sql`from ${privacySettings} where ${hasSettings}`,
    }),
    db.delete(privacySettings).where(hasSettings),
    eventsOf({
      type: 'privacy.request_changed',
      subject: sql`${dataRequests.id}`,
      data: sql`json_object('before', json_object('status', ${dataRequests.status}), 'after', json_object('status', 'rejected'))`,
      from: sql`from ${dataRequests} where ${isOpen}`,
    }),
    db
      .update(dataRequests)
      .set({ status: 'rejected', answer: ANSWER, completedAt: now, updatedAt: now, remindAt: null })
      .where(isOpen),
  ] as const
}
