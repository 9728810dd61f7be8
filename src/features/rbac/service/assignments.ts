import { type ActorCtx, actorOf } from '../../../context.ts'
import type { Statement } from '../../../db/commit.ts'
import { defineError } from '../../../lib/errors.ts'
import { LIMITS, limitReached, memberNotFound, revokeGiving, type Scope } from '../../memberships/service.ts'
import { PLATFORM } from '../../memberships/types.ts'
import { changeUser } from '../../users/service/change-user.ts'
import { notificationOf } from '../../users/service/notices.ts'
import { userNotFound, userStateConflict } from '../../users/service/users.ts'
import { deleteAssignment, hasChanged, insertAssignment, isAssigned, mayReplace, replaceGrants } from '../store.ts'
import type { Role } from '../tables.ts'
import { findHolder, type Holder, withRights } from './rights.ts'
import { getCustomRole } from './roles.ts'

export const roleNotAssigned = defineError('ROLE_NOT_ASSIGNED', 'not_found', 'The user does not have this role')

/** A custom role, by id or by name. */
export interface RoleRef {
  readonly id?: string | undefined
  readonly name?: string | undefined
}

export interface ChangedAssignment {
  readonly role: Role
  readonly propagated: boolean
}

/** A member of the organization who has taken that up; platform-wide an active user. Throws MEMBER_NOT_FOUND, NOT_FOUND, USER_STATE_CONFLICT. */
export async function getRecipient(ctx: ActorCtx, scope: string, userId: string): Promise<Holder> {
  const holder = await findHolder(ctx, { scope, userId })
  if (scope !== PLATFORM) {
    if (!holder || holder.rank === null) throw memberNotFound()
    return holder
  }
  if (!holder || holder.user.status === 'deleted') throw userNotFound()
  const { status } = holder.user
  if (status !== 'active') throw userStateConflict({ status, allowed: ['active'] })
  return holder
}

/** Whoever is concerned has outdated tokens, an event of their own and a notification. Null when the statements changed nothing. */
const changeHeld = async (
  ctx: ActorCtx,
  { user, scope }: { user: Holder['user']; scope: string },
  statements: readonly Statement[],
  event: Pick<Parameters<typeof changeUser>[1]['events'][0], 'type' | 'data'>,
) => {
  const actor = actorOf(ctx)
  const organizationId = scope === PLATFORM ? null : scope
  return changeUser(ctx, {
    userId: user.id,
    set: {},
    when: hasChanged,
    actor,
    with: statements,
    changesClaims: true,
    events: [{ ...event, organizationId }, await notificationOf(ctx, user, { kind: 'rights_changed', actor })],
  })
}

/**
 * Gives a user a custom role; whoever has it keeps it. Throws ROLE_NOT_FOUND, SYSTEM_ROLE, MEMBER_NOT_FOUND, NOT_FOUND, LIMIT_REACHED,
 * RIGHTS_CHANGED, and INSUFFICIENT_PERMISSIONS for a role that allows more than the caller holds.
 */
export function assignRole(
  ctx: ActorCtx,
  scope: Scope,
  { userId, role: ref }: { userId: string; role: RoleRef },
): Promise<ChangedAssignment> {
  return withRights(ctx, scope, async ({ requireHeld, when }) => {
    const role = await getCustomRole(ctx, scope.id, ref)
    requireHeld(role.permissions)
    const { user, here } = await getRecipient(ctx, scope.id, userId)
    if (here.roles.some(({ id }) => id === role.id)) return { role, propagated: true }
    if (here.roles.length >= LIMITS.customRolesPerMember) throw limitReached({ limit: LIMITS.customRolesPerMember })
    const row = { roleId: role.id, userId, scope: scope.id, assignedBy: ctx.actor.id, assignedAt: ctx.now() }
    const changed = await changeHeld(ctx, { user, scope: scope.id }, [insertAssignment(ctx, row, when)], {
      type: 'role.assigned',
      data: { role_id: role.id, role: role.key },
    })
    return changed && { role, propagated: changed.propagated }
  })
}

/** Takes a custom role from a user, with the invitations of theirs that give permissions there. Throws as `assignRole` does, and ROLE_NOT_ASSIGNED. */
export function unassignRole(
  ctx: ActorCtx,
  scope: Scope,
  { userId, roleId }: { userId: string; roleId: string },
): Promise<ChangedAssignment> {
  return withRights(ctx, scope, async ({ requireHeld, when }) => {
    const role = await getCustomRole(ctx, scope.id, { id: roleId })
    requireHeld(role.permissions)
    const holder = await findHolder(ctx, { scope: scope.id, userId })
    if (!holder?.here.roles.some(({ id }) => id === roleId)) throw roleNotAssigned()
    const assignment = { roleId, userId, scope: scope.id }
    const loss = { organizationId: scope.id, authorId: userId, actor: actorOf(ctx) }
    const statements = [
      ...revokeGiving(ctx, loss, isAssigned(assignment, when)),
      deleteAssignment(ctx, assignment, when),
    ]
    const changed = await changeHeld(ctx, { user: holder.user, scope: scope.id }, statements, {
      type: 'role.unassigned',
      data: { role_id: roleId, role: role.key },
    })
    return changed && { role, propagated: changed.propagated }
  })
}

/**
 * Replaces the direct grants of a user in a scope; when one is taken, invitations of theirs that give permissions there are revoked.
 * Only what is given or taken is compared with what the caller holds. Throws MEMBER_NOT_FOUND, NOT_FOUND, LIMIT_REACHED, INSUFFICIENT_PERMISSIONS, RIGHTS_CHANGED.
 */
export function grantPermissions(
  ctx: ActorCtx,
  scope: Scope,
  { userId, permissions }: { userId: string; permissions: readonly string[] },
): Promise<{ propagated: boolean }> {
  if (permissions.length > LIMITS.grantsPerMember) throw limitReached({ limit: LIMITS.grantsPerMember })
  return withRights(ctx, scope, async ({ requireHeld, when }) => {
    const { user, here, claimsVersion } = await getRecipient(ctx, scope.id, userId)
    const taken = here.granted.filter((one) => !permissions.includes(one))
    const given = permissions.filter((one) => !here.granted.includes(one))
    requireHeld([...taken, ...given])
    if (taken.length + given.length === 0) return { propagated: true }
    const change = { scope: scope.id, userId, claimsVersion, grantedBy: ctx.actor.id, taken, given }
    const loss = { organizationId: scope.id, authorId: userId, actor: actorOf(ctx) }
    const statements = [
      ...(taken.length > 0 ? revokeGiving(ctx, loss, mayReplace(change, when)) : []),
      ...replaceGrants(ctx, change, when),
    ]
    const changed = await changeHeld(ctx, { user, scope: scope.id }, statements, {
      type: 'permissions.granted',
      data: { before: here.granted, after: permissions },
    })
    return changed && { propagated: changed.propagated }
  })
}
