import { sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import type { StoreName } from './service.ts'

/** Names that belong to no user: a probe must not wake, or make, anybody's object. */
const PROBED = 'health'

/** Asks each store the cheapest question that it has to answer itself. Each rejects when the store fails. */
export const probes: Readonly<Record<StoreName, (ctx: Pick<Ctx, 'db' | 'kv' | 'objects'>) => Promise<unknown>>> = {
  database: async ({ db }) => await db.run(sql`select 1`),
  kv: async ({ kv }) => await kv.get('health:probe'),
  user_authority: async ({ objects }) => await objects.user(PROBED).ping(),
  sign_in_guard: async ({ objects }) => await objects.guard(PROBED).ping(),
  revocation_feed: async ({ objects }) => await objects.feed().ping(),
  event_hub: async ({ objects }) => await objects.hub('platform').ping(),
}
