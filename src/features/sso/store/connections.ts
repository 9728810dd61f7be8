import { and, asc, eq, getTableColumns, gt, inArray, isNotNull, isNull, lte, or, type SQL, sql } from 'drizzle-orm'
import { type ActorCtx, actorOf, type Ctx, type Place } from '../../../context.ts'
import type { Rank } from '../../../lib/roles.ts'
import {
  hasUsableDomain,
  hasVerifiedDomain,
  isManagedBy,
  isSsoRequired,
  type SsoPolicy,
  ssoPolicies,
} from '../../domains/tables.ts'
import { isUnknown } from '../../factors/identities/service.ts'
import { identities } from '../../factors/identities/tables.ts'
import type { IdentityKey } from '../../factors/identities/types.ts'
import { areAll, mapping } from '../../memberships/service/mapping.ts'
import { effectiveRole, updateOrganization } from '../../memberships/service.ts'
import {
  hasRoom,
  isJoined,
  isOpen,
  isTakenUp,
  type Membership,
  mayJoinMore,
  memberships,
  organizations,
  stillHas,
} from '../../memberships/tables.ts'
import { federatedSessions } from '../../sessions/tables.ts'
import type { ProviderKey } from '../../sessions/types.ts'
import { isTarget, users } from '../../users/tables.ts'
import type { User } from '../../users/types.ts'
import {
  type ConnectionRow,
  type OpenidConnection,
  roleMappings,
  type SsoConnection,
  ssoCertificates,
  ssoConnections,
  toConnection,
} from '../tables.ts'
import type { GivenRank, RoleMapping, TrustedCertificate } from '../types.ts'

type Store = Pick<Ctx, 'db'>
export const organizationData = [
  ssoConnections.organizationId,
  ssoCertificates.organizationId,
  roleMappings.organizationId,
]

type Acting = Store & Pick<ActorCtx, 'actor' | 'now'>

const columns = {
  ...getTableColumns(ssoConnections),
  hasDomain: sql`${hasVerifiedDomain(sql`sso_connections.organization_id`)}`.mapWith(Boolean),
  roleMapping: sql<string>`(select json_group_array(json_object('group', group_name, 'role', role)) from
    (select group_name, role from role_mappings where role_mappings.organization_id = sso_connections.organization_id
      order by group_name))`.mapWith((text: string): RoleMapping[] => JSON.parse(text)),
  certificates: sql<string>`(select json_group_array(
      json_object('fingerprint', fingerprint, 'certificate', certificate, 'notAfter', not_after)) from
    (select * from sso_certificates where sso_certificates.connection_id = sso_connections.id order by added_at, fingerprint))`.mapWith(
    (text: string): TrustedCertificate[] => JSON.parse(text),
  ),
}

const ofOpen = and(eq(organizations.id, ssoConnections.organizationId), isNull(organizations.deletedAt))

/** By its id or its organization's, whoever asks: the caller asks next whether it is theirs. */
export const findConnectionOfAny = ({ db }: Store, id: string) =>
  findOne(db, or(eq(ssoConnections.id, id), eq(ssoConnections.organizationId, id)))

async function findOne(db: Store['db'], where: SQL | undefined) {
  const row = await db.select(columns).from(ssoConnections).innerJoin(organizations, ofOpen).where(where).get()
  return row && toConnection(row)
}

/** That of the organization with this slug. */
export const findConnectionOfSlug = ({ db }: Store, slug: string) => findOne(db, eq(organizations.slug, slug))

/** Holds for a connection at this provider whose organization has verified a domain. */
const isAt = (protocol: SsoConnection['protocol'], issuer: string): SQL | undefined =>
  and(
    eq(ssoConnections.issuer, issuer),
    eq(ssoConnections.protocol, protocol),
    hasVerifiedDomain(sql`sso_connections.organization_id`),
  )

