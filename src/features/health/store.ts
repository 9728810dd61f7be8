import { sql } from 'drizzle-orm'
import type { Ctx } from '../../context.ts'
import type { StoreName } from './service.ts'

/** The name of objects that exist only for probes: a probe must not wake or create a user's object. */
const PROBED = 'health'

/** The cheapest call that each store itself has to answer. Rejects when the store fails. */
export const probes: Readonly<Record<StoreName, (ctx: Pick<Ctx, 'db' | 'kv' | 'objects'>) => Promise<unknown>>> = {
  database: async ({ db }) => await db.run(sql`select 1`),
  kv: async ({ kv }) => await kv.get('health:probe'),
  user_authority: async ({ objects }) => await objects.user(PROBED).ping(),
  sign_in_guard: async ({ objects }) => await objects.guard(PROBED).ping(),
  revocation_feed: async ({ objects }) => await objects.feed().ping(),
  event_hub: async ({ objects }) => await objects.hub('platform').ping(),
}
