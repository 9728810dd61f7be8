import { and, eq, getTableColumns, lt, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { prune } from '../../../db/prune.ts'
import { MINUTE } from '../../../lib/time.ts'
import { isManagedBy } from '../../domains/tables.ts'
import { oneTimeTokens } from '../../links/tables.ts'
import type { OneTimePurpose } from '../../links/types.ts'
import { type FederatedSession, federatedSessions } from '../tables.ts'
import type { ProviderKey, SessionOrigin } from '../types.ts'

/** Longer than a code and a challenge wait for their session, one after the other. */
const LOGOUT_REMEMBERED_MS = 15 * MINUTE
const LOGGED_OUT: OneTimePurpose = 'sso_logged_out'

/** Of a row `proving` of `sso_connections`: a logout token is for the client at its issuer, a logout request for the connection whose key signed it. */
const logoutScope = sql`case proving.protocol when 'openid' then 'openid ' || proving.issuer || ' ' || proving.client_id
  else 'saml ' || proving.id end`

/** As a logout names somebody: the person, one session of the provider, or both. */
const logoutName = (subjectHash: string | null, sessionHash: string | null): string =>
  ` ${subjectHash ?? ''} ${sessionHash ?? ''}`

const logoutNames = ({ subjectHash, providerSessionHash }: Omit<ProviderKey, 'connectionId'>): string[] => [
  logoutName(subjectHash, null),
  ...(providerSessionHash === null
    ? []
    : [logoutName(null, providerSessionHash), logoutName(subjectHash, providerSessionHash)]),
]

/** Whom a provider signs out, also of sessions that are not open yet. The key of the row is no secret, and no token has its form. */
export const insertLogout = (
  { db, now }: Pick<Ctx, 'db' | 'now'>,
  {
    connectionIds,
    subjectHash,
    sessionHashes,
  }: {
    connectionIds: readonly string[]
    subjectHash: string | null
    /** Of the provider's sessions that are named; without one all are meant. */
    sessionHashes: readonly string[]
  },
) => {
  const names = sessionHashes.length === 0 ? [null] : sessionHashes
  const keys = sql`select distinct ${logoutScope} || named.value as key from sso_connections as proving, json_each(${JSON.stringify(
    names.map((one) => logoutName(subjectHash, one)),
  )}) as named where proving.id in (select value from json_each(${JSON.stringify(connectionIds)}))`
  const [createdAt, expiresAt] = [now(), now() + LOGOUT_REMEMBERED_MS]
  return db
    .insert(oneTimeTokens)
    .select(
      sql`select lower(hex(randomblob(16))), ${LOGGED_OUT}, key, null, null, '{}', ${createdAt}, ${expiresAt}, null, null
        from (${keys}) where true`,
    )
    .onConflictDoUpdate({
      target: oneTimeTokens.tokenHash,
      set: {
        createdAt: sql`max(${oneTimeTokens.createdAt}, excluded.created_at)`,
        expiresAt: sql`excluded.expires_at`,
      },
    })
}

/**
 * Holds while a provider's word for the user counts: the connection is usable and as it was when it was given, it speaks for the
 * user's address, and has not signed them out since. Always for break glass.
 */
const isStillProved = (userId: string, origin: SessionOrigin): SQL => {
  const { connectionId, organizationId, takenAt, connectionVersion } = origin
  if (connectionId === null) return sql`true`
  const isLoggedOut =
    takenAt == null
      ? sql`false`
      : sql`exists (select 1 from one_time_tokens as logout where logout.purpose = ${LOGGED_OUT} and logout.created_at >= ${takenAt}
          and logout.token_hash in (select ${logoutScope} || value from json_each(${JSON.stringify(logoutNames(origin))})))`
  return sql`exists (select 1 from sso_connections as proving
    join organizations as home on home.id = proving.organization_id and home.deleted_at is null
    where proving.id = ${connectionId} and proving.enabled and proving.error is null
      and proving.version = coalesce(${connectionVersion ?? null}, proving.version) and not ${isLoggedOut})
    and ${isManagedBy(organizationId, userId)}`
}

/** Asked before a session is opened; `insertOrigin` asks again. */
export const selectIsStillProved = async (
  { db }: Pick<Ctx, 'db'>,
  userId: string,
  origin: SessionOrigin,
): Promise<boolean> => {
  const [row] = await db.select({ is: sql<number>`${isStillProved(userId, origin)}` }).from(sql`(select 1)`)
  return row?.is === 1
}

/** The statement returns no row when the provider's word does not count any more. */
export const insertOrigin = ({ db }: Pick<Ctx, 'db'>, row: FederatedSession, origin: SessionOrigin) => {
  const cells = Object.entries(getTableColumns(federatedSessions)).map(
    ([name, column]) => sql`${sql.param(row[name as keyof FederatedSession], column)}`,
  )
  return db
    .insert(federatedSessions)
    .select(sql`select ${sql.join(cells, sql`, `)} where ${isStillProved(row.userId, origin)}`)
    .returning()
}

const isOfKey = ({ connectionId, subjectHash, providerSessionHash }: ProviderKey): SQL | undefined =>
  and(
    eq(federatedSessions.connectionId, connectionId),
    subjectHash === null ? undefined : eq(federatedSessions.subjectHash, subjectHash),
    providerSessionHash === null ? undefined : eq(federatedSessions.providerSessionHash, providerSessionHash),
  )

/** Whose sessions a provider opened. */
export const selectFederatedUsers = ({ db }: Pick<Ctx, 'db'>, key: ProviderKey, limit: number) =>
  db.selectDistinct({ userId: federatedSessions.userId }).from(federatedSessions).where(isOfKey(key)).limit(limit)

/** The user's sessions that a provider opened, also those that have ended. */
export const selectFederated = ({ db }: Pick<Ctx, 'db'>, { userId, ...key }: ProviderKey & { userId: string }) =>
  db
    .select({ sessionId: federatedSessions.sessionId })
    .from(federatedSessions)
    .where(and(isOfKey(key), eq(federatedSessions.userId, userId)))

/** The user's sessions that an organization's provider, or break glass, opened. */
export const selectSessionsFor = (
  { db }: Pick<Ctx, 'db'>,
  { userId, organizationId }: { userId: string; organizationId: string },
) =>
  db
    .select({ sessionId: federatedSessions.sessionId })
    .from(federatedSessions)
    .where(and(eq(federatedSessions.userId, userId), eq(federatedSessions.organizationId, organizationId)))

/** How a session came about, where a provider or break glass opened it. */
export const selectOrigin = ({ db }: Pick<Ctx, 'db'>, sessionId: string): Promise<FederatedSession | undefined> =>
  db.select().from(federatedSessions).where(eq(federatedSessions.sessionId, sessionId)).get()

/** The row of a session whose provider can be told that it has ended. */
export const selectToTell = ({ db }: Pick<Ctx, 'db'>, sessionId: string): Promise<FederatedSession | undefined> =>
  db
    .select()
    .from(federatedSessions)
    .where(and(eq(federatedSessions.sessionId, sessionId), eq(federatedSessions.hasLogout, true)))
    .get()

/** A limited number of those whose sessions are over. */
export const deleteExpiredOrigins = (store: Pick<Ctx, 'db' | 'now'>): Promise<void> =>
  prune(store, {
    table: federatedSessions,
    key: federatedSessions.sessionId,
    where: lt(federatedSessions.expiresAt, store.now()),
    of: { users: [federatedSessions.userId], organizations: [federatedSessions.organizationId] },
    order: federatedSessions.expiresAt,
  })
