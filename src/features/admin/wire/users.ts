import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { oneOfEach } from '../../../http/input.ts'
import { pageQuery, rangeOfPage } from '../../../http/list.ts'
import { PropagatedField } from '../../../http/propagated.ts'
import { toIso, toIsoOrNull } from '../../../lib/time.ts'
import type { Erasure } from '../../account/service/erasure.ts'
import { isRoleName } from '../../users/service/users.ts'
import { type ChangedUser, MAX_EXTERNAL_ID_LENGTH, USER_STATUSES } from '../../users/types.ts'
import { orAbsent, SEARCHED, StatusParam } from '../../users/wire/parameters.ts'
import { UserWire, userToWire } from '../../users/wire/user.ts'
import type { AdminUser, AdminUserDetail } from '../types.ts'

export const ListUsersQuery = pageQuery().extend({
  search: z.string().max(100).optional().meta({ description: SEARCHED }),
  status: orAbsent(StatusParam).optional().meta({ description: 'Deleted users are listed for that status alone' }),
  mfa_enabled: orAbsent(z.stringbool()).optional(),
  is_admin: orAbsent(z.stringbool()).optional(),
  external_id: orAbsent(z.string().max(MAX_EXTERNAL_ID_LENGTH))
    .optional()
    .meta({ description: 'The whole id of the system that the user was imported from' }),
})

export const toListing = ({
  page,
  per_page,
  mfa_enabled: mfaEnabled,
  is_admin: isAdmin,
  external_id: externalId,
  ...rest
}: z.output<typeof ListUsersQuery>) => ({
  ...rest,
  ...rangeOfPage({ page, per_page }),
  mfaEnabled,
  isAdmin,
  externalId,
})

export const AdminUserWire = UserWire.extend({
  role: z.string(),
  external_id: z.string().nullable().meta({ description: 'The id of the system that the user was imported from' }),
  organizations_count: z.int(),
  sessions_count: z.int(),
  oauth_providers: z.array(z.string()),
  passkeys_count: z.int(),
  failed_login_attempts: z.int().meta({ description: '0 in lists; an answer about one user counts' }),
  account_locked: z.boolean(),
  locked_until: z.iso.datetime().nullable(),
}).meta({ id: 'AdminUser' })

export const AdminUserDetailWire = AdminUserWire.extend({
  deleted_at: z.iso.datetime().nullable(),
  erase_at: z.iso.datetime().nullable(),
  app_metadata: z.record(z.string(), z.unknown()),
}).meta({ id: 'AdminUserDetail' })

/** Organizations and linked accounts of other systems have no tables yet: nobody has any. */
export const adminUserToWire = ({ user, sessions, passkeys }: AdminUser): z.infer<typeof AdminUserWire> => ({
  ...userToWire(user),
  role: user.role,
  external_id: user.externalId,
  organizations_count: 0,
  sessions_count: sessions,
  oauth_providers: [],
  passkeys_count: passkeys,
  failed_login_attempts: 0,
  account_locked: user.status === 'locked',
  locked_until: null,
})

export const AdminUserShape = mapped(AdminUserWire, adminUserToWire)

export const adminUserDetailToWire = (detail: AdminUserDetail): z.infer<typeof AdminUserDetailWire> => ({
  ...adminUserToWire(detail),
  failed_login_attempts: detail.failedAttempts,
  account_locked: detail.user.status === 'locked' || detail.lockedUntil !== null,
  locked_until: toIsoOrNull(detail.lockedUntil),
  deleted_at: toIsoOrNull(detail.user.deletedAt),
  erase_at: toIsoOrNull(detail.user.eraseAt),
  app_metadata: { ...detail.user.appMetadata },
})

export const ChangedUserAnswer = z
  .object({ message: z.string(), propagated: PropagatedField, user: UserWire })
  .meta({ id: 'ChangedUserState' })

export const changedUserToWire = (
  message: string,
  { user, propagated }: ChangedUser,
): z.infer<typeof ChangedUserAnswer> => ({ message, propagated, user: userToWire(user) })

/** The state that `is_active` asks for. */
function stateOf(isActive: boolean | null | undefined): 'active' | 'inactive' | undefined {
  if (typeof isActive !== 'boolean') return undefined
  return isActive ? 'active' : 'inactive'
}

/** Either name of the state is taken; a body that changes nothing is refused, so that no client believes that it did. */
export const UpdateUserBody = z
  .object({
    status: z.enum(USER_STATUSES).exclude(['pending']).nullish(),
    is_active: z.boolean().nullish().meta({ description: '`true` is the status `active`, `false` is `inactive`' }),
    is_admin: z.boolean().nullish(),
    email_verified: z.boolean().nullish(),
  })
  .refine((body) => Object.values(body).some((value) => (value ?? undefined) !== undefined), {
    message: 'one of status, is_active, is_admin and email_verified is required',
  })
  .refine(({ status, is_active }) => !status || (stateOf(is_active) ?? status) === status, {
    path: ['is_active'],
    message: 'contradicts status',
  })
  .meta(oneOfEach(['status', 'is_active', 'is_admin', 'email_verified']))

export const toUserUpdate = (body: z.output<typeof UpdateUserBody>) => ({
  status: body.status ?? stateOf(body.is_active),
  isAdmin: body.is_admin ?? undefined,
  emailVerified: body.email_verified ?? undefined,
})

export const UpdatedUserAnswer = z.object({
  message: z.string(),
  propagated: PropagatedField,
  user: AdminUserDetailWire,
})

export const RoleBody = z.object({ role: z.string().refine(isRoleName, 'must have 1 to 64 of a-z, 0-9, :, _ and -') })

export const DeleteUserQuery = z.object({ permanent: z.stringbool().default(false) })

export const DeletedUserAnswer = z
  .object({
    message: z.string(),
    propagated: PropagatedField,
    erased: z.boolean().meta({ description: 'Nothing is left of the user; otherwise it goes on by itself' }),
    erase_at: z.iso.datetime().nullable().meta({ description: 'The end of the grace period' }),
  })
  .meta({ id: 'DeletedUser' })

export const erasedToWire = ({ erased, propagated }: Erasure): z.infer<typeof DeletedUserAnswer> => ({
  message: erased ? 'User deleted permanently' : 'User deleted; the erasure is not complete yet and goes on by itself',
  propagated,
  erased,
  erase_at: null,
})

export const deletedToWire = ({ user, propagated }: ChangedUser): z.infer<typeof DeletedUserAnswer> => ({
  message: 'User deleted',
  propagated,
  erased: false,
  erase_at: toIsoOrNull(user.eraseAt),
})

export const FactorRemovedAnswer = z
  .object({ message: z.string(), removed: z.int(), propagated: PropagatedField })
  .meta({ id: 'RemovedFactors' })

export const NotificationBody = z.object({
  title: z.string().trim().min(1).max(200),
  message: z.string().trim().min(1).max(2000),
  kind: z
    .string()
    .regex(/^[a-z0-9._-]{1,64}$/, 'must have 1 to 64 of a-z, 0-9, ., _ and -')
    .default('admin_message'),
})

export const NotificationAnswer = NotificationBody.extend({
  kind: z.string(),
  user_id: z.uuid(),
  created_at: z.iso.datetime(),
})

export const notificationToWire = (
  notice: z.output<typeof NotificationBody>,
  sent: { userId: string; at: number },
): z.infer<typeof NotificationAnswer> => ({ ...notice, user_id: sent.userId, created_at: toIso(sent.at) })
