import { and, eq, isNull, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { insertEventsOf, type Statement, versionEntry } from '../../../db/commit.ts'
import type { EventActor } from '../../../lib/event.ts'
import { raiseClaims } from '../../users/service/change-user.ts'
import { users } from '../../users/tables.ts'
import { effectiveRole, mapRoles, updateOrganization } from '../store.ts'
import { memberships, organizations } from '../tables.ts'

/** Beyond so many, the organization's version is raised instead of each account's: one entry of the feed. */
export const RAISED_EACH = 50

interface Mapping {
  readonly organizationId: string
  /** The role that is mapped now, null for none: of a row of `memberships`. */
  readonly mapped: SQL
  readonly actor: EventActor
  /** Of this write alone. */
  readonly mappingId: string
  /** Which memberships may have changed. */
  readonly affected: SQL
  readonly when: SQL
}

export const isAccount = (userId: string): SQL => eq(memberships.userId, userId)
export const areAll: SQL = sql`true`

/**
 * Statements that give members what is mapped now, behind those that changed what decides it. Whoever's role changes gets an event,
 * and tokens from before become outdated.
 */
export function mapping(
  ctx: Pick<Ctx, 'db' | 'now' | 'ip' | 'userAgent'>,
  { organizationId, mapped, actor, mappingId, affected, when }: Mapping,
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
