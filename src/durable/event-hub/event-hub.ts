import { DurableObject } from 'cloudflare:workers'
import { type Config, type Env, isBroken, loadConfig } from '../../config.ts'
import { createContext, type EarlyCtx, sharedIsolate, systemClock, withDb } from '../../context.ts'
import type { UndeliveredEvent } from '../../db/delivery.ts'
import type { FeedEntry, RecordedEvent } from '../../lib/event.ts'
import { late } from '../../lib/late.ts'
import { createLog } from '../../lib/log.ts'
import { DAY, SECOND } from '../../lib/time.ts'
import { ALARM_MIGRATIONS, createAlarms } from '../alarms.ts'
import { deliver, FEED, PLATFORM_HUB } from '../destinations.ts'
import { createEventLog, EVENT_LOG_MIGRATIONS } from '../event-log.ts'
import { applyMigrations } from '../migrations.ts'
import { createOutbox, OUTBOX_ALARM, OUTBOX_MIGRATIONS } from '../outbox.ts'
import type * as Rpc from '../rpc.ts'
import { codeOfAnswer } from '../sockets/frames.ts'
import { createSockets, type IdentifyToken } from '../sockets/sockets.ts'
import { createTickets, TICKET_MIGRATIONS } from '../sockets/tickets.ts'
import { createFanOut, FAN_OUT_MIGRATIONS, type Receiver } from './fan-out.ts'

// What asks D1 is loaded at first use.
const record = late(() => import('../../db/delivery.ts'))

const LOG_ALARM = 'log'
/** How long a change waits for the feed before it answers `propagated: false`. */
const PROPAGATION_MS = 2 * SECOND
const ROWS_PER_READ = 100
const MAX_PAGE = 500
/** The platform allows 32,768 sockets for each object. */
const MAX_SOCKETS = 32_000

/** The ordered log of one topic, sent to registered objects and to sockets of service clients. The logic is in the modules beside it. */
export abstract class EventHub extends DurableObject<Env> implements Rpc.EventHubRpc {
  /** Resolves an access token to the identity of a socket. The Worker supplies it: `durable` does not depend on features. */
  protected abstract readonly identify: IdentifyToken
  /** Epoch milliseconds; tests replace it. */
  clock: () => number = systemClock
  /** A new context for each use: a D1 session need not see what others have written since it began. */
  context: () => EarlyCtx = () => this.#createContext()