/** Those at one issuer through which people have come: others, which name somebody's issuer, must not stand in the way. */
export async function selectActiveOfIssuer({ db }: Store, issuer: string, limit: number) {
  const rows = await db
    .select(columns)
    .from(ssoConnections)
    .innerJoin(organizations, ofOpen)
    .where(
      and(
        isAt('openid', issuer),
        eq(ssoConnections.enabled, true),
        isNull(ssoConnections.error),
        sql`exists (select 1 from ${identities} where ${identities.connectionId} = ${ssoConnections.id})`,
      ),
    )
    .limit(limit)
  return rows.map(toConnection)
}

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

/** Those of one organization, or of all, the oldest first. */
export async function selectConnections({ db }: Store, organizationId: string | null, limit: number) {
  const rows = await db
    .select(columns)
    .from(ssoConnections)
    .innerJoin(organizations, ofOpen)
    .where(organizationId === null ? undefined : eq(ssoConnections.organizationId, organizationId))
    .orderBy(asc(ssoConnections.createdAt), asc(ssoConnections.id))
    .limit(limit)
  return rows.map(toConnection)
}

export const selectMapping = ({ db }: Store, organizationId: string): Promise<RoleMapping[]> =>
  db
    .select({ group: roleMappings.group, role: roleMappings.role })
    .from(roleMappings)
    .where(eq(roleMappings.organizationId, organizationId))
    .orderBy(asc(roleMappings.group))

/** Statements that replace the role mapping of an organization, if the condition holds. */
export const replaceMapping = ({ db }: Store, organizationId: string, mapping: readonly RoleMapping[], when: SQL) =>
  [
    db.delete(roleMappings).where(and(eq(roleMappings.organizationId, organizationId), when)),
    db
      .insert(roleMappings)
      .select(
        sql`select ${organizationId}, value ->> '$.group', value ->> '$.role' from json_each(${JSON.stringify(mapping)}) where ${when}`,
      ),
  ] as const

/** Statements that replace the certificates of a connection, if the condition holds; those that stay keep their warnings. */
const replaceCertificates = (
  { db, now }: Store & Pick<Ctx, 'now'>,
  { id, organizationId }: Pick<SsoConnection, 'id' | 'organizationId'>,
  certificates: readonly TrustedCertificate[],
  when: SQL,
) => {
  const given = sql`json_each(${JSON.stringify(certificates)})`
  return [
    db
      .delete(ssoCertificates)
      .where(
        and(
          eq(ssoCertificates.connectionId, id),
          sql`${ssoCertificates.fingerprint} not in (select value ->> '$.fingerprint' from ${given})`,
          when,
        ),
      ),
    db
      .insert(ssoCertificates)
      .select(
        sql`select ${id}, ${organizationId}, value ->> '$.fingerprint', value ->> '$.certificate', value ->> '$.notAfter',
          ${now()}, null from ${given} where ${when}`,
      )
      .onConflictDoNothing(),
  ] as const
}

/** The last statement returns no row when the organization has a connection, or the caller is no owner any more. */
export function insertConnection(
  ctx: Acting,
  place: Place,
  row: SsoConnection,
  { mapping, certificates }: { mapping: readonly RoleMapping[]; certificates: readonly TrustedCertificate[] },
) {
  const cells = Object.entries(getTableColumns(ssoConnections)).map(
    ([name, column]) => sql`${sql.param(row[name as keyof SsoConnection], column)}`,
  )
  const when = sql`${stillHas('owner', place, ctx.actor.id)} and not exists
    (select 1 from sso_connections as there where there.organization_id = ${row.organizationId})`
  return [
    ...replaceMapping(ctx, row.organizationId, mapping, when),
    ...replaceCertificates(ctx, row, certificates, when),
    ctx.db
      .insert(ssoConnections)
      .select(sql`select ${sql.join(cells, sql`, `)} where ${when}`)
      .onConflictDoNothing()
      .returning({ id: ssoConnections.id }),
  ] as const
}

interface Changed {
  readonly before: Pick<SsoConnection, 'id' | 'organizationId' | 'version'>
  readonly rank: Rank
}

const isUnmoved = ({ actor }: Acting, place: Place, { before, rank }: Changed): SQL =>
  sql`exists (select 1 from sso_connections as there where there.id = ${before.id} and there.version = ${before.version})
    and ${stillHas(rank, place, actor.id)}`

/**
 * The last statement returns no row when it was changed since it was read, or the caller lost the rank.
 */
