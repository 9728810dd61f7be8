import * as z from 'zod'
import { from, instant, mapped, shape } from '../../http/answers.ts'
import { PropagatedField } from '../../http/done.ts'
import { bytesUpTo, UuidParam } from '../../http/input.ts'
import { arrayOf, listOf, pageQuery, rangeOfPage } from '../../http/list.ts'
import { fieldRequired } from '../../lib/errors.ts'
import { LIMITS, PLATFORM } from '../memberships/types.ts'
import { isPlainText } from '../users/service/users.ts'
import { orAbsent, proseField, UserParam } from '../users/wire.ts'
import { KNOWN_PERMISSIONS } from './rules/catalogue.ts'
import { isPermission } from './rules/permissions.ts'
import type { ChangedAssignment } from './service/assignments.ts'
import type { PermissionAnswer, Standing } from './service/checks.ts'
import type { ChangedRole, SeenRole } from './service/roles.ts'

const organizationOf = ({ scope }: Pick<SeenRole, 'scope'>): string | null => (scope === PLATFORM ? null : scope)

export const RoleShape = shape<SeenRole>()('Role', {
  id: z.uuid(),
  organization_id: from(
    z.uuid().nullable().meta({ description: 'Null for a role of the platform' }),
    (role: SeenRole) => organizationOf(role),
  ),
  key: z.string().meta({ description: 'What tokens say; it stays when the role is renamed' }),
  name: z.string(),
  description: z.string().nullable(),
  permissions: z.array(z.string()),
  is_system: z.boolean(),
  created_at: instant,
  updated_at: instant,
})

export const ChangedRoleShape = mapped(
  RoleShape.schema.extend({ propagated: PropagatedField }).meta({ id: 'ChangedRole' }),
  ({ role, propagated }: ChangedRole) => ({ ...RoleShape.write(role), propagated }),
)

export const RoleArray = arrayOf(RoleShape)

/** Janua's clients read `items` or `roles`. */
const Listed = listOf(['items', 'roles'], RoleShape, { total: z.int(), page: z.int(), per_page: z.int() })
export const RoleList = { ...Listed, schema: Listed.schema.meta({ id: 'RoleList' }) }

export const ScopeQuery = z.object({ organization_id: orAbsent(UuidParam) })
const scopeField = { organization_id: UuidParam.nullish() }

/** The organization that body or query name. */
export const organizationIn = (
  body: { organization_id?: string | null | undefined },
  query: { organization_id?: string | undefined },
) => body.organization_id ?? query.organization_id

export const RolesQuery = ScopeQuery.extend({ ...pageQuery().shape, include_system: z.stringbool().default(true) })

export function toRoleList(roles: readonly SeenRole[], query: z.output<typeof RolesQuery>) {
  const { offset, limit } = rangeOfPage(query)
  const { page, per_page } = query
  return { rows: roles.slice(offset, offset + limit), total: roles.length, page, per_page }
}

export const RolePath = z.object({ role_id: UuidParam })
export const UserPath = z.object({ user_id: UuidParam })
export const AnyUserPath = z.object({ user_id: UserParam })
export const UserRolePath = UserPath.extend({ role_id: UuidParam })
export const OrganizationPath = z.object({ organization_id: UuidParam })
export const OrganizationRolePath = OrganizationPath.extend({ role_id: UuidParam })
export const UnassignQuery = ScopeQuery.extend({ user_id: UuidParam })

const PermissionField = z
  .string()
  .max(150)
  .refine(isPermission, 'must be resource:action or resource:action:self; each part may be *')

const distinct = (permissions: string[]): string[] => [...new Set(permissions)]
const PermissionsField = z.array(PermissionField).transform(distinct)

const NameField = z.string().trim().min(1).max(100).refine(isPlainText, 'must not have control characters')

export const NewRoleBody = z
  .object({
    name: NameField,
    description: proseField(500),
    permissions: PermissionsField.nullish(),
    ...scopeField,
  })
  .meta({ id: 'NewRole' })

export const toNewRole = ({ name, description, permissions }: z.output<typeof NewRoleBody>) => ({
  name,
  description: description ?? null,
  permissions: permissions ?? [],
})

export const RoleBody = z
  .object({
    name: NameField.optional(),
    description: proseField(500),
    permissions: PermissionsField.optional(),
    ...scopeField,
  })
  .meta({ id: 'RoleChange' })

const ref = { role_id: UuidParam.nullish(), role_name: z.string().max(100).nullish() }

export const AssignmentBody = z.object({ ...ref, ...scopeField }).meta({ id: 'RoleAssignment' })

export const UserAssignmentBody = z
  .object({ user_id: UuidParam, ...ref, ...scopeField })
  .meta({ id: 'UserRoleAssignment' })

/** The role by id, else by name. */
export function toRoleRef({ role_id, role_name }: z.output<typeof AssignmentBody>) {
  if (!role_id && !role_name) throw fieldRequired('role_id')
  return role_id ? { id: role_id } : { name: role_name ?? '' }
}

const AssignedRole = z
  .object({
    user_id: z.uuid(),
    organization_id: z.uuid().nullable(),
    role: z.string(),
    role_id: z.uuid(),
    message: z.string(),
    propagated: PropagatedField,
  })
  .meta({ id: 'AssignedRole' })

