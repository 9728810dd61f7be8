import { SECOND } from '../../lib/time.ts'
import { ALARM_MIGRATIONS } from '../alarms.ts'
import { EVENT_LOG_MIGRATIONS } from '../event-log.ts'
import type { MigrationSteps } from '../migrations.ts'
import { OUTBOX_MIGRATIONS } from '../outbox.ts'
import type { EndReason, SessionSnapshot } from '../rpc.ts'
import { TICKET_MIGRATIONS } from '../sockets/tickets.ts'
import type { Settings } from './transaction.ts'
import { USER_WEBHOOK_MIGRATIONS } from './webhooks.ts'

const SESSION_MIGRATIONS: MigrationSteps = [
  `create table sessions (
     id text primary key,
     number integer not null unique,
     client_id text not null,
     opened_at integer not null,
     last_active_at integer not null,
     idle_expires_at integer not null,
     absolute_expires_at integer not null,
     ip text not null,
     country text,
     user_agent text,
     amr text not null,
     auth_time integer not null,
     organization_id text,
     auth_version integer not null,
     generation integer not null,
     advanced_at integer not null,
     secret blob not null,
     ended_at integer,
     end_reason text
   ) without rowid`,
  `create table advances (
     session_id text not null,
     generation integer not null,
     at integer not null,
     ip text not null,
     network text not null,
     key_hash text,
     replayed_abroad integer not null default 0,
     primary key (session_id, generation)
   ) without rowid`,
  'create table state (name text primary key, value) without rowid',
  'alter table sessions add column second_factor_at integer',
  'alter table sessions add column browser_idle_seconds integer',
]

const DEVICE_MIGRATIONS: MigrationSteps = [
  'create table devices (fingerprint text primary key, last_seen_at integer not null) without rowid',
]

export const USER_AUTHORITY_MIGRATIONS: Readonly<Record<string, MigrationSteps>> = {
  alarms: ALARM_MIGRATIONS,
  outbox: OUTBOX_MIGRATIONS,
  log: EVENT_LOG_MIGRATIONS,
  sessions: SESSION_MIGRATIONS,
  tickets: TICKET_MIGRATIONS,
  devices: DEVICE_MIGRATIONS,
  webhooks: USER_WEBHOOK_MIGRATIONS,
}

export interface SessionRow extends Record<string, SqlStorageValue> {
  readonly id: string
  readonly number: number
  readonly client_id: string
  readonly opened_at: number
  readonly last_active_at: number
  readonly idle_expires_at: number
  readonly absolute_expires_at: number
  readonly ip: string
  readonly country: string | null
  readonly user_agent: string | null
  /** JSON. */
  readonly amr: string
  readonly auth_time: number
  readonly organization_id: string | null
  readonly auth_version: number
  readonly generation: number
  readonly advanced_at: number
  /** 32 random bytes, which never leave the object. */
  readonly secret: ArrayBuffer
  readonly ended_at: number | null
  readonly end_reason: string | null
  /** Null also in sessions from before this column existed: a check of it then asks for the factor again. */
  readonly second_factor_at: number | null
  /** Of a session that a browser's cookie is good for: how long it lives unused. Null for sessions of tokens. */
  readonly browser_idle_seconds: number | null
}

/** The stored advance from `generation` to the next one. */
export interface AdvanceRow extends Record<string, SqlStorageValue> {
  readonly session_id: string
  readonly generation: number
  readonly at: number
  readonly ip: string
  readonly network: string
  readonly key_hash: string | null
  readonly replayed_abroad: number
}

export const expiryOf = (row: Pick<SessionRow, 'idle_expires_at' | 'absolute_expires_at'>): number =>
  Math.min(row.idle_expires_at, row.absolute_expires_at)

/** When a session that is used now expires unless it is used again. */
export const idleEndOf = (
  { browser_idle_seconds: browser }: Pick<SessionRow, 'browser_idle_seconds'>,
  now: number,
  { SESSION_IDLE_SECONDS: idle }: Pick<Settings, 'SESSION_IDLE_SECONDS'>,
): number => now + Math.min(idle, browser ?? idle) * SECOND

export const toSnapshot = (userId: string, row: SessionRow): SessionSnapshot => ({
  id: row.id,
  number: row.number,
  userId,
  clientId: row.client_id,
  openedAt: row.opened_at,
  lastActiveAt: row.last_active_at,
  expiresAt: expiryOf(row),
  ip: row.ip,
  country: row.country,
  userAgent: row.user_agent,
  amr: JSON.parse(row.amr) as string[],
  authTime: row.auth_time,
  secondFactorAt: row.second_factor_at,
  organizationId: row.organization_id,
  endedAt: row.ended_at,
  endReason: row.end_reason as EndReason | null,
})
