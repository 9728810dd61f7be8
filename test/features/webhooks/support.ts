import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test'
import { Webhook as StandardWebhook } from 'standardwebhooks'
import { Webhook as SvixWebhook } from 'svix'
import { expect, vi } from 'vitest'
import type { Ctx } from '../../../src/context.ts'
import type { LoggedEvent } from '../../../src/durable/rpc.ts'
import type { WebhookEndpoint } from '../../../src/durable/webhook-endpoint/webhook-endpoint.ts'
import type { RecordedEvent } from '../../../src/lib/event.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { toStandardSecret } from '../../../src/lib/webhooks/signature.ts'
import { env } from '../../support/app.ts'
import { withMethods } from '../../support/objects.ts'
import type { Person, Reply } from '../../support/organizations.ts'
import { testEvent } from '../events/support.ts'

export const WEBHOOKS = '/api/v1/webhooks'

/** What a receiver answers, in turn; the last one for ever. */
type Answer = Response | (() => Response | Promise<Response>)

export interface Received {
  readonly url: string
  readonly headers: Headers
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
  readonly json: any
}

/** A server that endpoints post to: `fetch` of their objects ends here. */
export class Receiver {
  readonly received: Received[] = []
  answers: Answer[] = [() => new Response('thanks')]
  /** Called while a delivery is in flight. */
  meanwhile: (received: Received) => unknown = () => undefined

  readonly fetch = (async (input: string, init: RequestInit = {}) => {
    const body = String(init.body)
    const received = { url: String(input), headers: new Headers(init.headers), body, json: JSON.parse(body) }
    this.received.push(received)
    await this.meanwhile(received)
    const answer = this.answers.length > 1 ? this.answers.shift() : this.answers[0]
    return typeof answer === 'function' ? answer() : (answer ?? new Response())
  }) as unknown as typeof fetch

  /** Ids of the events, in the order in which they came. */
  ids(): string[] {
    return this.received.flatMap(({ json }) => (json.events ?? [json]).map(({ id }: { id: string }) => id))
  }
}

export const answering =
  (status: number, headers: Record<string, string> = {}) =>
  () =>
    new Response(status === 204 || status === 304 ? null : `status ${status}`, { status, headers })

export const webhookStub = (id: string) =>
  (env.WEBHOOK_ENDPOINT as unknown as DurableObjectNamespace<WebhookEndpoint>).getByName(id)

/** Nobody listens there: what is delivered before a test has its receiver in place reaches nobody. */
export const URL_OF_NOBODY = 'http://127.0.0.1:1/in'
export const NEW = { url: URL_OF_NOBODY, events: ['user.*'] }

export const make = (person: Person, fields: object = {}): Promise<Reply> =>
  person.call('POST', WEBHOOKS, { ...NEW, ...fields })

/** A made endpoint with a receiver, whose object has a clock that the test moves. Nothing is delivered until the test says so. */
export async function openEndpoint(person: Person, fields: object = {}) {
  const made = await make(person, fields)
  if (made.status !== 201) throw new Error(JSON.stringify(made.body))
  const endpoint = await attach(made.body)
  // Above what its real log hands over meanwhile, which is taken for repeats.
  endpoint.log.head = 1_000_000
  await endpoint.inside((_, { storage }) =>
    storage.sql.exec("update state set value = '1000000' where name = 'position'").toArray(),
  )
  return endpoint
}

