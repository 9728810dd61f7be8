import { type Env, requireConfig } from './config.ts'
import { type Ctx, createContext, sharedIsolate, withDb } from './context.ts'
import { EventHub as HubObject } from './durable/event-hub/event-hub.ts'
import { UserAuthority as UserObject } from './durable/user-authority/user-authority.ts'
import { WebhookEndpoint as WebhookObject } from './durable/webhook-endpoint/webhook-endpoint.ts'
import { findOrganizationAccess, findSocketIdentity } from './features/sockets/service/open.ts'
import { late } from './lib/late.ts'
import { createApp } from './worker.ts'

export { RevocationFeed } from './durable/revocation-feed/revocation-feed.ts'
export { SignInGuard } from './durable/sign-in-guard/sign-in-guard.ts'

export class EventHub extends HubObject {
  protected override readonly identify = findSocketIdentity
}

export class UserAuthority extends UserObject {
  protected override readonly identify = findSocketIdentity
  protected override readonly findAccess = findOrganizationAccess
}

const webhookHost = late(async () => (await import('./features/webhooks/service/host.ts')).webhookHost)

export class WebhookEndpoint extends WebhookObject {
  protected override readonly host = webhookHost
}

const app = createApp({ isolate: sharedIsolate })
const jobs = late(() => import('./jobs.ts'))

/** Throws when the deployment is not configured: cron and queues try again later. */
async function backgroundContext(env: Env, execution: ExecutionContext): Promise<Ctx> {
  const config = await requireConfig(env)
  const waitUntil = (work: Promise<unknown>) => execution.waitUntil(work)
  return withDb(createContext({ env, config, isolate: sharedIsolate, waitUntil }))
}

export default {
  fetch: (request, env, execution) => app.fetch(request, env, execution),
  async scheduled(_event, env, execution) {
    const { runScheduled } = await jobs.load()
    await runScheduled(await backgroundContext(env, execution))
  },
  async queue(batch, env, execution) {
    const { runQueue } = await jobs.load()
    await runQueue(await backgroundContext(env, execution), batch)
  },
} satisfies ExportedHandler<Env>