export const AssignedRoleShape = mapped(
  AssignedRole,
  ({ userId, role, propagated }: ChangedAssignment & { userId: string }) => ({
    user_id: userId,
    organization_id: organizationOf(role),
    role: role.name,
    role_id: role.id,
    message: 'Role assigned',
    propagated,
  }),
)

const Known = z
  .object({ permission: z.string(), description: z.string(), category: z.string() })
  .meta({ id: 'KnownPermission' })

export const KnownPermissions = z.array(Known)

export const OwnPermissions = mapped(
  z
    .object({
      permissions: z.array(z.string()),
      available: KnownPermissions,
      user_id: z.uuid(),
      organization_id: z.uuid().nullable(),
    })
    .meta({ id: 'OwnPermissions' }),
  ({ permissions, userId, organizationId }: Standing) => ({
    permissions,
    available: KNOWN_PERMISSIONS,
    user_id: userId,
    organization_id: organizationId,
  }),
)

export const OwnRole = mapped(
  z
    .object({
      role: z.string().nullable(),
      roles: z.array(z.string()),
      user_id: z.uuid(),
      organization_id: z.uuid().nullable(),
    })
    .meta({ id: 'OwnRole' }),
  ({ role, roles, userId, organizationId }: Standing) => ({
    role,
    roles,
    user_id: userId,
    organization_id: organizationId,
  }),
)

const question = {
  ...scopeField,
  user_id: UuidParam.nullish(),
  resource_id: z.string().max(256).nullish(),
  /** Of Janua's form; policies decide by context. */
  context: z.record(z.string(), z.unknown()).nullish(),
}

export const CheckBody = z.object({ permission: PermissionField, ...question }).meta({ id: 'PermissionCheck' })

export const ChecksBody = z
  .object({
    permissions: z.array(PermissionField).min(1).max(LIMITS.permissionsPerRole).transform(distinct),
    ...question,
  })
  .meta({ id: 'PermissionChecks' })

export const toQuestion = (
  { organization_id, user_id, resource_id }: Omit<z.output<typeof CheckBody>, 'permission'>,
  permissions: readonly string[],
) => ({ organizationId: organization_id, userId: user_id, resourceId: resource_id, permissions })

const isAllGranted = ({ answers }: PermissionAnswer): boolean => answers.every((one) => one.isGranted)

export const CheckedPermission = mapped(
  z
    .object({ has_permission: z.boolean(), permission: z.string(), user_id: z.uuid() })
    .meta({ id: 'CheckedPermission' }),
  (answer: PermissionAnswer) => ({
    has_permission: isAllGranted(answer),
    permission: answer.answers[0]?.permission ?? '',
    user_id: answer.userId,
  }),
)

export const CheckedPermissions = mapped(
  z
    .object({
      permissions: z.record(z.string(), z.boolean()),
      has_all: z.boolean(),
      user_id: z.uuid(),
    })
    .meta({ id: 'CheckedPermissions' }),
  (answer: PermissionAnswer) => ({
    permissions: Object.fromEntries(answer.answers.map(({ permission, isGranted }) => [permission, isGranted])),
    has_all: isAllGranted(answer),
    user_id: answer.userId,
  }),
)

export const EnforcedPermission = mapped(
  z
    .object({
      status: z.enum(['granted', 'denied']),
      permission: z.string(),
      reason: z.string().nullable(),
    })
    .meta({ id: 'EnforcedPermission' }),
  (answer: PermissionAnswer) => ({
    status: isAllGranted(answer) ? ('granted' as const) : ('denied' as const),
    permission: answer.answers[0]?.permission ?? '',
    reason: isAllGranted(answer) ? null : 'missing_permission',
  }),
)

export const GrantsBody = z
  .object({
    permissions: PermissionsField.refine(...bytesUpTo(LIMITS.grantBytesPerMember)),
    ...scopeField,
  })
  .meta({ id: 'Grants' })

const PermissionsOfUser = z
  .object({
    user_id: z.union([z.uuid(), z.int()]).meta({ description: 'The UUID or the number, whichever the request used' }),
    permissions: z.array(z.string()).meta({ description: 'All that the user holds, by roles too' }),
    granted: z.array(z.string()).meta({ description: 'What was granted directly, which PUT replaces' }),
    role: z.string().nullable(),
    roles: z.array(z.string()),
    organization_id: z.uuid().nullable(),
  })
  .meta({ id: 'UserPermissions' })

type RefStanding = Standing & { readonly ref: string | number }

const permissionsToWire = ({ ref, permissions, granted, role, roles, organizationId }: RefStanding) => ({
  user_id: ref,
  permissions,
  granted,
  role,
  roles,
  organization_id: organizationId,
})

export const UserPermissions = mapped(PermissionsOfUser, permissionsToWire)

export const ChangedPermissions = mapped(
  PermissionsOfUser.extend({ propagated: PropagatedField }).meta({ id: 'ChangedPermissions' }),
  ({ propagated, ...standing }: RefStanding & { readonly propagated: boolean }) => ({
    ...permissionsToWire(standing),
    propagated,
  }),
)
