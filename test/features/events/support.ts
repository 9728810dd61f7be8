import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import type { EventHub } from '../../../src/durable/event-hub/event-hub.ts'
import type { UserAuthority } from '../../../src/durable/user-authority/user-authority.ts'
import { createClient } from '../../../src/features/clients/service.ts'
import { loadSigningKey, mintClientToken } from '../../../src/features/keys/service/tokens.ts'
import { openSession } from '../../../src/features/sessions/service/opening.ts'
import { createUser } from '../../../src/features/users/service/users.ts'
import type { RecordedEvent } from '../../../src/lib/event.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { env, type TestApp } from '../../support/app.ts'

export const userStub = (userId: string) =>
  (env.USER_AUTHORITY as unknown as DurableObjectNamespace<UserAuthority>).getByName(userId)

export const hubStub = (topic: string) =>
  (env.EVENT_HUB as unknown as DurableObjectNamespace<EventHub>).getByName(topic)

/** A user with a session. */
export async function freshUser(app: TestApp, { role = 'user' }: { role?: string } = {}) {
  const ctx = await app.ctx()
  const nudges: Promise<unknown>[] = []
  const defer = (work: Promise<unknown>) => void nudges.push(work)
  const user = await createUser({ ...ctx, defer }, { email: `${newUuid()}@example.test`, role })
  // `user.created` is in the log before anything that the test does.
  await Promise.all(nudges)
  const open = async () => {
    const { session, tokens } = await openSession(ctx, { user, amr: ['pwd'] })
    return { sessionId: session.id, token: tokens.accessToken }
  }
  // A new stub each time: the stub of a killed object is broken.
  const stub = () => userStub(user.id)
  const { sessionId, token } = await open()
  return {
    id: user.id,
    email: user.email,
    channel: `user:${user.id}`,
    sessionId,
    token,
    stub,
    nudge: () => stub().nudge({ userId: user.id }),
    /** Another session. */
    open,
    end: (id: string) =>
      stub().endSession({
        userId: user.id,
        sessionId: id,
        reason: 'revoked',
        actor: { type: 'user', id: user.id },
        caller: { ip: '192.0.2.1', country: null, userAgent: null },
      }),
    /** Appends to the user's log through D1, as a change does. Returns the events' ids. */
    publish: (count: number, changes: Partial<RecordedEvent> = {}) => publish(user.id, count, changes),
    /** The ids in the object's log, in order of seq. */
    logged: (): Promise<string[]> =>
      runInDurableObject(stub(), (_, state) =>
        state.storage.sql
          .exec<{ id: string }>(`select event ->> 'id' as id from event_log order by seq`)
          .toArray()
          .map(({ id }) => id),
      ),
    /** Evicts the object from memory; its sockets hibernate. */
    hibernate: () => evictDurableObject(stub()),
    /** Kills the object with its sockets, whatever it is doing. */
    kill: () => killObject(stub()),
  }
}

/** As a crash: memory and sockets are gone, storage stays. */
export async function killObject(stub: DurableObjectStub): Promise<void> {
  const died = runInDurableObject(stub, (_, state) => state.abort('killed by the test'))
  await died.catch((cause: unknown) => String(cause))
}

export const testEvent = (changes: Partial<RecordedEvent> = {}): RecordedEvent => ({
  id: newUuid(),
  type: 'test.happened',
  time: Date.now(),
  subject: 'subject',
  userId: null,
  actor: { type: 'system', id: 'test' },
  sessionId: null,
  organizationId: null,
  data: {},
  ip: '192.0.2.9',
  userAgent: 'secret agent',
  ...changes,
})

const ROW =
  'insert into events (id, type, time, subject, user_id, actor_type, actor_id, organization_id, data, ip, user_agent, feed_entry, claims_version) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)'

/** Undelivered rows, as after a crash between the commit and its nudge. */
export async function insertRows(
  userId: string | null,
  count: number,
  changes: Partial<RecordedEvent> & { feedEntry?: unknown; claimsVersion?: number } = {},
): Promise<string[]> {
  const events = Array.from({ length: count }, (_, index) => testEvent({ data: { index }, ...changes }))
  const insert = env.DB.prepare(ROW)
  const feedEntry = changes.feedEntry ? JSON.stringify(changes.feedEntry) : null
  await env.DB.batch(
    events.map((event) =>
      insert.bind(
        event.id,
        event.type,
        event.time,
        event.subject,
        userId,
        event.actor.type,
        event.actor.id,
        event.organizationId,
        JSON.stringify(event.data),
        event.ip,
        event.userAgent,
        feedEntry,
        changes.claimsVersion ?? null,
      ),
    ),
  )
  return events.map(({ id }) => id)
}

async function publish(userId: string, count: number, changes: Partial<RecordedEvent>): Promise<string[]> {
  const ids = await insertRows(userId, count, changes)
  await userStub(userId).nudge({ userId })
  return ids
}

/** A new machine with a token. */
export async function freshMachine(app: TestApp, scopes: readonly string[] = ['events:read']) {
  const ctx = await app.ctx()
  const actor = { type: 'system', id: 'test' } as const
  const { client } = await createClient(ctx, { name: 'robot', scopes, actor })
  const now = Math.floor(ctx.now() / 1000)
  const token = await mintClientToken(await loadSigningKey(ctx), {
    iss: ctx.config.PUBLIC_URL,
    aud: ctx.config.AUDIENCE,
    client_id: client.id,
    sub: client.id,
    jti: newUuid(),
    iat: now,
    exp: now + 600,
    type: 'access',
    scope: scopes.join(' '),
  })
  return { id: client.id, token }
}

/** Sets an object's clock and runs the alarms that are due. */
export async function runAlarmsAt(stub: DurableObjectStub<UserAuthority | EventHub>, now: number): Promise<void> {
  await runInDurableObject(stub, (object) => {
    object.clock = () => now
  })
  await runDurableObjectAlarm(stub)
}
