import { and, count, eq, gt, inArray, isNotNull, isNull, lt, lte, not, type SQL, sql } from 'drizzle-orm'
import type { SQLiteTable } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../../context.ts'
import { isOrganizationHeld, isUserHeld } from '../../../db/holds.ts'
import { auditBlocks, counts, deadLetters, events } from '../../../db/tables.ts'
import { ADMIN } from '../../../lib/roles.ts'
import { DAY, HOUR, MINUTE } from '../../../lib/time.ts'
import { clients } from '../../clients/tables.ts'
import { passkeys } from '../../factors/passkeys/tables.ts'
import { signingKeys } from '../../keys/tables.ts'
import { mails } from '../../mail/tables.ts'
import { invitations, memberships } from '../../memberships/tables.ts'
import { ssoConnections } from '../../sso/tables.ts'
import { isWeakHash, users } from '../../users/tables.ts'
import { webhookEndpoints } from '../../webhooks/tables.ts'
import { complianceDays } from '../tables.ts'
import type { Facts } from '../types.ts'

// One query a fact, each over an index or a small table. They count over the whole deployment.

type Store = Pick<Ctx, 'db' | 'now'>

const UNSEEN_MS = 90 * DAY
const OLD_CREDENTIAL_MS = 365 * DAY
/** Delivery and blocks are late then: each is a matter of a minute. */
const LATE_MS = 15 * MINUTE
/** The count of open sessions lags behind the change of the account. */
const COUNT_LAG_MS = HOUR
/** From the queueing of a mail until it is given up: ten retries, at most an hour apart. */
const MAIL_RETRIES_MS = 10 * HOUR
/** More of them say no more. */
const MOST = 10_000

async function countRows({ db }: Store, table: SQLiteTable, where: SQL | undefined): Promise<number> {
  const some = db
    .select({ one: sql`1`.as('one') })
    .from(table)
    .where(where)
    .limit(MOST)
    .as('some')
  const [row] = await db.select({ count: count() }).from(some)
  return row?.count ?? 0
}

const sum = (condition: SQL) => sql<number>`coalesce(sum(${condition}), 0)`

export async function selectAdmins({ db, now }: Store): Promise<Facts['admins']> {
  const hasPasskey = sql`exists (select 1 from ${passkeys} where ${passkeys.userId} = ${users.id})`
  const [row] = await db
    .select({
      total: count(),
      // A passkey beside a password is a second way in, not a second factor.
      oneFactor: sum(sql`not ${users.mfaEnabled} and (${users.passwordHash} is not null or not ${hasPasskey})`),
      unseen: sum(sql`coalesce(${users.lastSignInAt}, ${users.createdAt}) < ${now() - UNSEEN_MS}`),
      unconfirmed: sum(sql`${users.emailVerifiedAt} is null or ${users.emailUnansweredSince} is not null`),
    })
    .from(users)
    .where(and(eq(users.role, ADMIN), inArray(users.status, ['active', 'pending'])))
  return row ?? { total: 0, oneFactor: 0, unseen: 0, unconfirmed: 0 }
}

export async function selectClosedAccounts({ db, now }: Store): Promise<Facts['closedAccounts']> {
  const [row] = await db
    .select({ withSessions: count() })
    .from(users)
    .innerJoin(counts, eq(counts.name, sql`'sessions.open:' || ${users.id}`))
    .where(
      and(
        inArray(users.status, ['inactive', 'suspended', 'locked', 'deleted']),
        lt(users.updatedAt, now() - COUNT_LAG_MS),
        gt(counts.value, 0),
      ),
    )
  return row ?? { withSessions: 0 }
}

export async function selectExpiredAccess({ db, now }: Store): Promise<Facts['expiredAccess']> {
  const before = now() - DAY
  const [row] = await db.all<{ left: number }>(sql`select
    (select count(*) from ${invitations} where status = 'pending' and expires_at < ${before})
    + (select count(*) from ${memberships} where expires_at is not null and expires_at < ${before} and taken_up_at is null
      and not ${isOrganizationHeld(memberships.organizationId)} and not ${isUserHeld(memberships.userId)}) as left`)
  return row ?? { left: 0 }
}

export const selectMachines = async (store: Store): Promise<Facts['machines']> => ({
  old: await countRows(
    store,
    clients,
    and(isNull(clients.disabledAt), lt(clients.createdAt, store.now() - OLD_CREDENTIAL_MS)),
  ),
})