export function updateConnection(
  ctx: Acting,
  place: Place,
  change: Changed & {
    set: Partial<ConnectionRow>
    roleMapping: readonly RoleMapping[] | undefined
    certificates: readonly TrustedCertificate[] | undefined
    /** They are named otherwise from now on: its identities and the sessions that it opened go. */
    forgetsPeople: boolean
    /** What would lock everybody out, or let another provider in, while single sign-on is required. */
    unlessRequired: boolean
    /** Other domains than before: while it is required, one of them is usable. */
    allowedDomains: readonly string[] | undefined
  },
) {
  const { before, set, roleMapping, certificates, forgetsPeople, unlessRequired, allowedDomains } = change
  const unmoved = isUnmoved(ctx, place, change)
  const { organizationId } = before
  const when = sql.join(
    [
      unmoved,
      ...(unlessRequired ? [sql`not ${isSsoRequired(organizationId)}`] : []),
      ...(allowedDomains
        ? [sql`(not ${isSsoRequired(organizationId)} or ${hasUsableDomain(organizationId, allowedDomains)})`]
        : []),
    ],
    sql` and `,
  )
  return [
    ...(roleMapping ? replaceMapping(ctx, before.organizationId, roleMapping, when) : []),
    ...(certificates ? replaceCertificates(ctx, before, certificates, when) : []),
    ...(forgetsPeople ? [deleteIdentities(ctx, before, when), ...disownSessions(ctx, before, when)] : []),
    ctx.db
      .update(ssoConnections)
      .set({ ...set, version: before.version + 1 })
      .where(and(eq(ssoConnections.id, before.id), when))
      .returning({ id: ssoConnections.id }),
  ] as const
}

/** A subject at another issuer, or by another attribute, is another person. */
const deleteIdentities = ({ db }: Store, { id }: Pick<SsoConnection, 'id'>, when: SQL) =>
  db.delete(identities).where(and(eq(identities.connectionId, id), when))

/**
 * Sessions that an earlier provider opened are not this one's: where single sign-on is required they lose the organization's tokens.
 * Behind the raised version no token of before is good.
 */
const disownSessions = (
  ctx: Store & Pick<Ctx, 'now'>,
  { id, organizationId }: Pick<SsoConnection, 'id' | 'organizationId'>,
  when: SQL,
) =>
  [
    ctx.db.delete(federatedSessions).where(and(eq(federatedSessions.connectionId, id), when)),
    updateOrganization(ctx, organizationId, {
      set: { version: sql`${organizations.version} + 1`, updatedAt: ctx.now() },
      when: and(isSsoRequired(organizationId), when),
    }),
  ] as const

/** As `updateConnection`. With it go the role mapping, the roles that it gave and, by a trigger, the identities. A policy that requires it stands in the way. */
export function deleteConnection(
  ctx: ActorCtx,
  place: Place,
  { before, mappingId }: Pick<Changed, 'before'> & { mappingId: string },
) {
  const when = sql`${isUnmoved(ctx, place, { before, rank: 'owner' })} and not ${isSsoRequired(before.organizationId)}`
  const [deleteMapping] = replaceMapping(ctx, before.organizationId, [], when)
  return [
    deleteMapping,
    // Nobody signs in any more to whom the roles of groups could be given anew.
    ...mapping(ctx, {
      organizationId: before.organizationId,
      mapped: roleValue(null),
      actor: actorOf(ctx),
      mappingId,
      affected: areAll,
      when: sql`${when} and ${hasNoDirectory(before.organizationId)}`,
    }),
    ...disownSessions(ctx, before, when),
    ...replaceCertificates(ctx, before, [], when),
    ctx.db
      .delete(ssoConnections)
      .where(and(eq(ssoConnections.id, before.id), when))
      .returning({ id: ssoConnections.id }),
  ] as const
}

/** Holds while an owner has signed in through the connection, as it is now, and others can. */
const isProvedConnection = (organizationId: string): SQL =>
  sql`exists (select 1 from sso_connections as used where used.organization_id = ${organizationId} and used.enabled = 1
    and used.error is null and used.owner_signed_in_at is not null)`

