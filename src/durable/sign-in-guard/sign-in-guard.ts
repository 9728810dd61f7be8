import { DurableObject } from 'cloudflare:workers'
import type { Env } from '../../config.ts'
import { systemClock } from '../../context.ts'
import { createLog } from '../../lib/log.ts'
import { HOUR, SECOND } from '../../lib/time.ts'
import { ALARM_MIGRATIONS, createAlarms } from '../alarms.ts'
import { applyMigrations, type MigrationSteps } from '../migrations.ts'
import type { AttemptInput, AttemptResult, AttemptStatus, SignInGuardRpc, UseInput, UseResult } from '../rpc.ts'
import {
  type AccountState,
  type Attempt,
  accountAdmission,
  accountExpiresAt,
  admissionOf,
  completeSignIn,
  countAttempt,
  describeAccount,
  fail,
  failAttempt,
  giveBack,
  giveBackAttempt,
  isKnownNetwork,
  NEW_ACCOUNT,
  retentionOf,
  stillInFlight,
  unlockAccount,
} from './attempts.ts'
import { createWaitingRoom } from './waiting-room.ts'

const SIGN_IN_GUARD_MIGRATIONS: MigrationSteps = [
  'create table subjects (key text primary key, state text not null, expires_at integer not null) without rowid',
  'create index subjects_by_expiry on subjects (expires_at)',
]

const PRUNE_ALARM = 'prune'
const PRUNE_EVERY_MS = HOUR

/** `Retry-After` of a caller whose wait ended without an admission. */
const BUSY_RETRY_MS = SECOND

/** Exact limits on guesses at a credential: each decision and its write are one synchronous transaction. */
export class SignInGuard extends DurableObject<Env> implements SignInGuardRpc {
  /** Epoch milliseconds; tests replace it. */
  clock: () => number = systemClock

  readonly #alarms = createAlarms(this.ctx.storage, createLog({ object: 'sign-in-guard' }))
  readonly #waiting = createWaitingRoom()

  constructor(state: DurableObjectState, env: Env) {
    super(state, env)
    void state.blockConcurrencyWhile(async () => {
      applyMigrations(state.storage, { alarms: ALARM_MIGRATIONS, guard: SIGN_IN_GUARD_MIGRATIONS })
      await this.#alarms.restore()
    })
  }

  async attempt(input: AttemptInput): Promise<AttemptResult> {
    const { account, network } = input
    return this.#waiting.ask({ key: accountKey(account), group: network }, () => this.#attempt(input))
  }

  #attempt({ account, network, id }: AttemptInput): AttemptResult {
    return this.#change<AttemptResult>(account, (state, now) => {
      const admission = accountAdmission(state, network, now)
      const { scope } = admission
      if (admission.state === 'locked')
        return { state, answer: { allowed: false, lockedUntil: admission.until, scope } }
      if (admission.state === 'busy')
        return { state, answer: { allowed: false, isBusy: true, lockedUntil: now + BUSY_RETRY_MS, scope } }
      const known = isKnownNetwork(state, network, now) ? { knowsNetwork: true } : {}
      return { state: countAttempt(state, network, now, id), answer: { allowed: true, ...known } }
    })
  }

  async giveBack({ account, network, id }: AttemptInput): Promise<void> {
    this.#change(account, (state) => ({ state: giveBackAttempt(state, network, id), answer: undefined }))
    this.#waiting.wake(accountKey(account))
  }

  async fail({ account, id }: { account: string; id: string }): Promise<void> {
    this.#change(account, (state) => ({ state: failAttempt(state, id), answer: undefined }))
    this.#waiting.wake(accountKey(account))
  }

  async complete({ account, network }: AttemptInput): Promise<void> {
    this.#change(account, (state, now) => ({ state: completeSignIn(state, network, now), answer: undefined }))
    this.#waiting.wake(accountKey(account))
  }

  async unlock({ account }: { account: string }): Promise<void> {
    this.#change(account, (state, now) => ({ state: unlockAccount(state, now), answer: undefined }))
    this.#waiting.wake(accountKey(account))
  }

  async status({
    account,
    network,
    uses,
  }: {
    account: string
    network?: string
    uses?: Omit<UseInput, 'id'>
  }): Promise<AttemptStatus> {
    const state = this.#read(accountKey(account), NEW_ACCOUNT)
    const now = this.clock()
    return {
      ...describeAccount(state, now),
      ...(network === undefined ? {} : { knowsNetwork: isKnownNetwork(state, network, now) }),
      ...(uses === undefined ? {} : { usesLockedUntil: this.#lockOfUses(uses, now) }),
    }
  }

  #lockOfUses({ subject, ...rule }: Omit<UseInput, 'id'>, now: number): number | null {
    const admission = admissionOf(this.#readUses(subject), rule, now)
    return admission.state === 'locked' ? admission.until : null
  }

  async use(input: UseInput): Promise<UseResult> {
    return this.#waiting.ask({ key: useKey(input.subject), group: '' }, () => this.#use(input))
  }

  #use({ subject, id, ...rule }: UseInput): UseResult {
    return this.ctx.storage.transactionSync(() => {
      const now = this.clock()
      const known = this.#readUses(subject)
      const admission = admissionOf(known, rule, now)
      if (admission.state === 'locked') return { allowed: false, retryAfterMs: admission.until - now }
      if (admission.state === 'busy') return { allowed: false, isBusy: true, retryAfterMs: BUSY_RETRY_MS }
      const uses = [...known.filter(({ at }) => at > now - retentionOf(rule)), { at: now, id }]
      this.#writeUses(subject, uses, now + retentionOf(rule))
      return { allowed: true, retryAfterMs: 0 }
    })
  }

  async giveBackUse({ subject, id }: { subject: string; id?: string }): Promise<void> {
    this.#changeUses(subject, (uses) => giveBack(uses, (use) => use.id === id))
  }

  async failUse({ subject, id }: { subject: string; id: string }): Promise<void> {
    this.#changeUses(subject, (uses) => fail(uses, id))
  }

  async resetUse({ subject }: { subject: string }): Promise<void> {
    this.#changeUses(subject, (uses) => stillInFlight(uses, this.clock()))
  }

  async networksOf({ account }: { account: string }) {
    const { known, failures } = this.#read(accountKey(account), NEW_ACCOUNT)
    return [
      ...Object.entries(known).map(([network, at]) => ({ network, at, outcome: 'completed' as const })),
      ...failures.map(({ network, at }) => ({ network, at, outcome: 'failed' as const })),
    ]
  }

  async forget({ account }: { account: string }): Promise<void> {
    // Its uses, too: their keys name the account.
    this.ctx.storage.sql.exec('delete from subjects where instr(key, ?) > 0', account)
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

  /** Does nothing for a subject that has no row. */
  #changeUses(subject: string, change: (uses: readonly Attempt[]) => readonly Attempt[]): void {
    this.ctx.storage.transactionSync(() => {
      const expiry = this.#expiry(useKey(subject))
      if (expiry !== null) this.#writeUses(subject, change(this.#readUses(subject)), expiry)
    })
    this.#waiting.wake(useKey(subject))
  }

  /** A counted use is stored as its time alone: the form that earlier releases wrote for every use. */
  #readUses(subject: string): Attempt[] {
    const stored = this.#read<readonly (number | Attempt)[]>(useKey(subject), [])
    return stored.map((use) => (typeof use === 'number' ? { at: use } : use))
  }

  #writeUses(subject: string, uses: readonly Attempt[], expiresAt: number): void {
    const stored = uses.map((use) => (use.id === undefined ? use.at : use))
    this.#write(useKey(subject), stored, expiresAt)
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