  readonly #logger = createLog({ object: 'event-hub' })
  readonly #log = createEventLog(this.ctx.storage.sql)
  readonly #alarms = createAlarms(this.ctx.storage, this.#logger)
  readonly #tickets = createTickets(this.ctx.storage.sql)
  readonly #outbox = createOutbox({
    storage: this.ctx.storage,
    alarms: this.#alarms,
    log: this.#logger,
    clock: () => this.clock(),
    deliver: (destination, payloads) => deliver(this.context(), destination, payloads, this.clock()),
    setAside: async (letters) => (await record.load()).keepDeadLetters(await withDb(this.context()), null, letters),
  })
  readonly #fanOut = createFanOut({
    storage: this.ctx.storage,
    log: this.#log,
    alarms: this.#alarms,
    logger: this.#logger,
    clock: () => this.clock(),
    defer: (work) => this.ctx.waitUntil(work),
    send: ({ kind, id }, topic, events) => {
      const { objects } = this.context()
      return kind === 'user'
        ? objects.user(id).takeHubEvents({ topic, events })
        : objects.webhook(id).takeEvents({ topic, events })
    },
  })
  readonly #sockets = createSockets({
    state: this.ctx,
    log: this.#log,
    alarms: this.#alarms,
    hub: null,
    tickets: this.#tickets,
    logger: this.#logger,
    limit: MAX_SOCKETS,
    clock: () => this.clock(),
    verify: (token) => this.identify(this.context(), token),
    isLive: ({ principal }) => principal.type === 'client',
    findAccess: async () => null,
    claimsVersion: () => 0,
  })
  #config: Config | null = null

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    void state.blockConcurrencyWhile(async () => {
      applyMigrations(state.storage, {
        alarms: ALARM_MIGRATIONS,
        outbox: OUTBOX_MIGRATIONS,
        log: EVENT_LOG_MIGRATIONS,
        tickets: TICKET_MIGRATIONS,
        fanOut: FAN_OUT_MIGRATIONS,
      })
      const config = await loadConfig(env)
      if (isBroken(config)) throw new Error('not configured')
      this.#config = config
      this.#outbox.restore()
      await this.#alarms.restore()
    })
  }

  async append(input: { topic: string; events: readonly RecordedEvent[] }): Promise<{ head: number }> {
    this.#take(input.topic, input.events)
    return { head: this.#log.head() }
  }

  nudge({ topic }: { topic: string }): Promise<Rpc.Propagation> {
    return this.#takeRecorded(topic, null)
  }

  nudgeOrganization({ organizationId }: { organizationId: string }): Promise<Rpc.Propagation> {
    return this.#takeRecorded(`organization:${organizationId}`, organizationId)
  }

  async #takeRecorded(topic: string, organizationId: string | null): Promise<Rpc.Propagation> {
    const [{ markDelivered, readUndelivered }, { db }] = await Promise.all([record.load(), withDb(this.context())])
    let rows: readonly UndeliveredEvent[]
    do {
      rows = await readUndelivered(db, { userId: null, organizationId }, ROWS_PER_READ)
      const feed = rows.flatMap(({ feedEntry }) => feedEntry ?? [])
      const events = rows.map(({ event }) => event)
      // A user's object tells `platform` of its events itself.
      this.#take(topic, events, { feed, hubs: organizationId === null ? [] : [PLATFORM_HUB] })
      for (const entry of feed) if (entry.kind === 'client') this.#sockets.closeClient(entry.id)
      await markDelivered(
        db,
        events.map(({ id }) => id),
        this.clock(),
      )
    } while (rows.length === ROWS_PER_READ)
    return { propagated: await this.#outbox.settle(FEED, PROPAGATION_MS) }
  }

  async register({ topic, userId }: { topic: string; userId: string }): Promise<{ head: number }> {
    return this.#register(topic, { kind: 'user', id: userId })
  }

  async registerWebhook({ topic, endpointId }: { topic: string; endpointId: string }): Promise<{ head: number }> {
    return this.#register(topic, { kind: 'webhook', id: endpointId })
  }

  #register(topic: string, receiver: Receiver): { head: number } {
    this.ctx.storage.transactionSync(() => this.#fanOut.register(topic, receiver))
    return { head: this.#log.head() }
  }

  async read(input: { topic: string; after: number; limit: number }): Promise<Rpc.LogPage> {
    return this.#log.read(input.after, Math.min(input.limit, MAX_PAGE))
  }

  async issueTicket(input: { topic: string; identity: Rpc.SocketIdentity; expiresAt: number }) {
    return { ticket: this.#tickets.issue(input.identity, this.clock(), input.expiresAt) }
  }

  async ping(): Promise<'ok'> {
    return 'ok'
  }

  override async fetch(request: Request): Promise<Response> {
    return this.#sockets.upgrade(request)
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#sockets.message(socket, data)
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    socket.close(codeOfAnswer(code))
  }

  override alarm(): Promise<void> {
    return this.#alarms.run(this.clock(), (name) => this.#onAlarm(name))
  }

  async #onAlarm(name: string): Promise<void> {
    if (name === OUTBOX_ALARM) await this.#outbox.flush()
    if (name === LOG_ALARM) this.#pruneLog()
    await this.#fanOut.onAlarm(name)
    await this.#sockets.onAlarm(name)
  }

  /**
   * Log, outbox and the fan-out's alarm are written in one transaction; sockets and objects get the events after it.
   * Events that are new to the log are passed on to `hubs`.
   */
  #take(
    topic: string,
    events: readonly RecordedEvent[],
    { feed, hubs }: { feed: readonly FeedEntry[]; hubs: readonly string[] } = { feed: [], hubs: [] },
  ): void {
    const logged = this.ctx.storage.transactionSync(() => {
      const added = this.#log.append(events, this.clock())
      this.#outbox.put(FEED, feed)
      const passedOn = added.map(({ event }) => event)
      for (const hub of hubs) this.#outbox.put(hub, passedOn)
      if (added.length > 0) {
        this.#fanOut.ensureAlarm()
        this.#alarms.ensure(LOG_ALARM, this.clock() + DAY)
      }
      return added
    })
    if (feed.length + hubs.length > 0) this.ctx.waitUntil(this.#outbox.flush())
    if (logged.length === 0) return
    this.#sockets.deliver(topic, logged)
    this.#fanOut.wake()
  }

  #pruneLog(): void {
    const next = this.#log.prune(this.clock())
    if (next !== null) this.#alarms.set(LOG_ALARM, next)
  }

  #createContext(): EarlyCtx {
    if (!this.#config) throw new Error('not configured')
    return createContext({
      env: this.env,
      config: this.#config,
      isolate: sharedIsolate,
      waitUntil: (work) => this.ctx.waitUntil(work),
    })
  }
}
