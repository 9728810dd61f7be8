import { type ActorCtx, actorOf, type Ctx } from '../../../context.ts'
import { commitAndPropagate, type Statement, versionEntry } from '../../../db/commit.ts'
import { defineError } from '../../../lib/errors.ts'
import type { EventDraft } from '../../../lib/event.ts'
import { RANKS, type Rank } from '../../../lib/roles.ts'
import { applyToOwnView } from '../../../revocation/freshness.ts'
import { LIMITS, limitReached, revokeGivingByRole, type Scope } from '../../memberships/service.ts'
import { PLATFORM } from '../../memberships/types.ts'
import { missingFrom } from '../rules/permissions.ts'
import { findSystemRole, freeKeyOf, isReservedName, nameKeyOf, SYSTEM_ROLE_IDS, SYSTEM_ROLES } from '../rules/roles.ts'
import {
  countAssignments,
  deleteRole,
  insertRole,
  raiseVersion,
  selectRole,
  selectRoles,
  updateRole,
  versionOf,
} from '../store.ts'
import type { Role } from '../tables.ts'
import { type Giver, withRights } from './rights.ts'

export const roleNotFound = defineError('ROLE_NOT_FOUND', 'not_found', 'There is no such role')
export const roleNameTaken = defineError('ROLE_NAME_TAKEN', 'malformed', 'A role has this name already')
export const roleInUse = defineError('ROLE_IN_USE', 'malformed', 'Somebody has this role')
export const systemRole = defineError('SYSTEM_ROLE', 'malformed', 'System roles cannot be changed')

/** A custom role, or a system role as its scope shows it. */
export interface SeenRole extends Role {
  readonly isSystem: boolean
}

const WORDS: Readonly<Record<Rank, string>> = {
  owner: 'Everything in the organization',
  admin: 'Manages the organization and its members',
  member: 'Uses the organization',
  viewer: 'Sees the organization',
}

const systemRoleIn = (scope: string, role: Rank): SeenRole => ({
  id: SYSTEM_ROLE_IDS[role],
  scope,
  key: role,
  name: role,
  nameKey: role,
  description: WORDS[role],
  permissions: [...(SYSTEM_ROLES.get(role) ?? [])],
  createdAt: 0,
  updatedAt: 0,
  isSystem: true,
})

const customRole = (role: Role): SeenRole => ({ ...role, isSystem: false })

/** The roles of a scope: those of the system by rank, then custom ones, oldest first. */
export async function listRoles(
  ctx: ActorCtx,
  { id: scope }: Scope,
  { withSystem }: { withSystem: boolean },
): Promise<SeenRole[]> {
  const system = withSystem ? RANKS.toReversed().map((role) => systemRoleIn(scope, role)) : []
  return [...system, ...(await selectRoles(ctx, scope)).map(customRole)]
}

/** A role of a scope. Throws ROLE_NOT_FOUND, for one of another scope too. */
export async function getRole(ctx: ActorCtx, { id: scope }: Scope, id: string): Promise<SeenRole> {
  const system = findSystemRole({ id })
  return system ? systemRoleIn(scope, system) : customRole(await getCustomRole(ctx, scope, { id }))
}

/** A custom role of a scope, by id or by name. Throws ROLE_NOT_FOUND, and SYSTEM_ROLE for those of the system. */
export async function getCustomRole(
  ctx: ActorCtx,
  scope: string,
  { id, name }: { id?: string | undefined; name?: string | undefined },
): Promise<Role> {
  if (findSystemRole({ id, name })) throw systemRole()
  const role = await selectRole(ctx, scope, id === undefined ? { nameKey: nameKeyOf(name ?? '') } : { id })
  if (!role) throw roleNotFound()
  return role
}

/** Of an event of the definitions: the organization's, else the platform's. */
const ofScope = (ctx: ActorCtx, scope: string) => ({
  userId: null,
  organizationId: scope === PLATFORM ? null : scope,
  actor: actorOf(ctx),
})

const shownOf = ({ name, key, description, permissions }: Role) => ({ name, key, description, permissions })

export interface NewRole {
  readonly name: string
  readonly description: string | null
  readonly permissions: readonly string[]
}

/** Throws ROLE_NAME_TAKEN, LIMIT_REACHED, INSUFFICIENT_PERMISSIONS for more than the caller holds, RIGHTS_CHANGED. */
export function createRole(ctx: ActorCtx, scope: Scope, input: NewRole): Promise<SeenRole> {
  return withRights(ctx, scope, async ({ requireHeld, when }) => {
    requireCount(input.permissions)
    requireHeld(input.permissions)
    // Read behind the version that the statement compares: it holds only while these are all roles.
    const others = await selectRoles(ctx, scope.id)
    const { name, nameKey } = requireFreeName(input.name, others)
    if (others.length >= LIMITS.customRolesPerScope) throw limitReached({ limit: LIMITS.customRolesPerScope })
    const now = ctx.now()
    const role: Role = {
      id: ctx.newId(),
      scope: scope.id,
      key: freeKeyOf(name, new Set(others.map(({ key }) => key))),
      name,
      nameKey,
      description: input.description,
      permissions: [...input.permissions],
      createdAt: now,
      updatedAt: now,
    }
    const { changed } = await changeDefinitions(ctx, scope.id, [insertRole(ctx, role, when)], {
      type: 'role.created',
      subject: role.id,
      ...ofScope(ctx, scope.id),
      data: { after: shownOf(role) },
    })
    return changed ? customRole(role) : null
  })
}