// biome-ignore lint/suspicious/noExplicitAny: tests read what they expect
export async function attach(webhook: any) {
  const { id } = webhook as { id: string }
  const receiver = new Receiver()
  // Ahead of the real time, so that the platform runs no alarm by itself: the test does.
  const clock = { now: Date.now() + 3_600_000 }
  const stub = () => webhookStub(id)
  const inside = <T>(work: (object: WebhookEndpoint, state: DurableObjectState) => T | Promise<T>): Promise<T> =>
    runInDurableObject(stub(), work)
  /** The log's head, as far as the test has handed events over. */
  const log = { head: 0 }
  const withHead = ({ hub, user, ...others }: Ctx['objects']): Ctx['objects'] => {
    const atLeast = async (answer: Promise<{ head: number }>) => ({ head: Math.max((await answer).head, log.head) })
    return {
      ...others,
      hub: (topic) =>
        withMethods(hub(topic), { registerWebhook: (input) => atLeast(hub(topic).registerWebhook(input)) }),
      user: (userId) =>
        withMethods(user(userId), { registerWebhook: (input) => atLeast(user(userId).registerWebhook(input)) }),
    }
  }
  const moved = () => clock.now
  /** Of an object that the platform has evicted meanwhile, too. */
  const prepare = () =>
    inside((object) => {
      if (object.clock === moved) return
      const real = object.context
      object.clock = moved
      object.random = () => 0.5
      object.context = () => {
        const ctx = real()
        return { ...ctx, objects: withHead(ctx.objects), fetch: receiver.fetch, now: () => clock.now }
      }
    })
  await prepare()
  let handed: readonly LoggedEvent[] = []
  const topicOf = (): string => {
    if (webhook.organization_id) return `organization:${webhook.organization_id}`
    return webhook.user_id ? `user:${webhook.user_id}` : 'platform'
  }
  return {
    id,
    webhook,
    secret: webhook.secret as string,
    receiver,
    clock,
    stub,
    inside,
    prepare,
    topic: topicOf(),
    log,
    /** Hands events over as the endpoint's log does. Returns their ids. */
    hand: async (count: number, changes: Partial<RecordedEvent> = {}, skipped = 0): Promise<string[]> => {
      const scope = { organizationId: webhook.organization_id ?? null, userId: webhook.user_id ?? null }
      const events = Array.from({ length: count }, (_, index) => ({
        seq: log.head + skipped + index + 1,
        event: testEvent({ type: 'user.updated', ...scope, ...changes, id: newUuid() }),
      }))
      log.head += skipped + count
      handed = events
      await prepare()
      const { subscribed } = await stub().takeEvents({ topic: topicOf(), events })
      if (!subscribed) throw new Error('the endpoint does not want events')
      return events.map(({ event }) => event.id)
    },
    /** As a log that heard no answer. */
    handAgain: () => stub().takeEvents({ topic: topicOf(), events: handed }),
    /** Moves the clock and runs the alarms that are due. */
    run: async (ms = 0): Promise<void> => {
      clock.now += ms
      await prepare()
      await runDurableObjectAlarm(stub())
    },
    restart: async () => {
      await evictDurableObject(stub())
      await prepare()
    },
    waiting: () =>
      inside((_, state) =>
        state.storage.sql
          .exec<{ seq: number; attempts: number; next_at: number; head: number | null }>(
            'select * from waiting order by seq',
          )
          .toArray(),
      ),
    deliveries: () => stub().listDeliveries({ limit: 100, offset: 0 }),
  }
}

export type Endpoint = Awaited<ReturnType<typeof openEndpoint>>

async function hmac(secret: string, text: string): Promise<Uint8Array> {
  const encoder = new TextEncoder()
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const key = await crypto.subtle.importKey('raw', encoder.encode(secret), algorithm, false, ['sign'])
  return new Uint8Array(await crypto.subtle.sign('HMAC', key, encoder.encode(text)))
}

/** Throws unless the delivery is signed: by every secret as Standard Webhooks has it, by the first in Janua's two ways. */
export async function requireSigned({ headers, body }: Received, secrets: readonly string[]): Promise<void> {
  const timestamp = headers.get('webhook-timestamp')
  const fields = Object.fromEntries(headers)
  // The library compares with the time, which the test has moved.
  vi.useFakeTimers({ toFake: ['Date'], now: Number(timestamp) * 1000 })
  for (const secret of secrets) {
    new StandardWebhook(secret, { format: 'raw' }).verify(body, fields)
    new SvixWebhook(toStandardSecret(secret)).verify(body, fields)
  }
  vi.useRealTimers()
  const [newest = ''] = secrets
  expect(headers.get('webhook-signature')?.split(' ')).toHaveLength(secrets.length)
  expect(headers.get('x-webhook-timestamp')).toBe(timestamp)
  expect(headers.get('x-webhook-signature')).toBe((await hmac(newest, `${timestamp}.${body}`)).toHex())
  expect(headers.get('x-janua-signature')).toBe(`sha256=${(await hmac(newest, body)).toHex()}`)
}
