import { and, asc, eq, getTableColumns, isNotNull, isNull, lte, or, type SQL, sql } from 'drizzle-orm'
import type { ActorCtx, Ctx, Place } from '../../context.ts'
import { ADMIN, type Rank } from '../../lib/roles.ts'
import { hasVerifiedDomain, type SsoPolicy } from '../domains/tables.ts'
import {
  hasRoom,
  isJoined,
  isOpen,
  type Membership,
  mayJoinMore,
  memberships,
  organizations,
  stillHas,
} from '../memberships/tables.ts'
import type { User } from '../users/types.ts'
import { roleMappings, type SsoConnection, ssoConnections } from './tables.ts'
import type { RoleMapping } from './types.ts'

type Store = Pick<Ctx, 'db'>
export const organizationData = [ssoConnections.organizationId, roleMappings.organizationId]

type Acting = Store & Pick<ActorCtx, 'actor'>

/** Ids of an organization's owners, the longest-serving first: who adds others cannot push them out. */
export const selectOwnerIds = ({ db }: Store, organizationId: string, limit: number) =>
  db
    .select({ id: memberships.userId })
    .from(memberships)
    .where(
      and(
        eq(memberships.organizationId, organizationId),
        eq(memberships.role, 'owner'),
        isNull(memberships.removedAt),
        isNotNull(memberships.takenUpAt),
      ),
    )
    .orderBy(asc(memberships.joinedAt), asc(memberships.id))
    .limit(limit)

const columns = {
  ...getTableColumns(ssoConnections),
  hasDomain: sql`${hasVerifiedDomain(sql`sso_connections.organization_id`)}`.mapWith(Boolean),
  roleMapping: sql<string>`(select json_group_array(json_object('group', group_name, 'role', role)) from
    (select group_name, role from role_mappings where role_mappings.organization_id = sso_connections.organization_id
      order by group_name))`.mapWith((text: string): RoleMapping[] => JSON.parse(text)),
}

const ofOpen = and(eq(organizations.id, ssoConnections.organizationId), isNull(organizations.deletedAt))

/** By its id or its organization's, whoever asks: the caller asks next whether it is theirs. */
export const findConnectionOfAny = ({ db }: Store, id: string) =>
  db
    .select(columns)
    .from(ssoConnections)
    .innerJoin(organizations, ofOpen)
    .where(or(eq(ssoConnections.id, id), eq(ssoConnections.organizationId, id)))
    .get()

/** Those of one organization, or of all, the oldest first. */
export const selectConnections = ({ db }: Store, organizationId: string | null, limit: number) =>
  db
    .select(columns)
    .from(ssoConnections)
    .innerJoin(organizations, ofOpen)
    .where(organizationId === null ? undefined : eq(ssoConnections.organizationId, organizationId))
    .orderBy(asc(ssoConnections.createdAt), asc(ssoConnections.id))
    .limit(limit)

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

