import { ALARM_MIGRATIONS } from '../alarms.ts'
import type { MigrationSteps } from '../migrations.ts'

const STEPS: MigrationSteps = [
  'create table state (name text primary key, value text not null) without rowid',
  // `event` is JSON, for a day. `batch` is the seq of the first event of the batch that it was sent in.
  `create table events (
     seq integer primary key,
     id text not null unique,
     type text not null,
     taken_at integer not null,
     batch integer,
     event text
   )`,
  'create index events_by_batch on events (batch) where batch is not null',
  'create index events_with_content on events (taken_at) where event is not null',
  // `head` is the seq of the first event that is delivered together with this one; null until a batch is made of it.
  `create table waiting (
     seq integer primary key,
     head integer,
     attempts integer not null default 0,
     next_at integer not null,
     attempt_id text
   )`,
  'create index waiting_by_head on waiting (head)',
  `create table attempts (
     number integer primary key autoincrement,
     id text not null unique,
     seq integer not null,
     events integer not null,
     attempt integer not null,
     at integer not null,
     ok integer not null,
     status integer,
     error text,
     answer text,
     duration integer not null
   )`,
  'create index attempts_by_event on attempts (seq)',
  // Epoch days.
  'create table days (day integer primary key, delivered integer not null, failed integer not null, duration integer not null)',
  'create index attempts_with_answer on attempts (at) where answer is not null',
]

export const WEBHOOK_MIGRATIONS: Readonly<Record<string, MigrationSteps>> = { alarms: ALARM_MIGRATIONS, webhook: STEPS }

export interface EventRow extends Record<string, SqlStorageValue> {
  readonly seq: number
  readonly id: string
  readonly type: string
  readonly taken_at: number
  readonly batch: number | null
  readonly event: string | null
}

/** The first event of what is delivered together. */
export interface HeadRow extends Record<string, SqlStorageValue> {
  readonly seq: number
  readonly attempts: number
  readonly attempt_id: string | null
}

export interface AttemptRow extends Record<string, SqlStorageValue> {
  readonly id: string
  readonly seq: number
  readonly events: number
  readonly attempt: number
  readonly at: number
  readonly ok: number
  readonly status: number | null
  readonly error: string | null
  readonly answer: string | null
  readonly duration: number
}
