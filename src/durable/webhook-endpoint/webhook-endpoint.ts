import { DurableObject } from 'cloudflare:workers'
import { type Config, type Env, requireConfig } from '../../config.ts'
import { createContext, type EarlyCtx, sharedIsolate, systemClock } from '../../context.ts'
import { type Late, late } from '../../lib/late.ts'
import { createLog } from '../../lib/log.ts'
import { createAlarms } from '../alarms.ts'
import type * as Rpc from '../rpc.ts'
import type { Endpoint } from './endpoint.ts'

// Most isolates have no endpoint: what it does is loaded with the first.
const logic = late(() => import('./endpoint.ts'))

/** Delivers the events of one webhook endpoint. The logic is in the modules beside it. */
export abstract class WebhookEndpoint extends DurableObject<Env> implements Rpc.WebhookEndpointRpc {
  /** What the Worker supplies: `durable` does not depend on features. */
  protected abstract readonly host: Late<Rpc.WebhookHost<EarlyCtx>>
  /** Epoch milliseconds; tests replace it. */
  clock: () => number = systemClock
  /** A new context for each use: a D1 session need not see what others have written since it began. */
  context: () => EarlyCtx = () => this.#createContext()
  /** From 0 to 1: spreads the attempts. */
  random: () => number = () => (crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) / 2 ** 32

  #config: Config | null = null
  #endpoint: Endpoint | null = null

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    void state.blockConcurrencyWhile(async () => {
      const [{ createEndpoint }, host] = await Promise.all([logic.load(), this.host.load()])
      this.#config = await requireConfig(env)
      const log = createLog({ object: 'webhook-endpoint' })
      const alarms = createAlarms(state.storage, log)
      this.#endpoint = createEndpoint({
        storage: state.storage,
        name: state.id.name,
        alarms,
        log,
        host,
        clock: () => this.clock(),
        random: () => this.random(),
        context: () => this.context(),
      })
      await alarms.restore()
    })
  }

  async takeEvents(input: { topic: string; events: readonly Rpc.LoggedEvent[] }): Promise<{ subscribed: boolean }> {
    return this.#get().takeEvents(input)
  }

  async refresh(): Promise<{ exists: boolean }> {
    return this.#get().refresh()
  }

  async listDeliveries(range: { limit: number; offset: number }): Promise<readonly Rpc.WebhookDelivery[]> {
    return this.#get().listDeliveries(range)
  }

  async listEvents(range: { limit: number; offset: number }) {
    return this.#get().listEvents(range)
  }

  async redeliver(input: { deliveryId: string }): Promise<Rpc.WebhookDelivery | null> {
    return this.#get().redeliver(input)
  }

  async recover(input: Parameters<Endpoint['recover']>[0]): Promise<{ taken: number }> {
    return this.#get().recover(input)
  }

  async stats(input: { days: number }): Promise<Rpc.WebhookStats> {
    return this.#get().stats(input)
  }

  async ping(): Promise<'ok'> {
    return 'ok'
  }

  override async alarm(): Promise<void> {
    await this.#get().runAlarms()
  }

  #get(): Endpoint {
    if (!this.#endpoint) throw new Error('not configured')
    return this.#endpoint
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