/** Connections whose metadata are to be read again, the longest overdue first. */
export async function selectDueConnections({ db, now }: Store & Pick<Ctx, 'now'>, limit: number) {
  const rows = await db
    .select({ connection: columns, organization: getTableColumns(organizations) })
    .from(ssoConnections)
    .innerJoin(organizations, ofOpen)
    .where(lte(ssoConnections.checkAt, now()))
    .orderBy(asc(ssoConnections.checkAt))
    .limit(limit)
  return rows.map(({ connection, organization }) => ({ connection: toConnection(connection), organization }))
}

type Checked = Pick<SsoConnection, 'id' | 'version' | 'checkAt'>

/** The statement returns no row when another run, or an owner, has changed it since it was read. */
export const updateChecked = ({ db }: Store, { id, version, checkAt }: Checked, set: Partial<ConnectionRow>) =>
  db
    .update(ssoConnections)
    .set(set)
    .where(and(eq(ssoConnections.id, id), eq(ssoConnections.version, version), eq(ssoConnections.checkAt, checkAt)))
    .returning({ id: ssoConnections.id })

const isAsChecked = ({ id, version, checkAt }: Checked): SQL =>
  sql`exists (select 1 from sso_connections as there where there.id = ${id} and there.version = ${version} and there.check_at = ${checkAt})`

/** As `updateChecked`, with the certificates that are trusted from now on. */
export const updateCheckedCertificates = (
  ctx: Store & Pick<Ctx, 'now'>,
  connection: Checked & Pick<SsoConnection, 'organizationId'>,
  set: Partial<ConnectionRow>,
  certificates: readonly TrustedCertificate[],
) =>
  [
    ...replaceCertificates(ctx, connection, certificates, isAsChecked(connection)),
    updateChecked(ctx, connection, set),
  ] as const

/** Secrets that are not sealed under the key with this id, at most `limit`. */
export const selectSealedBefore = ({ db }: Store, keyId: string, limit: number) =>
  db
    .select({ id: ssoConnections.id, secretSealed: ssoConnections.secretSealed })
    .from(ssoConnections)
    .where(
      sql`${ssoConnections.protocol} = 'openid' and substr(${ssoConnections.secretSealed}, 1, ${keyId.length + 1}) <> ${`${keyId}.`}`,
    )
    .limit(limit)

export const updateSeal = ({ db }: Store, { id, from, to }: { id: string; from: string; to: string }) =>
  db
    .update(ssoConnections)
    .set({ secretSealed: to })
    .where(and(eq(ssoConnections.id, id), eq(ssoConnections.secretSealed, from)))

/** Policies from before a time that end sessions, with the user whose ended last. In no order: none waits behind the others. */
export const selectEndings = ({ db }: Store, { before, limit }: { before: number; limit: number }) =>
  db
    .select({
      organizationId: ssoPolicies.organizationId,
      after: ssoPolicies.endsAfter,
      changedAt: ssoPolicies.updatedAt,
    })
    .from(ssoPolicies)
    .where(and(isNotNull(ssoPolicies.endsAfter), lte(ssoPolicies.updatedAt, before)))
    .orderBy(sql`random()`)
    .limit(limit)

/** Members whom the policy obliges: their addresses are in verified domains. */
export const selectObliged = (
  { db }: Store,
  { organizationId, after }: { organizationId: string; after: string },
  limit: number,
) =>
  db
    .select({ id: users.id })
    .from(memberships)
    .innerJoin(users, eq(users.id, memberships.userId))
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        sql`${isTakenUp()}`,
        gt(users.id, after),
        isManagedBy(organizationId, sql`${users.id}`),
      ),
    )
    .orderBy(asc(users.id))
    .limit(limit)

/** Unless the policy was changed meanwhile. */
export const updateEnding = (
  { db }: Store,
  { organizationId, from, to }: { organizationId: string; from: string; to: string | null },
) =>
  db
    .update(ssoPolicies)
    .set({ endsAfter: to })
    .where(and(eq(ssoPolicies.organizationId, organizationId), eq(ssoPolicies.endsAfter, from)))

