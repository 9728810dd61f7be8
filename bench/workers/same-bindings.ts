import { DurableObject } from 'cloudflare:workers'

// The least that a Worker with Postern's bindings can do for its first check: it asks D1 and the feed once.
export class UserAuthority extends DurableObject {}
export class SignInGuard extends DurableObject {}
export class EventHub extends DurableObject {}
export class WebhookEndpoint extends DurableObject {}
export class RevocationFeed extends DurableObject {
  pull(): readonly unknown[] {
    return this.ctx.storage.sql.exec('select 1').toArray()
  }
}

interface Env {
  readonly DB: D1Database
  readonly REVOCATION_FEED: DurableObjectNamespace<RevocationFeed>
}

export default {
  async fetch(_request, { DB, REVOCATION_FEED }) {
    const { results } = await DB.prepare('select * from signing_keys').all()
    await REVOCATION_FEED.getByName('feed').pull()
    return new Response(null, { headers: { 'X-Keys': String(results.length) } })
  },
  queue: () => undefined,
} satisfies ExportedHandler<Env>
