import { DurableObject } from 'cloudflare:workers'
import { type Env, isBroken, loadConfig } from '../../config.ts'
import { systemClock } from '../../context.ts'
import type { FeedEntry } from '../../lib/event.ts'
import { newUuid } from '../../lib/ids.ts'
import { createLog } from '../../lib/log.ts'
import { MINUTE, SECOND } from '../../lib/time.ts'
import { ALARM_MIGRATIONS, type Alarms, createAlarms } from '../alarms.ts'
import { applyMigrations } from '../migrations.ts'
import type { FeedPage, RevocationFeedRpc } from '../rpc.ts'
import { createEntries, type Entries, FEED_MIGRATIONS, MAX_FEED_ENTRIES } from './entries.ts'

const PRUNE_ALARM = 'prune'
/** Entries that expire within this long of each other are deleted by one alarm. */
const PRUNE_SLACK_MS = 10 * SECOND

/** The ordered list of everything that was revoked within the last access-token lifetime. */
export class RevocationFeed extends DurableObject<Env> implements RevocationFeedRpc {
  clock: () => number = systemClock
  maxEntries = MAX_FEED_ENTRIES
  readonly #entries: Entries
  readonly #alarms: Alarms

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    applyMigrations(state.storage, { alarms: ALARM_MIGRATIONS, feed: FEED_MIGRATIONS })
    this.#entries = createEntries(state.storage.sql, newUuid)
    this.#alarms = createAlarms(state.storage, createLog({ object: 'revocation-feed' }))
    void state.blockConcurrencyWhile(() => this.#alarms.restore())
  }

  /** Idempotent: a known entry keeps its position, unless it raises a version. */
  async append(entries: readonly FeedEntry[]): Promise<{ head: number }> {
    const lifetime = await this.#lifetime()
    const now = this.clock()
    const head = this.ctx.storage.transactionSync(() => {
      const appended = this.#entries.append(entries, now)
      this.#alarms.ensure(PRUNE_ALARM, now + lifetime + PRUNE_SLACK_MS)
      return appended
    })
    return { head }
  }

  async pull(after: number | null): Promise<FeedPage> {
    return this.#entries.pageAfter(after ?? 0, this.maxEntries)
  }

  async pullRecent(ms: number): Promise<FeedPage> {
    return this.#entries.pageSince(this.clock() - ms, this.maxEntries)
  }

  async ping(): Promise<'ok'> {
    return 'ok'
  }

  override async alarm(): Promise<void> {
    await this.#alarms.run(this.clock(), () => this.#prune())
  }

  async #prune(): Promise<void> {
    const lifetime = await this.#lifetime()
    this.ctx.storage.transactionSync(() => {
      const oldest = this.#entries.prune(this.clock() - lifetime)
      if (oldest !== null) this.#alarms.set(PRUNE_ALARM, oldest + lifetime + PRUNE_SLACK_MS)
    })
  }

  /** How long an entry is needed: one access-token lifetime, plus the minute by which `iat` may be ahead. */
  async #lifetime(): Promise<number> {
    const config = await loadConfig(this.env)
    if (isBroken(config)) throw new Error('not configured')
    return config.ACCESS_TOKEN_SECONDS * SECOND + MINUTE
  }
}
