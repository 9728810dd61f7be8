import type { EarlyCtx } from '../../context.ts'
import { newUuid } from '../../lib/ids.ts'
import type { Log } from '../../lib/log.ts'
import { DAY, HOUR } from '../../lib/time.ts'
import type { Alarms } from '../alarms.ts'
import { applyMigrations } from '../migrations.ts'
import type { WebhookEndpointRpc, WebhookHost, WebhookSettings } from '../rpc.ts'
import { createAttempts, typeOf } from './attempts.ts'
import { takeEvents } from './inbox.ts'
import { type RoundResult, runRound } from './round.ts'
import { CLOSED, isGivenUp, nextAttemptAt } from './schedule.ts'
import { createSettingsCopy } from './settings.ts'
import { createState } from './state.ts'
import { WEBHOOK_MIGRATIONS } from './tables.ts'
import { createWaiting } from './waiting.ts'

const DELIVER_ALARM = 'deliver'
const GAP_ALARM = 'gap'
/** Once a day: deletes what is old, and looks whether the endpoint is still there. */
const KEEP_ALARM = 'keep'
/** Gaps are told at most this often: telling of one is an event, which may be missed itself. */
const GAP_EVERY_MS = HOUR

export interface EndpointOptions {
  readonly storage: DurableObjectStorage
  /** The object's name; an alarm may not know it. */
  readonly name: string | undefined
  readonly alarms: Alarms
  readonly log: Log
  readonly host: WebhookHost<EarlyCtx>
  clock(): number
  /** From 0 to 1. */
  random(): number
  context(): EarlyCtx
}

export interface Endpoint extends Omit<WebhookEndpointRpc, 'ping'> {
  runAlarms(): Promise<void>
}

