import { createApp } from './app.ts'
import { type Env, requireConfig } from './config.ts'
import { type Ctx, createContext, sharedIsolate } from './context.ts'
import { EventHub as HubObject } from './durable/event-hub/event-hub.ts'
import { UserAuthority as UserObject } from './durable/user-authority/user-authority.ts'
import { findSocketIdentity } from './features/sockets/service/open.ts'
import { runQueue, runScheduled } from './jobs.ts'

export { RevocationFeed } from './durable/revocation-feed/revocation-feed.ts'
export { SignInGuard } from './durable/sign-in-guard/sign-in-guard.ts'

export class EventHub extends HubObject {
  protected override readonly identify = findSocketIdentity
}

export class UserAuthority extends UserObject {
  protected override readonly identify = findSocketIdentity
}

const app = createApp({ isolate: sharedIsolate })

/** Throws when the deployment is not configured: cron and queues try again later. */
async function backgroundContext(env: Env, execution: ExecutionContext): Promise<Ctx> {
  return createContext({
    env,
    config: await requireConfig(env),
    isolate: sharedIsolate,
    waitUntil: (work) => execution.waitUntil(work),
  })
}

export default {
  fetch: (request, env, execution) => app.fetch(request, env, execution),
  scheduled: async (_event, env, execution) => runScheduled(await backgroundContext(env, execution)),
  queue: async (batch, env, execution) => runQueue(await backgroundContext(env, execution), batch),
} satisfies ExportedHandler<Env>
