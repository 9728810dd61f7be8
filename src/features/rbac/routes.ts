import type * as z from 'zod'
import type { ActorCtx, PlaceCtx, PrincipalCtx } from '../../context.ts'
import { created, ok } from '../../http/answers.ts'
import { DoneAndEnded, endedToWire } from '../../http/done.ts'
import { type Guard, memberOf, principal, scopedUser } from '../../http/guard.ts'
import { createRoutes, everyCall } from '../../http/router.ts'
import { forbidden, notFound } from '../../lib/errors.ts'
import {
  enterScopeToChange,
  enterScopeToRead,
  limitReached,
  memberNotFound,
  organizationRequired,
  type Scope,
} from '../memberships/service.ts'
import { userStateConflict } from '../users/service/users.ts'
import { KNOWN_PERMISSIONS } from './rules/catalogue.ts'
import { assignRole, grantPermissions, roleNotAssigned, unassignRole } from './service/assignments.ts'
import { CHECK_SCOPE, checkPermissions, getOwnStanding, getStandingOf, getUserId } from './service/checks.ts'
import { rightsChanged } from './service/rights.ts'
import {
  changeRole,
  createRole,
  getRole,
  listRoles,
  removeRole,
  roleInUse,
  roleNameTaken,
  roleNotFound,
  systemRole,
} from './service/roles.ts'
import {
  AnyUserPath,
  AssignedRoleShape,
  AssignmentBody,
  ChangedPermissions,
  ChangedRoleShape,
  CheckBody,
  CheckedPermission,
  CheckedPermissions,
  ChecksBody,
  EnforcedPermission,
  GrantsBody,
  KnownPermissions,
  NewRoleBody,
  OrganizationPath,
  OrganizationRolePath,
  OwnPermissions,
  OwnRole,
  organizationIn,
  RoleArray,
  RoleBody,
  RoleList,
  RolePath,
  RoleShape,
  RolesQuery,
  ScopeQuery,
  toNewRole,
  toQuestion,
  toRoleList,
  toRoleRef,
  UnassignQuery,
  UserAssignmentBody,
  UserPath,
  UserPermissions,
  UserRolePath,
} from './wire.ts'

/** Below `/rbac` as the documentation has it, and below `/roles` as Janua's server does. */
export const roleRoutes = createRoutes({ prefix: '/api/v1', tag: 'roles', guard: scopedUser })

const readIn = (ctx: ActorCtx, organizationId: string | undefined) => enterScopeToRead(ctx, organizationId)
const changeIn = (ctx: ActorCtx, organizationId: string | null | undefined) =>
  enterScopeToChange(ctx, organizationId, 'admin')

const changeErrors = [organizationRequired, rightsChanged]

roleRoutes.get(
  '/rbac/roles',
  {
    id: 'listRoles',
    aliases: [{ path: '/roles', id: 'listCustomRoles' }],
    summary: 'The system roles, and the custom roles of an organization or of the platform',
    query: RolesQuery,
    answer: ok(RoleList, 'A page of roles'),
  },
  async ({ ctx, query }) => {
    const scope = await readIn(ctx, query.organization_id)
    return toRoleList(await listRoles(ctx, scope, { withSystem: query.include_system }), query)
  },
)

roleRoutes.post(
  '/rbac/roles',
  {
    id: 'createRole',
    aliases: [{ path: '/roles', id: 'createCustomRole' }],
    summary: 'Create a custom role, of an organization or of the platform, that allows no more than the caller may',
    isWrite: everyCall,
    query: ScopeQuery,
    body: NewRoleBody,
    answer: created(RoleShape, 'The role'),
    errors: [roleNameTaken, limitReached, ...changeErrors],
  },
  async ({ ctx, body, query }) => createRole(ctx, await changeIn(ctx, organizationIn(body, query)), toNewRole(body)),
)

roleRoutes.get(
  '/roles/permissions',
  {
    id: 'listKnownPermissions',
    summary: 'The permissions that have a meaning here; applications add their own',
    answer: ok(KnownPermissions, 'Permissions'),
  },
  () => KNOWN_PERMISSIONS,
)

roleRoutes.get(
  '/rbac/permissions',
  {
    id: 'listOwnPermissions',
    summary: 'The permissions of the caller, and those that have a meaning here',
    query: ScopeQuery,
    answer: ok(OwnPermissions, 'Permissions'),
    errors: [notFound],
  },
  ({ ctx, query }) => getOwnStanding(ctx, { organizationId: query.organization_id }),
)

roleRoutes.get(
  '/rbac/role',
  {
    id: 'getOwnRole',
    summary: 'The role of the caller in an organization or platform-wide, with the keys of custom roles',
    query: ScopeQuery,
    answer: ok(OwnRole, 'The role'),
    errors: [notFound],
  },
  ({ ctx, query }) => getOwnStanding(ctx, { organizationId: query.organization_id }),
)