/** Holds while the policy is as it was read, and the caller is an owner. `isRequiring`: also while single sign-on can be required. */
export const policyChange = (
  { actor }: Acting,
  place: Place,
  { before, isRequiring }: { before: Pick<SsoPolicy, 'updatedAt'> | undefined; isRequiring: boolean },
): SQL => {
  const { organizationId } = place
  const isAsRead = sql`(select read_one.updated_at from sso_policies as read_one where read_one.organization_id = ${organizationId})
    is ${before?.updatedAt ?? null}`
  const right = sql`${isAsRead} and ${stillHas('owner', place, actor.id)}`
  return isRequiring
    ? sql`${right} and ${isProvedConnection(organizationId)} and ${hasUsableDomain(organizationId)}`
    : right
}

/** For the statement behind that of the policy: no token of the organization from before is good any more. */
export const raisedVersion = ({ now }: Pick<Ctx, 'now'>) => ({
  set: { version: sql`${organizations.version} + 1`, updatedAt: now() },
  when: sql`changes() > 0`,
})

const isOneOfItsPeople = (
  user: User,
  { organizationId }: Pick<SsoConnection, 'organizationId'>,
  isConfirmed: boolean,
): SQL => sql`exists (select 1 from ${users} where ${isTarget({ ...user, userId: user.id })}
    and (${users.emailVerifiedAt} is not null and ${users.emailUnansweredSince} is null) = ${Number(isConfirmed)})
    and ${isManagedBy(organizationId, user.id)}`

/** Holds while the account may sign in, with the confirmed address and the credentials that were read, and is one of the organization's people. */
export const mayBeLinked = (user: User, connection: Pick<SsoConnection, 'organizationId'>): SQL =>
  isOneOfItsPeople(user, connection, true)

/** As `mayBeLinked`, for an address that nobody has confirmed; and nobody has the identity. */
export const mayBeTakenOver = (
  user: User,
  connection: Pick<SsoConnection, 'organizationId'>,
  identity: IdentityKey,
): SQL => sql`${isOneOfItsPeople(user, connection, false)} and ${isUnknown(identity)}`

export { hasChanged } from '../../users/tables.ts'

/** Holds while the connection is there, and no directory writes the organization's people. */
export const mayMap = ({ id, organizationId }: Pick<SsoConnection, 'id' | 'organizationId'>): SQL =>
  sql`exists (select 1 from sso_connections as mapping where mapping.id = ${id}) and ${hasNoDirectory(organizationId)}`

const hasNoDirectory = (organizationId: string): SQL =>
  sql`exists (select 1 from organizations as plain where plain.id = ${organizationId} and plain.directory_enabled = 0)`

/** The higher of a role and the one that a membership has by hand. */
export const byHand = (role: GivenRank): SQL => effectiveRole(roleValue(role))

export const roleValue = (role: GivenRank | null): SQL => sql`${role}`

/** As `condition`, while the membership that changes is as it was read. */
export const whileAsRead = ({ id, role }: Pick<Membership, 'id' | 'role'>, condition: SQL): SQL =>
  sql`${memberships.id} = ${id} and ${memberships.role} = ${role} and ${condition}`

/** When somebody may become a member, and whether this membership was made. */
export const joining = ({ id, organizationId, userId }: Pick<Membership, 'id' | 'organizationId' | 'userId'>) => ({
  when: sql`${isOpen(organizationId)} and ${hasRoom(organizationId)} and ${mayJoinMore(userId)} and not exists
    (select 1 from memberships as there where there.organization_id = ${organizationId} and there.user_id = ${userId}
      and ${isJoined('there')})`,
  isMade: sql`exists (select 1 from memberships as made where made.id = ${id})`,
})

/** An owner has signed in through the connection, as it was read. */
export const updateOwnerSignIn = (
  { db, now }: Store & Pick<Ctx, 'now'>,
  { id, version }: Pick<SsoConnection, 'id' | 'version'>,
) =>
  db
    .update(ssoConnections)
    .set({ ownerSignedInAt: now() })
    .where(and(eq(ssoConnections.id, id), eq(ssoConnections.version, version), isNull(ssoConnections.ownerSignedInAt)))
