import { and, eq, gte, inArray, isNotNull, isNull, ne, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import type { Ctx } from '../../context.ts'
import { counts } from '../../db/tables.ts'
import { auditKeys } from '../audit/tables.ts'
import { identities } from '../factors/identities/tables.ts'
import { passkeys } from '../factors/passkeys/tables.ts'
import { totpFactors } from '../factors/totp/tables.ts'
import { signingKeys } from '../keys/tables.ts'
import { mails } from '../mail/tables.ts'
import { isTakenUp, memberships, organizations } from '../memberships/tables.ts'
import { samlKeys, ssoConnections } from '../sso/tables.ts'
import { ALL_USERS, type RowChange, userCounts, users } from '../users/tables.ts'
import { webhookEndpoints } from '../webhooks/tables.ts'

type Store = Pick<Ctx, 'db'>

/** The number of open sessions, passkeys and organizations, and the linked providers, of at most 100 users. */
export async function selectCountsOfUsers({ db }: Store, userIds: readonly string[]) {
  const none = new Map<string, number>()
  if (userIds.length === 0)
    return { sessions: none, passkeys: none, providers: new Map<string, string[]>(), organizations: none }
  const nameOf = (userId: string) => `sessions.open:${userId}`
  const [open, held, linked, joined] = await db.batch([
    db
      .select()
      .from(counts)
      .where(inArray(counts.name, userIds.map(nameOf))),
    db
      .select({ userId: passkeys.userId, count: sql<number>`count(*)` })
      .from(passkeys)
      .where(inArray(passkeys.userId, [...userIds]))
      .groupBy(passkeys.userId),
    db
      .select({ userId: identities.userId, provider: identities.provider })
      .from(identities)
      .where(inArray(identities.userId, [...userIds]))
      .orderBy(identities.createdAt),
    db
      .select({ userId: memberships.userId, count: sql<number>`count(*)` })
      .from(memberships)
      .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
      .where(and(inArray(memberships.userId, [...userIds]), isTakenUp(), isNull(organizations.deletedAt)))
      .groupBy(memberships.userId),
  ])
  const values = new Map(open.map(({ name, value }) => [name, value]))
  return {
    // Negative while a session's end was recorded before its beginning.
    sessions: new Map(userIds.map((id) => [id, Math.max(0, values.get(nameOf(id)) ?? 0)])),
    providers: providersOf(linked),
    passkeys: new Map(held.map(({ userId, count }) => [userId, count])),
    organizations: new Map(joined.map(({ userId, count }) => [userId, count])),
  }
}

const providersOf = (linked: readonly { userId: string; provider: string }[]): Map<string, string[]> =>
  new Map(
    [...Map.groupBy(linked, ({ userId }) => userId)].map(([userId, rows]) => [
      userId,
      [...new Set(rows.map(({ provider }) => provider))],
    ]),
  )

/** Applies unless the user is deleted, or the address has this state already. */
export const emailVerified = ({ now }: Pick<Ctx, 'now'>, verified: boolean): RowChange => ({
  set: {
    emailVerifiedAt: verified ? now() : null,
    emailUnansweredSince: verified ? now() : null,
    ...(verified && { status: sql`case ${users.status} when 'pending' then 'active' else ${users.status} end` }),
  },
  when: and(ne(users.status, 'deleted'), verified ? isNull(users.emailVerifiedAt) : isNotNull(users.emailVerifiedAt)),
})

/** The statistics, in one batch: counts of users by kind, named counts, and an index range. No table is scanned. */
export async function selectStats({ db }: Store, { names, since }: { names: readonly string[]; since: number }) {
  const [kinds, named, [recent]] = await db.batch([
    db
      .select({ status: userCounts.status, mfaEnabled: userCounts.mfaEnabled, count: userCounts.count })
      .from(userCounts)
      .where(eq(userCounts.bucket, ALL_USERS)),
    db
      .select()
      .from(counts)
      .where(inArray(counts.name, [...names])),
    db.select({ count: sql<number>`count(*)` }).from(users).where(gte(users.createdAt, since)),
  ])
  return { kinds, counts: new Map(named.map(({ name, value }) => [name, value])), recent: recent?.count ?? 0 }
}
const rootOf = (sealed: SQLiteColumn) => sql<string>`substr(${sealed}, 1, instr(${sealed}, '.') - 1)`.as('root')
const count = sql<number>`count(*)`.as('count')

/** How many rows are sealed under each root key. Reads every TOTP secret and every webhook endpoint, as cron does each minute. */
export async function selectSeals({ db }: Store) {
  const [keys, auditing, saml, factors, waiting, webhooks, connections] = await db.batch([
    db
      .select({ root: rootOf(signingKeys.privateSealed), count })
      .from(signingKeys)
      .groupBy(sql`root`),
    db
      .select({ root: rootOf(auditKeys.privateSealed), count })
      .from(auditKeys)
      .groupBy(sql`root`),
    db
      .select({ root: rootOf(samlKeys.privateSealed), count })
      .from(samlKeys)
      .groupBy(sql`root`),
    db
      .select({ root: rootOf(totpFactors.secretSealed), count })
      .from(totpFactors)
      .groupBy(sql`root`),
    db
      .select({ root: rootOf(mails.contentSealed), count })
      .from(mails)
      .where(and(eq(mails.status, 'queued'), isNotNull(mails.contentSealed)))
      .groupBy(sql`root`),
    db
      .select({ root: rootOf(webhookEndpoints.secretSealed), count })
      .from(webhookEndpoints)
      .groupBy(sql`root`),
    db
      .select({ root: rootOf(ssoConnections.secretSealed), count })
      .from(ssoConnections)
      // In SAML there is no secret.
      .where(eq(ssoConnections.protocol, 'openid'))
      .groupBy(sql`root`),
  ])
  return { keys: [...keys, ...auditing, ...saml], factors, waiting, webhooks, connections }
}