function requireCount(permissions: readonly string[]): void {
  if (permissions.length > LIMITS.permissionsPerRole) throw limitReached({ limit: LIMITS.permissionsPerRole })
}

function requireFreeName(name: string, others: readonly Role[]): Pick<Role, 'name' | 'nameKey'> {
  const nameKey = nameKeyOf(name)
  if (isReservedName(name) || others.some((other) => other.nameKey === nameKey)) throw roleNameTaken()
  return { name, nameKey }
}

export interface RoleChange {
  readonly name?: string | undefined
  readonly description?: string | null | undefined
  readonly permissions?: readonly string[] | undefined
}

export interface ChangedRole {
  readonly role: SeenRole
  readonly propagated: boolean
}

/**
 * Changes what a custom role allows, at once and for all who have it; its key stays. What takes something revokes invitations that
 * give permissions, by whoever has the role. Throws ROLE_NOT_FOUND, SYSTEM_ROLE,
 * ROLE_NAME_TAKEN, RIGHTS_CHANGED, and INSUFFICIENT_PERMISSIONS for a role that allows, before or after, more than the caller holds.
 */
export function changeRole(ctx: ActorCtx, scope: Scope, id: string, change: RoleChange): Promise<ChangedRole> {
  return withRights(ctx, scope, async (giver) => {
    const before = await getCustomRole(ctx, scope.id, { id })
    requireCount(change.permissions ?? [])
    giver.requireHeld([...before.permissions, ...(change.permissions ?? [])])
    const set = await columnsOf(ctx, before, change)
    if (Object.keys(set).length === 0) return { role: customRole(before), propagated: true }
    return applyChange(ctx, { before, after: { ...before, ...set, updatedAt: ctx.now() }, giver })
  })
}

/** The columns that a change sets, without those that stay as they are. */
async function columnsOf(ctx: ActorCtx, before: Role, { name, description, permissions }: RoleChange) {
  const renamed = name !== undefined && name !== before.name
  const others = renamed ? (await selectRoles(ctx, before.scope)).filter(({ id }) => id !== before.id) : []
  const set: Partial<Role> = {
    ...(renamed && requireFreeName(name, others)),
    ...(description !== undefined && { description }),
    ...(permissions && { permissions: [...permissions] }),
  }
  const isChanged = ([column, value]: [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(before[column as keyof Role])
  return Object.fromEntries(Object.entries(set).filter(isChanged)) as typeof set
}

/** Null when rights or definitions are no longer as they were read. */
async function applyChange(
  ctx: ActorCtx,
  { before, after, giver }: { before: Role; after: Role; giver: Giver },
): Promise<ChangedRole | null> {
  const { id, scope } = before
  const { name, nameKey, description, permissions, updatedAt } = after
  const set = { name, nameKey, description, permissions, updatedAt }
  const loss = { organizationId: scope, roleId: id, actor: actorOf(ctx) }
  const takes = missingFrom(permissions, before.permissions).length > 0
  const statements = [
    ...(takes ? revokeGivingByRole(ctx, loss, giver.when) : []),
    updateRole(ctx, before, set, giver.when),
  ] as const
  const { changed, propagated } = await changeDefinitions(ctx, scope, statements, {
    type: 'role.updated',
    subject: id,
    ...ofScope(ctx, scope),
    data: { before: shownOf(before), after: shownOf(after) },
  })
  return changed ? { role: customRole(after), propagated } : null
}

/**
 * Deletes a custom role that nobody has: one statement decides, so a role is not deleted while it is assigned. Throws ROLE_NOT_FOUND,
 * SYSTEM_ROLE, ROLE_IN_USE, RIGHTS_CHANGED, and INSUFFICIENT_PERMISSIONS for a role that allows more than the caller holds.
 */
export function removeRole(ctx: ActorCtx, scope: Scope, id: string): Promise<{ propagated: boolean }> {
  return withRights(ctx, scope, async ({ requireHeld, when }) => {
    const role = await getCustomRole(ctx, scope.id, { id })
    requireHeld(role.permissions)
    if ((await countAssignments(ctx, id)) > 0) throw roleInUse()
    const { changed, propagated } = await changeDefinitions(ctx, scope.id, [deleteRole(ctx, role, when)], {
      type: 'role.deleted',
      subject: id,
      ...ofScope(ctx, scope.id),
      data: { before: shownOf(role) },
    })
    return changed ? { propagated } : null
  })
}

/**
 * Writes a change of what the custom roles of a scope allow. The same batch raises the version of their definitions and writes
 * the event, whose feed entry makes every isolate read them again; this one does so at once. If the last statement changes no
 * row, nothing is raised or written, and `changed` is false.
 */
export async function changeDefinitions(
  ctx: Ctx,
  scope: string,
  statements: readonly [...Statement[], Statement],
  event: EventDraft,
): Promise<{ changed: boolean; propagated: boolean }> {
  const { rows, propagated } = await commitAndPropagate(ctx, [...statements, raiseVersion(ctx, scope)], {
    ...event,
    computedFeedEntry: versionEntry('roles', scope, versionOf(scope)),
  })
  const [raised] = rows
  if (raised) applyToOwnView(ctx, [{ kind: 'roles', id: scope, below: raised.version }])
  return { changed: raised !== undefined, propagated }
}