/** What a `WebhookEndpoint` does. It takes events at once and delivers them by its alarm. */
export function createEndpoint({ storage, name, alarms, log, host, ...source }: EndpointOptions): Endpoint {
  const { sql } = storage
  const { clock, context } = source
  /** Found by an alarm. */
  let isGone = false
  let hasTables = false
  const state = createState(sql)
  const waiting = createWaiting(sql)
  const attempts = createAttempts(sql)
  const copy = createSettingsCopy(async () => host.load(context(), endpointId()), clock)

  /** The storage of an endpoint that is gone was deleted with its tables. */
  function requireTables(): void {
    if (!hasTables) applyMigrations(storage, WEBHOOK_MIGRATIONS)
    hasTables = true
  }

  function endpointId(): string {
    requireTables()
    const id = name ?? state.read('endpoint_id')
    if (!id) throw new Error('the object does not know its endpoint')
    return id
  }

  /** The endpoint is gone, and nothing of it stays. */
  async function forget(): Promise<void> {
    isGone = false
    hasTables = false
    await storage.deleteAlarm()
    await storage.deleteAll()
  }

  function scheduleDelivery(settings: WebhookSettings): void {
    const at = settings.isActive && settings.isOpen ? waiting.nextAt(settings) : null
    if (at === null) alarms.cancel(DELIVER_ALARM)
    else alarms.set(DELIVER_ALARM, Math.max(at, state.read('breaker')?.openUntil ?? 0))
  }

  /** Writes in one transaction, together with the alarms for what is to be done. */
  function change<T>(settings: WebhookSettings, work: (now: number) => T): T {
    requireTables()
    const now = clock()
    return storage.transactionSync(() => {
      state.write('endpoint_id', settings.id)
      const result = work(now)
      alarms.ensure(KEEP_ALARM, now + DAY)
      scheduleDelivery(settings)
      const nextGap = (state.read('gap_reported_at') ?? 0) + GAP_EVERY_MS
      if (state.read('gap')) alarms.ensure(GAP_ALARM, Math.max(now, nextGap))
      return result
    })
  }

  function askLog({ topic, id: endpointId }: WebhookSettings): Promise<{ head: number }> {
    const { objects } = context()
    if (!topic.startsWith('user:')) return objects.hub(topic).registerWebhook({ topic, endpointId })
    const userId = topic.slice('user:'.length)
    return objects.user(userId).registerWebhook({ userId, endpointId })
  }

  /** Registers at the log, whether or not it knows the endpoint already. From its head on, what it passes over is a gap. */
  async function register(settings: WebhookSettings): Promise<void> {
    const { head } = await askLog(settings)
    // A head below the position is that of another log: the one before was lost.
    change(settings, () => state.write('position', Math.min(state.read('position') ?? head, head)))
  }

  /** One round: what is due is delivered, and written in one transaction. */
  async function deliver(): Promise<void> {
    const settings = await copy.current()
    isGone = settings === null
    if (!settings?.isActive || !settings.isOpen) return
    storage.transactionSync(() => waiting.form(settings.batch, clock()))
    const { config, fetch } = context()
    const result = await runRound({
      waiting,
      breaker: state.read('breaker') ?? CLOSED,
      settings,
      log,
      clock,
      current: copy.current,
      readEvents: (of, ids) => host.readEvents(context(), of, ids),
      caller: { config, fetch, now: clock },
    })
    // Deleted meanwhile: there is nothing left to write to.
    const after = await copy.current()
    isGone = after === null
    if (!after) return
    change(after, (now) => writeRound(result, now))
    if (result.attempts.some((attempt) => attempt.isGone)) await disable(after, 'gone')
    else if (isGivenUp(result.breaker, clock())) await disable(after, 'failing')
  }

  function writeRound({ attempts: made, lost, breaker }: RoundResult, now: number): void {
    for (const attempt of made) {
      attempts.write(attempt)
      const { ok, retryAfterMs } = attempt.outcome
      const next = ok ? null : nextAttemptAt(attempt.attempt, { now, random: source.random(), retryAfterMs })
      if (next === null) waiting.remove(attempt.seq)
      else waiting.postpone(attempt.seq, attempt.attempt, next)
    }
    waiting.drop(lost)
    attempts.trim(now)
    state.write('breaker', breaker)
  }

  async function disable(settings: WebhookSettings, reason: 'gone' | 'failing'): Promise<void> {
    await host.disable(context(), settings, reason)
    // Whoever turns it on again begins anew.
    state.write('breaker', CLOSED)
    await copy.reload()
  }

  async function reportGap(): Promise<void> {
    const [settings, gap] = [await copy.current(), state.read('gap')]
    if (!settings || !gap) return
    await host.reportGap(context(), settings, gap)
    change(settings, (now) => {
      const all = state.read('gap')
      const events = (all?.events ?? 0) - gap.events
      state.write('gap', events > 0 ? { events, from: gap.to, to: all?.to ?? gap.to } : null)
      state.write('gap_reported_at', now)
    })
  }

  async function keep(): Promise<void> {
    alarms.set(KEEP_ALARM, clock() + DAY)
    storage.transactionSync(() => attempts.prune(clock()))
    const settings = await copy.reload()
    isGone = settings === null
    if (settings) attempts.deleteUntil(clock() - settings.attemptsKeptMs)
    // Again: the log may have lost it.
    if (settings) await register(settings)
  }

  async function onAlarm(alarm: string): Promise<void> {
    if (alarm === DELIVER_ALARM) await deliver()
    if (alarm === GAP_ALARM) await reportGap()
    if (alarm === KEEP_ALARM) await keep()
  }

  requireTables()
  return {
    async takeEvents({ topic, events }) {
      const settings = await copy.current()
      if (!settings) await forget()
      if (settings?.topic !== topic) return { subscribed: false }
      change(settings, (now) => takeEvents({ waiting, state }, settings, events, now))
      return { subscribed: true }
    },
    async refresh() {
      const settings = await copy.reload()
      if (!settings) {
        await forget()
        return { exists: false }
      }
      await register(settings)
      return { exists: true }
    },
    async listDeliveries(range) {
      requireTables()
      return attempts.list(range, clock())
    },
    async listEvents(range) {
      requireTables()
      return attempts.listEvents(range)
    },
    async redeliver({ deliveryId }) {
      const settings = await copy.current()
      requireTables()
      const former = settings && attempts.find(deliveryId)
      const event = former && typeOf(sql, former.seq)
      if (!event) return null
      const id = newUuid()
      change(settings, (now) => waiting.repeat(former.seq, id, now))
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
        createdAt: clock(),
      }
    },
    async recover({ events }) {
      const settings = await copy.current()
      if (!settings) return { taken: 0 }
      return change(settings, (now) => {
        const refused = events.findIndex((event) => !waiting.addAgain(event, now))
        return { taken: refused === -1 ? events.length : refused }
      })
    },
    async stats({ days }) {
      requireTables()
      const pausedUntil = state.read('breaker')?.openUntil ?? null
      return { ...attempts.totals(days, clock()), waiting: waiting.count(), pausedUntil }
    },
    async runAlarms() {
      requireTables()
      await alarms.run(clock(), onAlarm)
      // Not in the work of an alarm, whose row would be missed.
      if (isGone) await forget()
    },
  }
}