export const selectConnections = async (store: Store): Promise<Facts['connections']> => ({
  broken: await countRows(
    store,
    ssoConnections,
    and(eq(ssoConnections.enabled, true), isNotNull(ssoConnections.error)),
  ),
})

export const selectWeakHashes = async (store: Store): Promise<Facts['passwords']> => ({
  weak: await countRows(store, users, isWeakHash),
})

/** Undefined before the first key signs. */
export async function findSigningSince({ db, now }: Store): Promise<number | undefined> {
  const [row] = await db.all<{ since: number | null }>(
    sql`select max(signs_from) as since from ${signingKeys} where revoked_at is null and signs_from <= ${now()}`,
  )
  return row?.since ?? undefined
}

/** The first assessed day on which this former root secret was accepted. */
export async function findFormerSince({ db }: Store, rootKeyId: string): Promise<number | undefined> {
  const [row] = await db.all<{ day: number | null }>(
    sql`select min(day) as day from ${complianceDays} where former_root_key = ${rootKeyId}`,
  )
  return row?.day ?? undefined
}

/** The number of the first block since a time; undefined when there is none. */
export async function findBlockSince({ db }: Store, time: number): Promise<number | undefined> {
  const [row] = await db.all<{ number: number | null }>(
    sql`select min(number) as number from ${auditBlocks} where time >= ${time}`,
  )
  return row?.number ?? undefined
}

/** Undefined before the first block. */
export async function selectRecordState({ db, now }: Store): Promise<Facts['record'] | undefined> {
  const [row] = await db.all<{ time: number; unsealed: number }>(sql`select newest.time as time,
    (select count(*) from (select 1 from ${events} where position > newest.last_position and time < ${now() - LATE_MS}
      limit ${MOST})) as unsealed
    from (select time, last_position from ${auditBlocks} order by number desc limit 1) as newest`)
  return row && { unsealed: row.unsealed, headAgeHours: Math.max(0, (now() - row.time) / HOUR) }
}

/** Anybody may make endpoints of their own, and let them fail. */
const isPlatformEndpoint = and(isNull(webhookEndpoints.organizationId), isNull(webhookEndpoints.userId))

/** What active endpoints of the platform are subscribed to. */
export async function selectPlatformPatterns({ db }: Store): Promise<Facts['copies']> {
  const rows = await db
    .select({ events: webhookEndpoints.events })
    .from(webhookEndpoints)
    .where(and(isPlatformEndpoint, eq(webhookEndpoints.isActive, true)))
  return { patterns: rows.flatMap(({ events: patterns }) => patterns) }
}

/** The plus excludes the index of times, in which nearly all events are late. */
export const selectUndelivered = async (store: Store): Promise<Facts['delivery']> => ({
  undelivered: await countRows(
    store,
    events,
    and(isNull(events.deliveredAt), sql`+${events.time} < ${store.now() - LATE_MS}`),
  ),
})

export const selectDeadLetters = async (store: Store): Promise<Facts['deadLetters']> => ({
  lastDay: await countRows(store, deadLetters, gt(deadLetters.createdAt, store.now() - DAY)),
})

/** Of those that were queued long enough ago to be given up in the last day, and of younger ones. */
export async function selectMails({ db, now }: Store): Promise<Facts['mails']> {
  const [row] = await db
    .select({ sent: sum(eq(mails.status, 'sent')), dead: sum(eq(mails.status, 'dead')) })
    .from(mails)
    .where(and(inArray(mails.status, ['sent', 'dead']), gt(mails.createdAt, now() - DAY - MAIL_RETRIES_MS)))
  return row ?? { sent: 0, dead: 0 }
}

/** One that answered 410 was given up by its receiver. */
export const selectDisabledWebhooks = async (store: Store): Promise<Facts['webhooks']> => ({
  disabled: await countRows(
    store,
    webhookEndpoints,
    and(isPlatformEndpoint, eq(webhookEndpoints.isActive, false), eq(webhookEndpoints.disabledReason, 'failing')),
  ),
})

/** Deleted users who were to be erased before a time, and are not. What is under a legal hold waits, and is not late. */
export const countUnerasedUsers = ({ db }: Store, before: number): Promise<number> =>
  db.$count(users, and(eq(users.status, 'deleted'), lte(users.eraseAt, before), not(isUserHeld(users.id))))