/** The last statement returns no row when the organization has a connection, or the caller is no owner any more. */
export function insertConnection(ctx: Acting, place: Place, row: SsoConnection, mapping: readonly RoleMapping[]) {
  const cells = Object.entries(getTableColumns(ssoConnections)).map(
    ([name, column]) => sql`${sql.param(row[name as keyof SsoConnection], column)}`,
  )
  const when = sql`${stillHas('owner', place, ctx.actor.id)} and not exists
    (select 1 from sso_connections as there where there.organization_id = ${row.organizationId})`
  return [
    ...replaceMapping(ctx, row.organizationId, mapping, when),
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

/** The last statement returns no row when it was changed since it was read, or the caller lost the rank. */
export function updateConnection(
  ctx: Acting,
  place: Place,
  change: Changed & { set: Partial<SsoConnection>; roleMapping: readonly RoleMapping[] | undefined },
) {
  const { before, set, roleMapping } = change
  const when = isUnmoved(ctx, place, change)
  return [
    ...(roleMapping ? replaceMapping(ctx, before.organizationId, roleMapping, when) : []),
    ctx.db
      .update(ssoConnections)
      .set({ ...set, version: before.version + 1 })
      .where(and(eq(ssoConnections.id, before.id), when))
      .returning({ id: ssoConnections.id }),
  ] as const
}

/** As `updateConnection`. With it goes the role mapping. A policy that requires it stands in the way. */
export function deleteConnection(ctx: Acting, place: Place, before: Changed['before']) {
  const when = sql`${isUnmoved(ctx, place, { before, rank: 'owner' })} and not ${isRequired(before.organizationId)}`
  const [deleteMapping] = replaceMapping(ctx, before.organizationId, [], when)
  return [
    deleteMapping,
    ctx.db
      .delete(ssoConnections)
      .where(and(eq(ssoConnections.id, before.id), when))
      .returning({ id: ssoConnections.id }),
  ] as const
}

const isRequired = (organizationId: string): SQL =>
  sql`exists (select 1 from sso_policies as policy where policy.organization_id = ${organizationId} and policy.required = 1)`

/** Holds while an owner has signed in through the connection, as it is now, and others can. */
const isProvedConnection = (organizationId: string): SQL =>
  sql`exists (select 1 from sso_connections as used where used.organization_id = ${organizationId} and used.enabled = 1
    and used.error is null and used.owner_signed_in_at is not null)`

/** Connections whose metadata are to be read again, the longest overdue first. */
export const selectDueConnections = ({ db, now }: Store & Pick<Ctx, 'now'>, limit: number) =>
  db
    .select({ connection: getTableColumns(ssoConnections), organization: getTableColumns(organizations) })
    .from(ssoConnections)
    .innerJoin(organizations, ofOpen)
    .where(lte(ssoConnections.checkAt, now()))
    .orderBy(asc(ssoConnections.checkAt))
    .limit(limit)

/** The statement returns no row when another run, or an owner, has changed it since it was read. */
export const updateChecked = (
  { db }: Store,
  { id, version, checkAt }: Pick<SsoConnection, 'id' | 'version' | 'checkAt'>,
  set: Partial<SsoConnection>,
) =>
  db
    .update(ssoConnections)
    .set(set)
    .where(and(eq(ssoConnections.id, id), eq(ssoConnections.version, version), eq(ssoConnections.checkAt, checkAt)))
    .returning({ id: ssoConnections.id })

/** Secrets that are not sealed under the key with this id, at most `limit`. */
export const selectSealedBefore = ({ db }: Store, keyId: string, limit: number) =>
  db
    .select({ id: ssoConnections.id, secretSealed: ssoConnections.secretSealed })
    .from(ssoConnections)
    .where(sql`substr(${ssoConnections.secretSealed}, 1, ${keyId.length + 1}) <> ${`${keyId}.`}`)
    .limit(limit)

export const updateSeal = ({ db }: Store, { id, from, to }: { id: string; from: string; to: string }) =>
  db
    .update(ssoConnections)
    .set({ secretSealed: to })
    .where(and(eq(ssoConnections.id, id), eq(ssoConnections.secretSealed, from)))

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
    ? sql`${right} and ${isProvedConnection(organizationId)} and ${hasVerifiedDomain(organizationId)}`
    : right
}

/** For the statement behind that of the policy: no token of the organization from before is good any more. */
export const raisedVersion = ({ now }: Pick<Ctx, 'now'>) => ({
  set: { version: sql`${organizations.version} + 1`, updatedAt: now() },
  when: sql`changes() > 0`,
})

/** Holds while the account's address is confirmed, in a domain that the connection's organization has verified, and no admin's. */
export const isOwnersAddress = (
  { id, email, authVersion }: User,
  { organizationId }: Pick<SsoConnection, 'organizationId'>,
): SQL =>
  sql`exists (select 1 from users as holder where holder.id = ${id} and holder.email = ${email}
    and holder.auth_version = ${authVersion} and holder.email_verified_at is not null
    and holder.email_unanswered_since is null and holder.role <> ${ADMIN})
    and exists (select 1 from organization_domains as own where own.organization_id = ${organizationId}
      and own.verified_at is not null and own.domain = substr(${email}, instr(${email}, '@') + 1))`

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