roleRoutes.get(
  '/rbac/roles/:role_id',
  {
    id: 'getRole',
    aliases: [{ path: '/roles/:role_id', id: 'getCustomRole' }],
    summary: 'A role',
    params: RolePath,
    query: ScopeQuery,
    answer: ok(RoleShape, 'The role'),
    errors: [roleNotFound],
  },
  async ({ ctx, params, query }) => getRole(ctx, await readIn(ctx, query.organization_id), params.role_id),
)

const change = {
  summary: 'Change a custom role: absent fields stay as they are, and what it allows counts at once',
  // What takes rights away is not counted.
  isWrite: ({ permissions }: z.output<typeof RoleBody>) => permissions === undefined || permissions.length > 0,
  params: RolePath,
  query: ScopeQuery,
  body: RoleBody,
  answer: ok(ChangedRoleShape, 'The role'),
  errors: [roleNotFound, roleNameTaken, systemRole, limitReached, ...changeErrors],
}

const changeOne = async ({
  ctx,
  params,
  body: { organization_id, ...input },
  query,
}: {
  ctx: ActorCtx
  params: z.output<typeof RolePath>
  body: z.output<typeof RoleBody>
  query: z.output<typeof ScopeQuery>
}) => changeRole(ctx, await changeIn(ctx, organizationIn({ organization_id }, query)), params.role_id, input)

roleRoutes.put(
  '/rbac/roles/:role_id',
  { ...change, id: 'changeRole', aliases: [{ path: '/roles/:role_id', id: 'changeCustomRole' }] },
  changeOne,
)
roleRoutes.patch('/rbac/roles/:role_id', { ...change, id: 'updateRole', instead: 'changeRole' }, changeOne)
roleRoutes.patch('/roles/:role_id', { ...change, id: 'updateCustomRole', instead: 'changeRole' }, changeOne)

roleRoutes.delete(
  '/rbac/roles/:role_id',
  {
    id: 'deleteRole',
    aliases: [{ path: '/roles/:role_id', id: 'deleteCustomRole' }],
    summary: 'Delete a custom role that nobody has',
    params: RolePath,
    query: ScopeQuery,
    answer: ok(DoneAndEnded, 'The role is deleted'),
    errors: [roleNotFound, systemRole, roleInUse, ...changeErrors],
  },
  async ({ ctx, params, query }) =>
    endedToWire('Role deleted', await removeRole(ctx, await changeIn(ctx, query.organization_id), params.role_id)),
)

const assignment = {
  isWrite: everyCall,
  query: ScopeQuery,
  answer: ok(AssignedRoleShape, 'The user has the role'),
  errors: [roleNotFound, systemRole, memberNotFound, notFound, userStateConflict, limitReached, ...changeErrors],
}

roleRoutes.post(
  '/rbac/users/:user_id/roles',
  {
    ...assignment,
    id: 'assignRole',
    summary: 'Give a custom role, by id or name, to a member, or platform-wide to a user',
    params: UserPath,
    body: AssignmentBody,
  },
  async ({ ctx, params: { user_id: userId }, body, query }) => {
    const scope = await changeIn(ctx, organizationIn(body, query))
    return { userId, ...(await assignRole(ctx, scope, { userId, role: toRoleRef(body) })) }
  },
)

roleRoutes.post(
  '/roles/assign',
  {
    ...assignment,
    id: 'assignCustomRole',
    instead: 'assignRole',
    summary: 'Give a custom role, by id or name, to a member, or platform-wide to a user',
    body: UserAssignmentBody,
  },
  async ({ ctx, body, query }) => {
    const scope = await changeIn(ctx, organizationIn(body, query))
    return { userId: body.user_id, ...(await assignRole(ctx, scope, { userId: body.user_id, role: toRoleRef(body) })) }
  },
)

const unassignment = {
  summary: 'Take a custom role from a user',
  answer: ok(DoneAndEnded, 'The user does not have the role any more'),
  errors: [roleNotFound, systemRole, roleNotAssigned, ...changeErrors],
}

roleRoutes.delete(
  '/rbac/users/:user_id/roles/:role_id',
  { ...unassignment, id: 'unassignRole', params: UserRolePath, query: ScopeQuery },
  async ({ ctx, params, query }) => {
    const scope = await changeIn(ctx, query.organization_id)
    const { user_id: userId, role_id: roleId } = params
    return endedToWire('Role unassigned', await unassignRole(ctx, scope, { userId, roleId }))
  },
)

roleRoutes.delete(
  '/policies/roles/:role_id/unassign',
  { ...unassignment, id: 'unassignCustomRole', instead: 'unassignRole', params: RolePath, query: UnassignQuery },
  async ({ ctx, params, query }) => {
    const scope = await changeIn(ctx, query.organization_id)
    return endedToWire(
      'Role unassigned',
      await unassignRole(ctx, scope, { userId: query.user_id, roleId: params.role_id }),
    )
  },
)

/** A user, about themselves or those whose rights they manage, or a machine. */
const checker: Guard<PrincipalCtx> = { ...principal(CHECK_SCOPE), rank: 'viewer' }
const checkErrors = [forbidden]

