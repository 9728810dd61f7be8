import { DurableObject } from 'cloudflare:workers'
import { type Config, type Env, requireConfig } from '../../config.ts'
import { createContext, type EarlyCtx, sharedIsolate, systemClock, withDb } from '../../context.ts'
import { late } from '../../lib/late.ts'
import { createLog } from '../../lib/log.ts'
import { DAY, SECOND } from '../../lib/time.ts'
import { createAlarms } from '../alarms.ts'
import { deliver, FEED, writeJournal } from '../destinations.ts'
import { createEventLog } from '../event-log.ts'
import { applyMigrations } from '../migrations.ts'
import { createOutbox, OUTBOX_ALARM } from '../outbox.ts'
import type * as Rpc from '../rpc.ts'
import { codeOfAnswer } from '../sockets/frames.ts'
import type { FindAccess, IdentifyToken } from '../sockets/sockets.ts'
import { createTickets } from '../sockets/tickets.ts'
import { readUserId } from './credentials.ts'
import { eraseRows, exportRows, FORGET_ALARM, hasLiveSession, mayDeleteStorage, TOMBSTONE_MS } from './erase.ts'
import { endSession, endSessions, nextSessionDue, openSession, sweepSessions, touchSession } from './sessions.ts'
import { checkSession, findSession, listSessions } from './snapshots.ts'
import { activateOrganization, stepUpSession } from './step-up.ts'
import { USER_AUTHORITY_MIGRATIONS } from './tables.ts'
import { newJournal, type Transaction } from './transaction.ts'
import { createUserSockets } from './user-sockets.ts'
import { deliverToWebhook, isWebhook, registerWebhook, webhookDestinations } from './webhooks.ts'

// What asks D1, names devices or compares networks is loaded at first use.
const record = late(() => import('../../db/delivery.ts'))
const undelivered = late(() => import('./undelivered.ts'))
const rotation = late(() => import('./rotate.ts'))
const browser = late(() => import('./browser.ts'))
const agents = late(() => import('../../lib/user-agent.ts'))

const SESSIONS_ALARM = 'sessions'
/** Prunes the event log. */
const LOG_ALARM = 'log'
/** How long the end of a session waits for the feed before it answers `propagated: false`. */
const PROPAGATION_MS = 2 * SECOND

/** Owns one user's sessions and the order of that user's events. The rules are in the modules beside it. */
export abstract class UserAuthority extends DurableObject<Env> implements Rpc.UserAuthorityRpc {
  /** Resolves an access token to the identity of a socket. The Worker supplies it: `durable` does not depend on features. */
  protected abstract readonly identify: IdentifyToken
  /** What a user may read of an organization. Supplied as `identify` is. */
  protected abstract readonly findAccess: FindAccess
  /** Epoch milliseconds; tests replace it. */
  clock: () => number = systemClock
  /** A new context for each use: a D1 session need not see what others have written since it began. */
  context: () => EarlyCtx = () => this.#createContext()

