import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { DirectoryCtx } from '../../../context.ts'
import { insertEventsOf, type Statement, versionEntry } from '../../../db/commit.ts'
import type { EventActor } from '../../../lib/event.ts'
import { effectiveRole, mapRoles, updateOrganization } from '../../memberships/service.ts'
import { memberships, organizations } from '../../memberships/tables.ts'
import { raiseClaims } from '../../users/service/change-user.ts'
import { users } from '../../users/tables.ts'

/** Beyond so many, the organization's version is raised instead of each account's: one entry of the feed. */
export const RAISED_EACH = 50

/** What the groups of an account give in its organization; null for none. `CROSS JOIN`: else the planner walks all groups for each. */
const mapped = sql`(select case max(case m.role when 'admin' then 2 when 'member' then 1 else 0 end)
    when 2 then 'admin' when 1 then 'member' when 0 then 'viewer' end
  from scim_users as u cross join scim_members as s on s.record_id = u.id
  cross join scim_groups as g on g.id = s.group_id and g.deleted_at is null
  cross join role_mappings as m on m.organization_id = g.organization_id and m.group_name = g.display_name
  where u.organization_id = ${memberships.organizationId} and u.user_id = ${memberships.userId} and u.deleted_at is null)`

interface Mapping {
  readonly organizationId: string
  readonly actor: EventActor
  /** Of this write alone. */
  readonly mappingId: string
  /** Which memberships may have changed. */
  readonly affected: SQL
  readonly when: SQL
}

/** Accounts behind the records with these ids. */
export const areBehind = (organizationId: string, recordIds: readonly string[]): SQL =>
  sql`${memberships.userId} in (select behind.user_id from json_each(${JSON.stringify(recordIds)}) as named
    cross join scim_users as behind on behind.id = named.value where behind.organization_id = ${organizationId})`

export const isAccount = (userId: string): SQL => eq(memberships.userId, userId)
export const areAll: SQL = sql`true`

/**
 * Statements that give members what their groups map to now, behind those that changed groups, members or the mapping. Whoever's
 * role changes gets an event, and tokens from before become outdated.
 */
export function mapping(
  ctx: Pick<DirectoryCtx, 'db' | 'now' | 'ip' | 'userAgent'>,
  { organizationId, actor, mappingId, affected, when }: Mapping,
): readonly Statement[] {
  const after = effectiveRole(mapped)
  const changes = and(
    eq(memberships.organizationId, organizationId),
    isNull(memberships.removedAt),
    sql`${memberships.mappedRole} is not ${mapped}`,
    affected,
    when,
  )
  const differs = and(changes, sql`${memberships.role} <> ${after}`)
  const number = sql`(select count(*) from ${memberships} where ${differs})`
  const isFew = sql`${number} <= ${RAISED_EACH}`
  const version = sql`(select ${organizations.version} from ${organizations} where ${organizations.id} = ${organizationId})`
  return [
    insertEventsOf(ctx, {
      type: 'organization.role_changed',
      actor,
      subject: sql`${memberships.userId}`,
      userId: sql`${memberships.userId}`,
      organizationId: sql`${memberships.organizationId}`,
      data: sql`json_object('before', json_object('role', ${memberships.role}), 'after', json_object('role', ${after}), 'reason', 'groups')`,
      claimsVersion: sql`case when ${isFew} then (select ${users.claimsVersion} + 1 from ${users} where ${users.id} = ${memberships.userId}) end`,
      from: sql`from ${memberships} where ${differs}`,
    }),
    raiseClaims(
      ctx,
      sql`${isFew} and ${users.id} in (select ${memberships.userId} from ${memberships} where ${differs})`,
    ),
    updateOrganization(ctx, organizationId, {
      set: { version: sql`${organizations.version} + 1` },
      when: sql`${number} > ${RAISED_EACH}`,
    }),
    insertEventsOf(ctx, {
      type: 'organization.updated',
      actor,
      subject: sql`${organizationId}`,
      organizationId: sql`${organizationId}`,
      data: sql`json_object('reason', 'groups', 'members', ${number})`,
      feedEntry: versionEntry('organization', organizationId, version),
      from: sql`where ${number} > ${RAISED_EACH}`,
    }),
    mapRoles(ctx, { organizationId, mapped, mappingId, when: sql`${affected} and ${when}` }),
  ]
}
