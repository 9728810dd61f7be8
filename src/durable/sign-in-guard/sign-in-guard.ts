import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../../config.ts'
import { systemClock } from '../../context.ts'
import { createLog } from '../../lib/log.ts'
import { HOUR } from '../../lib/time.ts'
import { ALARM_MIGRATIONS, createAlarms } from '../alarms.ts'
import { applyMigrations, type MigrationSteps } from '../migrations.ts'
import type { AttemptInput, AttemptResult, SignInGuardRpc, UseInput, UseResult } from '../rpc.ts'
import {
  type AccountState,
  accountExpiresAt,
  completeSignIn,
  countAttempt,
  describeAccount,
  findLock,
  giveBackAttempt,
  lockedUntil,
  memoryOf,
  NEW_ACCOUNT,
  unlockAccount,
} from './attempts.ts'

const SIGN_IN_GUARD_MIGRATIONS: MigrationSteps = [
  'create table subjects (key text primary key, state text not null, expires_at integer not null) without rowid',
  'create index subjects_by_expiry on subjects (expires_at)',
]

const PRUNE_ALARM = 'prune'
const PRUNE_EVERY_MS = HOUR

/** Counts what protects a credential, exactly: each decision and its write are one synchronous transaction. */
export class SignInGuard extends DurableObject<Env> implements SignInGuardRpc {
  /** Epoch milliseconds; tests replace it. */
  clock: () => number = systemClock

  readonly #alarms = createAlarms(this.ctx.storage, createLog({ object: 'sign-in-guard' }))

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    void state.blockConcurrencyWhile(async () => {
      applyMigrations(state.storage, { alarms: ALARM_MIGRATIONS, guard: SIGN_IN_GUARD_MIGRATIONS })
      await this.#alarms.restore()
    })
  }

  async attempt({ account, network }: AttemptInput): Promise<AttemptResult> {
    return this.#change<AttemptResult>(account, (state, now) => {
      const lock = findLock(state, network, now)
      if (lock) return { state, answer: { allowed: false, ...lock } }
      return { state: countAttempt(state, network, now), answer: { allowed: true } }
    })
  }

  async giveBack({ account, network }: AttemptInput): Promise<void> {
    this.#change(account, (state) => ({ state: giveBackAttempt(state, network), answer: undefined }))
  }

  async complete({ account, network }: AttemptInput): Promise<void> {
    this.#change(account, (state, now) => ({ state: completeSignIn(state, network, now), answer: undefined }))
  }

  async unlock({ account }: { account: string }): Promise<void> {
    this.#change(account, (state) => ({ state: unlockAccount(state), answer: undefined }))
  }

  async status({ account }: { account: string }): Promise<{ failedAttempts: number; lockedUntil: number | null }> {
    return describeAccount(this.#read(accountKey(account), NEW_ACCOUNT), this.clock())
  }

  async use({ subject, ...rule }: UseInput): Promise<UseResult> {
    return this.ctx.storage.transactionSync(() => {
      const now = this.clock()
      const known = this.#read<number[]>(useKey(subject), [])
      const until = lockedUntil(known, rule, now)
      if (until !== null) return { allowed: false, retryAfterMs: until - now }
      const times = [...known.filter((at) => at > now - memoryOf(rule)), now]
      this.#write(useKey(subject), times, now + memoryOf(rule))
      return { allowed: true, retryAfterMs: 0 }
    })
  }

  async giveBackUse({ subject }: { subject: string }): Promise<void> {
    this.ctx.storage.transactionSync(() => {
      const times = this.#read<number[]>(useKey(subject), [])
      const row = this.#expiry(useKey(subject))
      if (row !== null) this.#write(useKey(subject), times.slice(0, -1), row)
    })
  }

  async resetUse({ subject }: { subject: string }): Promise<void> {
    this.ctx.storage.sql.exec('delete from subjects where key = ?', useKey(subject))
  }

  async ping(): Promise<'ok'> {
    return 'ok'
  }

  override async alarm(): Promise<void> {
    await this.#alarms.run(this.clock(), () => this.#prune())
  }

  #change<T>(account: string, decide: (state: AccountState, now: number) => { state: AccountState; answer: T }): T {
    return this.ctx.storage.transactionSync(() => {
      const before = this.#read(accountKey(account), NEW_ACCOUNT)
      const { state, answer } = decide(before, this.clock())
      if (state !== before) this.#write(accountKey(account), state, accountExpiresAt(state))
      return answer
    })
  }

  #read<T>(key: string, fallback: T): T {
    const [row] = this.ctx.storage.sql
      .exec<{ state: string }>('select state from subjects where key = ?', key)
      .toArray()
    return row ? (JSON.parse(row.state) as T) : fallback
  }

  #expiry(key: string): number | null {
    const [row] = this.ctx.storage.sql
      .exec<{ expires_at: number }>('select expires_at from subjects where key = ?', key)
      .toArray()
    return row?.expires_at ?? null
  }

  #write(key: string, state: unknown, expiresAt: number): void {
    this.ctx.storage.sql.exec(
      `insert into subjects (key, state, expires_at) values (?, ?, ?)
       on conflict (key) do update set state = excluded.state, expires_at = excluded.expires_at`,
      key,
      JSON.stringify(state),
      expiresAt,
    )
    this.#alarms.ensure(PRUNE_ALARM, this.clock() + PRUNE_EVERY_MS)
  }

  #prune(): void {
    const { sql } = this.ctx.storage
    this.ctx.storage.transactionSync(() => {
      sql.exec('delete from subjects where expires_at <= ?', this.clock())
      const { count } = sql.exec<{ count: number }>('select count(*) as count from subjects').one()
      if (count > 0) this.#alarms.set(PRUNE_ALARM, this.clock() + PRUNE_EVERY_MS)
    })
  }
}

const accountKey = (account: string): string => `account:${account}`
const useKey = (subject: string): string => `use:${subject}`