roleRoutes.post(
  '/rbac/check-permission',
  {
    id: 'checkPermission',
    summary: 'Whether a user has a permission',
    description:
      'About the caller without `user_id`. Admins of an organization ask about others there, and hear of what is held there alone. A `resource_id` that is the id of the user lets `:self` permissions count.',
    guard: checker,
    body: CheckBody,
    answer: ok(CheckedPermission, 'The answer'),
    errors: checkErrors,
  },
  ({ ctx, body }) => checkPermissions(ctx, toQuestion(body, [body.permission])),
)

roleRoutes.post(
  '/rbac/check-permissions',
  {
    id: 'checkPermissions',
    summary: 'Which of several permissions a user has',
    guard: checker,
    body: ChecksBody,
    answer: ok(CheckedPermissions, 'The answers'),
    errors: checkErrors,
  },
  ({ ctx, body }) => checkPermissions(ctx, toQuestion(body, body.permissions)),
)

roleRoutes.post(
  '/rbac/enforce',
  {
    id: 'enforcePermission',
    summary: 'As `check-permission`, answered as granted or denied',
    guard: checker,
    body: CheckBody,
    answer: ok(EnforcedPermission, 'The answer'),
    errors: checkErrors,
  },
  ({ ctx, body }) => checkPermissions(ctx, toQuestion(body, [body.permission])),
)

const scopeOf = ({ place }: PlaceCtx): Scope => ({ id: place.organizationId, place })

export const organizationRoleRoutes = createRoutes({ prefix: '/api/v1/organizations/:organization_id', tag: 'roles' })

organizationRoleRoutes.get(
  '/roles',
  {
    id: 'listOrganizationRoles',
    summary: 'The system roles and the custom roles of an organization',
    guard: memberOf('viewer'),
    params: OrganizationPath,
    answer: ok(RoleArray, 'Roles'),
  },
  ({ ctx }) => listRoles(ctx, scopeOf(ctx), { withSystem: true }),
)

organizationRoleRoutes.post(
  '/roles',
  {
    id: 'createOrganizationRole',
    summary: 'Create a custom role of an organization',
    guard: memberOf('admin'),
    isWrite: everyCall,
    params: OrganizationPath,
    body: NewRoleBody,
    answer: created(RoleShape, 'The role'),
    errors: [roleNameTaken, limitReached, rightsChanged],
  },
  ({ ctx, body }) => createRole(ctx, scopeOf(ctx), toNewRole(body)),
)

organizationRoleRoutes.delete(
  '/roles/:role_id',
  {
    id: 'deleteOrganizationRole',
    summary: 'Delete a custom role of an organization that nobody has',
    guard: memberOf('admin'),
    params: OrganizationRolePath,
    answer: ok(DoneAndEnded, 'The role is deleted'),
    errors: [roleNotFound, systemRole, roleInUse, rightsChanged],
  },
  async ({ ctx, params }) => endedToWire('Role deleted', await removeRole(ctx, scopeOf(ctx), params.role_id)),
)

export const userPermissionRoutes = createRoutes({ prefix: '/api/v1/users/:user_id', tag: 'roles', guard: scopedUser })

userPermissionRoutes.get(
  '/permissions',
  {
    id: 'listUserPermissions',
    summary: 'What a user holds, for that user or an admin',
    description: 'An admin of an organization sees what its members hold there.',
    params: AnyUserPath,
    query: ScopeQuery,
    answer: ok(UserPermissions, 'The permissions'),
    errors: [forbidden, memberNotFound, notFound],
  },
  async ({ ctx, params: { user_id: ref }, query }) => ({
    ref,
    ...(await getStandingOf(ctx, { ref, organizationId: query.organization_id })),
  }),
)

const grant = {
  summary: 'Replace what a user was granted directly, in an organization or platform-wide',
  // What takes rights away is not counted.
  isWrite: ({ permissions }: z.output<typeof GrantsBody>) => permissions.length > 0,
  params: AnyUserPath,
  query: ScopeQuery,
  body: GrantsBody,
  answer: ok(ChangedPermissions, 'The permissions'),
  errors: [memberNotFound, notFound, forbidden, userStateConflict, limitReached, ...changeErrors],
}

const grantAll = async ({
  ctx,
  params: { user_id: ref },
  body,
  query,
}: {
  ctx: ActorCtx
  params: z.output<typeof AnyUserPath>
  body: z.output<typeof GrantsBody>
  query: z.output<typeof ScopeQuery>
}) => {
  const scope = await changeIn(ctx, organizationIn(body, query))
  const userId = await getUserId(ctx, scope.id, ref)
  const { propagated } = await grantPermissions(ctx, scope, { userId, permissions: body.permissions })
  const organizationId = scope.place?.organizationId
  return { ref, propagated, ...(await getStandingOf(ctx, { ref, organizationId })) }
}

userPermissionRoutes.put('/permissions', { ...grant, id: 'grantPermissions' }, grantAll)
userPermissionRoutes.patch('/permissions', { ...grant, id: 'updatePermissions', instead: 'grantPermissions' }, grantAll)
