import { DurableObject } from 'cloudflare:workers'
import { type Config, type Env, requireConfig } from '../../config.ts'
import { createContext, type EarlyCtx, sharedIsolate, systemClock } from '../../context.ts'
import type { RecordedEvent } from '../../lib/event.ts'
import { newUuid } from '../../lib/ids.ts'
import { type Late, late } from '../../lib/late.ts'
import { createLog } from '../../lib/log.ts'
import { DAY, HOUR } from '../../lib/time.ts'
import { createAlarms } from '../alarms.ts'
import { applyMigrations } from '../migrations.ts'
import type * as Rpc from '../rpc.ts'
import { createAttempts, typeOf } from './attempts.ts'
import { takeEvents } from './inbox.ts'
import type { RoundResult } from './round.ts'
import { CLOSED, isGivenUp, nextAttemptAt } from './schedule.ts'
import { createSettingsCopy } from './settings.ts'
import { createState } from './state.ts'
import { WEBHOOK_MIGRATIONS } from './tables.ts'
import { createWaiting } from './waiting.ts'

// What calls receivers is loaded at first use.
const rounds = late(() => import('./round.ts'))

const DELIVER_ALARM = 'deliver'
const GAP_ALARM = 'gap'
/** Once a day: deletes what is old, and looks whether the endpoint is still there. */
const KEEP_ALARM = 'keep'
/** Gaps are told at most this often: telling of one is an event, which may be missed itself. */
const GAP_EVERY_MS = HOUR

/** Delivers the events of one webhook endpoint. The rules are in the modules beside it. */
export abstract class WebhookEndpoint extends DurableObject<Env> implements Rpc.WebhookEndpointRpc {
  /** What the Worker supplies: `durable` does not depend on features. */
  protected abstract readonly host: Late<Rpc.WebhookHost<EarlyCtx>>
  /** Epoch milliseconds; tests replace it. */
  clock: () => number = systemClock
  /** A new context for each use: a D1 session need not see what others have written since it began. */
  context: () => EarlyCtx = () => this.#createContext()
  /** From 0 to 1: spreads the attempts. */
  random: () => number = () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32

