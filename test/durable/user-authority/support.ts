import { evictDurableObject, runInDurableObject } from 'cloudflare:test'
import type { Ctx, EarlyCtx } from '../../../src/context.ts'
import type { Caller, Grant, OpenSessionInput, RotateInput } from '../../../src/durable/rpc.ts'
import type { UserAuthority } from '../../../src/durable/user-authority/user-authority.ts'
import type { RecordedEvent } from '../../../src/lib/event.ts'
import { newUuid } from '../../../src/lib/ids.ts'
import { env } from '../../support/app.ts'

export const HOME = '203.0.113.7'
export const OTHER_NETWORK = '198.51.100.9'

export const callerAt = (ip: string): Caller => ({ ip, country: 'NL', userAgent: 'test/1' })

/** A new user: one object, with a clock that the test sets. */
export async function freshAuthority(start = Date.now()) {
  const userId = newUuid()
  const namespace = env.USER_AUTHORITY as unknown as DurableObjectNamespace<UserAuthority>
  const stub = namespace.getByName(userId)
  const clock = { now: start }
  const inside = <T>(work: (object: UserAuthority, state: DurableObjectState) => T | Promise<T>): Promise<T> =>
    runInDurableObject(stub, work)
  const real: { context: () => EarlyCtx } = {
    context: () => {
      throw new Error('not prepared')
    },
  }
  const prepare = () =>
    inside((object) => {
      object.clock = () => clock.now
      real.context = object.context
    })
  await prepare()
  return {
    userId,
    stub,
    clock,
    inside,
    /** Replaces the bindings that the object delivers through. */
    breakReceivers: (override: (ctx: Ctx) => Ctx) =>
      inside((object) => {
        object.context = () => override(real.context() as Ctx)
      }),
    restoreReceivers: () =>
      inside((object) => {
        object.context = real.context
      }),
    /** Evicts the object from memory; the next call restores it from storage. */
    restart: async () => {
      await evictDurableObject(stub)
      await prepare()
    },
    open: async (changes: Partial<OpenSessionInput> = {}): Promise<Grant> => {
      const result = await stub.open(openInput(userId, changes))
      if (result.outcome !== 'opened') throw new Error(result.outcome)
      return result.grant
    },
    tryOpen: (changes: Partial<OpenSessionInput> = {}) => stub.open(openInput(userId, changes)),
    rotate: (grant: Pick<Grant, 'session' | 'generation' | 'proof'>, changes: Partial<RotateInput> = {}) =>
      stub.rotate({
        userId,
        sessionId: grant.session.id,
        generation: grant.generation,
        proof: grant.proof,
        idempotencyKeyHash: null,
        authVersion: 1,
        keptSessionId: null,
        claimsVersion: 1,
        caller: callerAt(HOME),
        ...changes,
      }),
    end: (sessionId: string) =>
      stub.endSession({
        userId,
        sessionId,
        reason: 'revoked',
        actor: { type: 'user', id: userId },
        caller: callerAt(HOME),
      }),
    /** The events in the user's own log, oldest first. */
    events: (): Promise<RecordedEvent[]> =>
      inside((_, state) =>
        state.storage.sql
          .exec<{ event: string }>('select event from event_log order by seq')
          .toArray()
          .map(({ event }) => JSON.parse(event) as RecordedEvent),
      ),
    eventTypes: async function () {
      return (await this.events()).map(({ type }) => type)
    },
    /** Destinations of undelivered rows. */
    outbox: (): Promise<{ destination: string; payload: unknown }[]> =>
      inside((_, state) =>
        state.storage.sql
          .exec<{ destination: string; payload: string }>('select destination, payload from outbox order by id')
          .toArray()
          .map((row) => ({ destination: row.destination, payload: JSON.parse(row.payload) as unknown })),
      ),
  }
}

export type Authority = Awaited<ReturnType<typeof freshAuthority>>

function openInput(userId: string, changes: Partial<OpenSessionInput>): OpenSessionInput {
  return {
    userId,
    clientId: 'postern',
    authVersion: 1,
    keptSessionId: null,
    claimsVersion: 1,
    amr: ['pwd'],
    authTime: 1_800_000_000,
    organizationId: null,
    caller: callerAt(HOME),
    events: [{ type: 'user.signed_in' }],
    ...changes,
  }
}