  readonly #logger = createLog({ object: 'user-authority' })
  readonly #sql = this.ctx.storage.sql
  readonly #log = createEventLog(this.#sql)
  readonly #alarms = createAlarms(this.ctx.storage, this.#logger)
  readonly #outbox = createOutbox({
    storage: this.ctx.storage,
    alarms: this.#alarms,
    log: this.#logger,
    clock: () => this.clock(),
    deliver: (destination, payloads) => this.#deliver(destination, payloads),
    setAside: async (letters) =>
      (await record.load()).keepDeadLetters(await withDb(this.context()), this.#userId(), letters),
  })
  readonly #tickets = createTickets(this.#sql)
  readonly #sockets = createUserSockets({
    state: this.ctx,
    log: this.#log,
    alarms: this.#alarms,
    tickets: this.#tickets,
    logger: this.#logger,
    clock: () => this.clock(),
    context: () => this.context(),
    verify: (token) => this.identify(this.context(), token),
    findAccess: (identity, organizationId) => this.findAccess(this.context(), identity, organizationId),
    userId: () => this.#userId() ?? '',
  })
  #config: Config | null = null
  /** The storage was deleted, so the next call creates the tables again. */
  #isStorageDeleted = false

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    void state.blockConcurrencyWhile(async () => {
      applyMigrations(state.storage, USER_AUTHORITY_MIGRATIONS)
      this.#config = await requireConfig(env)
      this.#outbox.restore()
      await this.#alarms.restore()
    })
  }

  async open(input: Rpc.OpenSessionInput): Promise<Rpc.OpenSessionResult> {
    const { deviceOf } = await agents.load()
    return this.#decide(input.userId, (tx) => openSession(tx, input, deviceOf(input.caller.userAgent)))
  }

  async rotate(input: Rpc.RotateInput): Promise<Rpc.RotateResult> {
    const { rotate } = await rotation.load()
    return this.#decide(input.userId, (tx) => rotate(tx, input))
  }

  async raise(input: Rpc.StepUpInput): Promise<Rpc.StepUpResult> {
    return this.#decide(input.userId, (tx) => stepUpSession(tx, input))
  }

  async activate(input: Rpc.ActivateInput): Promise<Rpc.ActivateResult> {
    return this.#decide(input.userId, (tx) => activateOrganization(tx, input))
  }

  async useBrowser(input: Rpc.BrowserUseInput): Promise<Rpc.BrowserUseResult> {
    const { useBrowserSession } = await browser.load()
    return this.#decide(input.userId, (tx) => useBrowserSession(tx, input))
  }

  async inspect(input: Rpc.InspectInput): Promise<Rpc.InspectResult> {
    const { inspect } = await rotation.load()
    return inspect(this.#newTransaction(input.userId), input)
  }

  async check(input: Rpc.CheckInput): Promise<Rpc.CheckResult> {
    return checkSession(this.#newTransaction(input.userId), input)
  }

  async touchSession(input: Rpc.TouchSessionInput): Promise<Rpc.SessionSnapshot | null> {
    return this.#decide(input.userId, (tx) => touchSession(tx, input))
  }

  async findSession(input: { userId: string; sessionId: string }): Promise<Rpc.SessionSnapshot | null> {
    return findSession(this.#newTransaction(input.userId), input.sessionId)
  }

  async listSessions(input: { userId: string; withEnded: boolean }): Promise<readonly Rpc.SessionSnapshot[]> {
    return listSessions(this.#newTransaction(input.userId), input.withEnded)
  }

  async exportRows({ userId, table }: { userId: string; table: Rpc.ShownTable }) {
    return exportRows(this.#newTransaction(userId).sql, table)
  }

  endSession(input: Rpc.EndSessionInput): Promise<Rpc.EndResult> {
    return this.#end(input.userId, (tx) => endSession(tx, input))
  }

  endSessions(input: Rpc.EndSessionsInput): Promise<Rpc.EndResult> {
    return this.#end(input.userId, (tx) => endSessions(tx, input))
  }

  async nudge({ userId }: { userId: string }): Promise<Rpc.Propagation> {
    await this.#takeRows(userId)
    return { propagated: await this.#outbox.settle(FEED, PROPAGATION_MS) }
  }

  async erase({ userId, authVersion }: Rpc.EraseInput): Promise<Rpc.EraseResult> {
    await this.#takeRows(userId)
    this.#decide(userId, sweepSessions)
    await this.#outbox.settleAll(PROPAGATION_MS)
    // No await from here on: a session opened or a row written in between would be lost.
    if (!this.#outbox.isDelivered()) return { outcome: 'not_yet', reason: 'undelivered' }
    if (hasLiveSession(this.#sql)) return { outcome: 'not_yet', reason: 'live_sessions' }
    this.#sockets.closeAll('user erased')
    this.ctx.storage.transactionSync(() => {
      const now = this.clock()
      eraseRows({ sql: this.#sql, now }, authVersion)
      this.#alarms.cancelAll()
      this.#alarms.set(FORGET_ALARM, now + TOMBSTONE_MS)
    })
    return { outcome: 'erased' }
  }

  async issueTicket(input: { userId: string; identity: Rpc.SocketIdentity; expiresAt: number }) {
    const { now } = this.#newTransaction(input.userId)
    return { ticket: this.#tickets.issue(input.identity, now, input.expiresAt) }
  }

  async registerWebhook({ userId, endpointId }: { userId: string; endpointId: string }): Promise<{ head: number }> {
    this.#decide(userId, ({ sql }) => registerWebhook(sql, endpointId))
    return { head: this.#log.head() }
  }

  async takeHubEvents({ topic, events }: { topic: string; events: readonly Rpc.LoggedEvent[] }) {
    return { subscribed: this.#sockets.takeHubEvents(topic, events) }
  }

  /** Opens a socket; only a Worker can call it. */
  override async fetch(request: Request): Promise<Response> {
    this.#recreateTables()
    return this.#sockets.upgrade(request)
  }

  override webSocketMessage(socket: WebSocket, data: string | ArrayBuffer): Promise<void> {
    return this.#sockets.message(socket, data)
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    socket.close(codeOfAnswer(code))
  }

  async ping(): Promise<'ok'> {
    return 'ok'
  }

  override async alarm(): Promise<void> {
    this.#recreateTables()
    await this.#alarms.run(this.clock(), (name) => this.#onAlarm(name))
    if (mayDeleteStorage(this.#sql, this.clock()) && this.#outbox.isDelivered()) await this.#deleteStorage()
  }

  /** An object without storage costs nothing and does not show that the user existed. */
  async #deleteStorage(): Promise<void> {
    this.#isStorageDeleted = true
    await this.ctx.storage.deleteAll()
  }

  #recreateTables(): void {
    if (!this.#isStorageDeleted) return
    applyMigrations(this.ctx.storage, USER_AUTHORITY_MIGRATIONS)
    this.#isStorageDeleted = false
  }

  async #takeRows(userId: string): Promise<void> {
    this.#newTransaction(userId)
    const [{ drainRows, takeRows }, { db }] = await Promise.all([undelivered.load(), withDb(this.context())])
    await drainRows(db, userId, this.clock(), (rows) => this.#decide(userId, (tx) => takeRows(tx, rows)))
  }

  async #onAlarm(name: string): Promise<void> {
    const userId = this.#userId()
    if (name === OUTBOX_ALARM) await this.#outbox.flush()
    if (name === SESSIONS_ALARM && userId !== null) this.#decide(userId, sweepSessions)
    if (name === LOG_ALARM) this.#pruneLog()
    await this.#sockets.onAlarm(name)
  }

  #deliver(destination: string, payloads: readonly unknown[]): Promise<void> {
    if (!isWebhook(destination)) return deliver(this.context(), destination, payloads, this.clock())
    const of = { sql: this.#sql, userId: this.#userId() ?? '' }
    return deliverToWebhook(this.context(), of, destination, payloads as Rpc.LoggedEvent[])
  }

  #pruneLog(): void {
    const next = this.#log.prune(this.clock())
    if (next !== null) this.#alarms.set(LOG_ALARM, next)
  }

  /** Runs `work` and writes its journal in one transaction; sockets and outbox follow after it. */
  #decide<T>(userId: string, work: (tx: Transaction) => T): T {
    const tx = this.#newTransaction(userId)
    const { journal, now } = tx
    const { result, logged } = this.ctx.storage.transactionSync(() => {
      const result = work(tx)
      const logged = writeJournal(this.#log, this.#outbox, journal, now)
      if (logged.length > 0) for (const to of webhookDestinations(tx.sql)) this.#outbox.put(to, logged)
      const due = nextSessionDue(tx.sql)
      if (due !== null) this.#alarms.ensure(SESSIONS_ALARM, due)
      if (logged.length > 0) this.#alarms.ensure(LOG_ALARM, now + DAY)
      return { result, logged }
    })
    this.#sockets.deliver(`user:${userId}`, logged)
    for (const entry of journal.feed) if (entry.kind === 'claims') this.#sockets.dropStaleRights(entry.below)
    this.ctx.waitUntil(this.#outbox.flush())
    return result
  }

  async #end(userId: string, work: (tx: Transaction) => string[]): Promise<Rpc.EndResult> {
    return { ended: this.#decide(userId, work), propagated: await this.#outbox.settle(FEED, PROPAGATION_MS) }
  }

  /** Throws when another user's object was called: that is a bug of the caller and must not change this user. */
  #newTransaction(userId: string): Transaction {
    this.#recreateTables()
    const own = this.#userId()
    if (own !== null && own !== userId) throw new Error('the object belongs to another user')
    if (!this.#config) throw new Error('not configured')
    return { sql: this.#sql, userId, now: this.clock(), settings: this.#config, journal: newJournal() }
  }

  #userId(): string | null {
    return this.ctx.id.name ?? readUserId(this.#sql)
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
