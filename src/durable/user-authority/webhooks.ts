import type { EarlyCtx } from '../../context.ts'
import type { MigrationSteps } from '../migrations.ts'
import type { LoggedEvent } from '../rpc.ts'

// Webhook endpoints of the user: each gets the events of the user's log, through the outbox.

export const USER_WEBHOOK_MIGRATIONS: MigrationSteps = ['create table webhooks (id text primary key) without rowid']

const PREFIX = 'webhook:'

export const registerWebhook = (sql: SqlStorage, endpointId: string): unknown =>
  sql.exec('insert into webhooks (id) values (?) on conflict do nothing', endpointId)

/** The outbox destinations of the user's endpoints. */
export const webhookDestinations = (sql: SqlStorage): string[] =>
  sql
    .exec<{ id: string }>('select id from webhooks order by id')
    .toArray()
    .map(({ id }) => PREFIX + id)

export const isWebhook = (destination: string): boolean => destination.startsWith(PREFIX)

/** Throws unless the endpoint has stored the events. One that does not want them gets no more. */
export async function deliverToWebhook(
  { objects }: Pick<EarlyCtx, 'objects'>,
  { sql, userId }: { sql: SqlStorage; userId: string },
  destination: string,
  events: readonly LoggedEvent[],
): Promise<void> {
  const id = destination.slice(PREFIX.length)
  const { subscribed } = await objects.webhook(id).takeEvents({ topic: `user:${userId}`, events })
  if (!subscribed) sql.exec('delete from webhooks where id = ?', id)
}