  readonly #logger = createLog({ object: 'webhook-endpoint' })
  readonly #sql = this.ctx.storage.sql
  readonly #alarms = createAlarms(this.ctx.storage, this.#logger)
  readonly #state = createState(this.#sql)
  readonly #waiting = createWaiting(this.#sql)
  readonly #attempts = createAttempts(this.#sql)
  readonly #settings = createSettingsCopy(
    async () => (await this.host.load()).load(this.context(), this.#endpointId()),
    () => this.clock(),
  )
  #config: Config | null = null
  /** Found by an alarm. */
  #isGone = false
  /** The storage was deleted, so the next call creates the tables again. */
  #isStorageDeleted = false

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    void state.blockConcurrencyWhile(async () => {
      applyMigrations(state.storage, WEBHOOK_MIGRATIONS)
      this.#config = await requireConfig(env)
      await this.#alarms.restore()
    })
  }

  async takeEvents({ topic, events }: { topic: string; events: readonly Rpc.LoggedEvent[] }) {
    const settings = await this.#settings.current()
    if (!settings) await this.#forget()
    if (settings?.topic !== topic) return { subscribed: false }
    this.#change(settings, (now) => takeEvents({ waiting: this.#waiting, state: this.#state }, settings, events, now))
    return { subscribed: true }
  }

  async refresh(): Promise<{ exists: boolean }> {
    const settings = await this.#settings.reload()
    if (!settings) {
      await this.#forget()
      return { exists: false }
    }
    const { head } = await this.#register(settings)
    // From here on what its log passes over is a gap.
    this.#change(settings, () => this.#state.write('position', this.#state.read('position') ?? head))
    return { exists: true }
  }

  async listDeliveries(range: { limit: number; offset: number }): Promise<readonly Rpc.WebhookDelivery[]> {
    this.#recreateTables()
    return this.#attempts.list(range)
  }

  async listEvents(range: { limit: number; offset: number }) {
    this.#recreateTables()
    return this.#attempts.listEvents(range)
  }

  async redeliver({ deliveryId }: { deliveryId: string }): Promise<Rpc.WebhookDelivery | null> {
    const settings = await this.#settings.current()
    const former = settings && this.#attempts.find(deliveryId)
    const event = former && typeOf(this.#sql, former.seq)
    if (!event) return null
    const id = newUuid()
    this.#change(settings, (now) => this.#waiting.repeat(former.seq, id, now))
    return {
      id,
      eventId: event.id,
      eventType: event.type,
      events: former.events,
      attempt: 1,
      status: 'pending',
      statusCode: null,
      error: null,
      answer: null,
      durationMs: null,
      createdAt: this.clock(),
    }
  }

  async recover({ events }: { events: readonly RecordedEvent[] }): Promise<{ taken: number }> {
    const settings = await this.#settings.current()
    if (!settings) return { taken: 0 }
    return this.#change(settings, (now) => {
      const refused = events.findIndex((event) => !this.#waiting.addAgain(event, now))
      return { taken: refused === -1 ? events.length : refused }
    })
  }

  async stats({ days }: { days: number }): Promise<Rpc.WebhookStats> {
    this.#recreateTables()
    const pausedUntil = this.#state.read('breaker')?.openUntil ?? null
    return { ...this.#attempts.totals(days, this.clock()), waiting: this.#waiting.count(), pausedUntil }
  }

  async ping(): Promise<'ok'> {
    return 'ok'
  }

  override async alarm(): Promise<void> {
    this.#recreateTables()
    await this.#alarms.run(this.clock(), (name) => this.#onAlarm(name))
    // Not in the work of an alarm, whose row would be missed.
    if (this.#isGone) await this.#forget()
  }

  async #onAlarm(name: string): Promise<void> {
    if (name === DELIVER_ALARM) await this.#deliver()
    if (name === GAP_ALARM) await this.#reportGap()
    if (name === KEEP_ALARM) await this.#keep()
  }

  /** One round: what is due is delivered, and written in one transaction. */
  async #deliver(): Promise<void> {
    const settings = await this.#settings.current()
    this.#isGone = settings === null
    if (!settings?.isActive || !settings.isOpen) return
    const [{ runRound }, host] = await Promise.all([rounds.load(), this.host.load()])
    this.ctx.storage.transactionSync(() => this.#waiting.form(settings.batch, this.clock()))
    const caller = this.context()
    const result = await runRound({
      waiting: this.#waiting,
      breaker: this.#state.read('breaker') ?? CLOSED,
      settings,
      log: this.#logger,
      clock: () => this.clock(),
      current: () => this.#settings.current(),
      readEvents: (of, ids) => host.readEvents(this.context(), of, ids),
      caller: { config: caller.config, fetch: caller.fetch, now: () => this.clock() },
    })
    // Deleted meanwhile: there is nothing left to write to.
    this.#isGone = (await this.#settings.current()) === null
    if (this.#isGone) return
    this.#change(settings, (now) => this.#writeRound(result, now))
    if (result.attempts.some(({ isGone }) => isGone)) await this.#disable(host, settings, 'gone')
    else if (isGivenUp(result.breaker, this.clock())) await this.#disable(host, settings, 'failing')
  }

  #writeRound({ attempts, lost, breaker }: RoundResult, now: number): void {
    for (const attempt of attempts) {
      this.#attempts.write(attempt)
      const { retryAfterMs } = attempt.outcome
      const next = nextAttemptAt(attempt.attempt, { now, random: this.random(), retryAfterMs })
      if (attempt.outcome.ok || next === null) this.#waiting.remove(attempt.seq)
      else this.#waiting.postpone(attempt.seq, attempt.attempt, next)
    }
    this.#waiting.drop(lost)
    this.#attempts.trim()
    this.#state.write('breaker', breaker)
  }

  async #disable(host: Rpc.WebhookHost<EarlyCtx>, settings: Rpc.WebhookSettings, reason: 'gone' | 'failing') {
    await host.disable(this.context(), settings, reason)
    // Whoever turns it on again begins anew.
    this.#state.write('breaker', CLOSED)
    await this.#settings.reload()
  }

  async #reportGap(): Promise<void> {
    const [settings, gap] = [await this.#settings.current(), this.#state.read('gap')]
    if (!settings || !gap) return
    await (await this.host.load()).reportGap(this.context(), settings, gap)
    this.#change(settings, (now) => {
      const all = this.#state.read('gap')
      const events = (all?.events ?? 0) - gap.events
      this.#state.write('gap', events > 0 ? { events, from: gap.to, to: all?.to ?? gap.to } : null)
      this.#state.write('gap_reported_at', now)
    })
  }

  async #keep(): Promise<void> {
    this.#alarms.set(KEEP_ALARM, this.clock() + DAY)
    this.ctx.storage.transactionSync(() => this.#attempts.prune(this.clock()))
    const settings = await this.#settings.reload()
    this.#isGone = settings === null
    // Again: the log may have lost it.
    if (settings) await this.#register(settings)
  }

  /** Writes in one transaction, together with the alarms for what is to be done. */
  #change<T>(settings: Rpc.WebhookSettings, work: (now: number) => T): T {
    this.#recreateTables()
    const now = this.clock()
    return this.ctx.storage.transactionSync(() => {
      this.#state.write('endpoint_id', settings.id)
      const result = work(now)
      this.#alarms.ensure(KEEP_ALARM, now + DAY)
      this.#scheduleDelivery(settings)
      if (this.#state.read('gap'))
        this.#alarms.ensure(GAP_ALARM, Math.max(now, (this.#state.read('gap_reported_at') ?? 0) + GAP_EVERY_MS))
      return result
    })
  }

  #scheduleDelivery(settings: Rpc.WebhookSettings): void {
    const at = settings.isActive && settings.isOpen ? this.#waiting.nextAt(settings) : null
    if (at === null) this.#alarms.cancel(DELIVER_ALARM)
    else this.#alarms.set(DELIVER_ALARM, Math.max(at, this.#state.read('breaker')?.openUntil ?? 0))
  }

  #register({ topic, id: endpointId }: Rpc.WebhookSettings): Promise<{ head: number }> {
    const { objects } = this.context()
    if (!topic.startsWith('user:')) return objects.hub(topic).registerWebhook({ topic, endpointId })
    const userId = topic.slice('user:'.length)
    return objects.user(userId).registerWebhook({ userId, endpointId })
  }

  /** The endpoint is gone, and nothing of it stays. */
  async #forget(): Promise<void> {
    this.#isGone = false
    this.#isStorageDeleted = true
    await this.ctx.storage.deleteAlarm()
    await this.ctx.storage.deleteAll()
  }

  #recreateTables(): void {
    if (!this.#isStorageDeleted) return
    applyMigrations(this.ctx.storage, WEBHOOK_MIGRATIONS)
    this.#isStorageDeleted = false
  }

  #endpointId(): string {
    this.#recreateTables()
    const id = this.ctx.id.name ?? this.#state.read('endpoint_id')
    if (!id) throw new Error('the object does not know its endpoint')
    return id
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
