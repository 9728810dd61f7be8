import { and, asc, eq, getTableColumns, isNull, lte, or, type SQL, sql } from 'drizzle-orm'
import { type ActorCtx, actorOf, type Ctx, type Place } from '../../../context.ts'
import type { Rank } from '../../../lib/roles.ts'
import { hasUsableDomain, hasVerifiedDomain, isSsoRequired } from '../../domains/tables.ts'
import { identities } from '../../factors/identities/tables.ts'
import { areAll, mapping } from '../../memberships/service/mapping.ts'
import { updateOrganization } from '../../memberships/service.ts'
import { organizations, stillHas } from '../../memberships/tables.ts'
import { federatedSessions } from '../../sessions/tables.ts'
import {
  type ConnectionRow,
  roleMappings,
  type SsoConnection,
  ssoCertificates,
  ssoConnections,
  toConnection,
} from '../tables.ts'
import type { RoleMapping, TrustedCertificate } from '../types.ts'
import { hasNoDirectory, roleValue } from './identities.ts'

type Store = Pick<Ctx, 'db'>
export const organizationData = [
  ssoConnections.organizationId,
  ssoCertificates.organizationId,
  roleMappings.organizationId,
]

type Acting = Store & Pick<ActorCtx, 'actor' | 'now'>

export const columns = {
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

export const ofOpen = and(eq(organizations.id, ssoConnections.organizationId), isNull(organizations.deletedAt))

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
export const isAt = (protocol: SsoConnection['protocol'], issuer: string): SQL | undefined =>
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

/** An owner has signed in through the connection, as it was read. */
export const updateOwnerSignIn = (
  { db, now }: Store & Pick<Ctx, 'now'>,
  { id, version }: Pick<SsoConnection, 'id' | 'version'>,
) =>
  db
    .update(ssoConnections)
    .set({ ownerSignedInAt: now() })
    .where(and(eq(ssoConnections.id, id), eq(ssoConnections.version, version), isNull(ssoConnections.ownerSignedInAt)))
