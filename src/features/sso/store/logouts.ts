import { and, asc, eq, getTableColumns, inArray, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { organizations } from '../../memberships/tables.ts'
import { federatedSessions } from '../../sessions/tables.ts'
import type { ProviderKey } from '../../sessions/types.ts'
import { type OpenidConnection, ssoConnections, toConnection } from '../tables.ts'
import { columns, isAt, ofOpen } from './connections.ts'

type Store = Pick<Ctx, 'db'>

/**
 * Those of an entity in SAML whose organization has verified a domain, also disabled ones: first those that opened sessions of the
 * person, for others may have configured the same entity; then the oldest.
 */
export async function selectOfEntity(
  { db }: Store,
  { entity, subjectHash }: { entity: string; subjectHash: string },
  limit: number,
) {
  const rows = await db
    .select(columns)
    .from(ssoConnections)
    .innerJoin(organizations, ofOpen)
    .where(isAt('saml', entity))
    .orderBy(
      sql`exists (select 1 from ${federatedSessions} where ${federatedSessions.connectionId} = ${ssoConnections.id}
        and ${federatedSessions.subjectHash} = ${subjectHash}) desc`,
      asc(ssoConnections.createdAt),
      asc(ssoConnections.id),
    )
    .limit(limit)
  return rows.map(toConnection)
}

/** What some connections opened for a person: each once, or each of the provider's sessions that is named. */
export const selectOpened = (
  { db }: Store,
  {
    ids,
    subjectHash,
    sessionHashes,
  }: { ids: readonly string[]; subjectHash: string; sessionHashes: readonly string[] },
) => {
  const isAll = sessionHashes.length === 0
  return db
    .selectDistinct({
      connectionId: sql<string>`${federatedSessions.connectionId}`,
      providerSessionHash: isAll ? sql<null>`null` : federatedSessions.providerSessionHash,
    })
    .from(federatedSessions)
    .where(
      and(
        inArray(federatedSessions.connectionId, ids),
        eq(federatedSessions.subjectHash, subjectHash),
        isAll ? undefined : inArray(federatedSessions.providerSessionHash, sessionHashes),
      ),
    )
}

interface OfClient {
  readonly issuer: string
  readonly clientIds: readonly string[]
}

const isOfClient = ({ issuer, clientIds }: OfClient) =>
  and(
    eq(ssoConnections.issuer, issuer),
    eq(ssoConnections.protocol, 'openid'),
    sql`${ssoConnections.clientId} in (select value from json_each(${JSON.stringify(clientIds)}))`,
  )

/** One of the connections at an issuer with one of these clients. */
export async function findConnectionOfClient({ db }: Store, client: OfClient): Promise<OpenidConnection | undefined> {
  const row = await db
    .select(getTableColumns(ssoConnections))
    .from(ssoConnections)
    .innerJoin(organizations, ofOpen)
    .where(isOfClient(client))
    .orderBy(asc(ssoConnections.createdAt))
    .get()
  const connection = row && toConnection(row)
  return connection?.protocol === 'openid' ? connection : undefined
}

/** Those of them that opened a session of this name: anybody can configure the same client. */
export const selectConnectionsOfSession = (
  { db }: Store,
  { subjectHash, providerSessionHash, ...client }: OfClient & Omit<ProviderKey, 'connectionId'>,
  limit: number,
) =>
  db
    .select({ id: ssoConnections.id, organizationId: ssoConnections.organizationId })
    .from(ssoConnections)
    .where(
      and(
        isOfClient(client),
        sql`exists (select 1 from ${federatedSessions} where ${federatedSessions.connectionId} = ${ssoConnections.id}
          and (${subjectHash} is null or ${federatedSessions.subjectHash} = ${subjectHash})
          and (${providerSessionHash} is null or ${federatedSessions.providerSessionHash} = ${providerSessionHash}))`,
      ),
    )
    .limit(limit)
