import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { oneOfEach } from '../../../http/described-input.ts'
import { PropagatedField } from '../../../http/done.ts'
import { bodyOrQuery, UuidParam } from '../../../http/input.ts'
import { pageQuery, rangeOfPage } from '../../../http/list.ts'
import { toIso, toIsoOrNull } from '../../../lib/time.ts'
import type { Erasure } from '../../account/service/erasure.ts'
import { SignUpBody, toSignUp } from '../../sign-in/wire/session.ts'
import { isRoleName } from '../../users/service/users.ts'
import {
  type ChangedUser,
  MAX_EXTERNAL_ID_LENGTH,
  MAX_USER_NUMBER,
  USER_STATUSES,
  type User,
} from '../../users/types.ts'
import {
  orAbsent,
  ReasonField,
  ReasonInput,
  SEARCHED,
  StatusParam,
  UserParam,
  UserWire,
  userToWire,
} from '../../users/wire.ts'
import type { AdminUser, AdminUserDetail } from '../types.ts'

export const UserPath = z.object({ id: UserParam })
export const PasskeyPath = UserPath.extend({ passkey_id: UuidParam })

/** In the body, as the SDK sends it, or in the query, as an older server read it. */
export const UserRefInput = bodyOrQuery(
  'UserReference',
  {
    user_id: z.union([UserParam, z.int().min(0).max(MAX_USER_NUMBER)], 'must be a UUID or an integer'),
    reason: ReasonField,
  },
  { user_id: UserParam },
)

export const ListUsersQuery = pageQuery().extend({
  search: z.string().max(100).optional().meta({ description: SEARCHED }),
  status: orAbsent(StatusParam)
    .optional()
    .meta({ description: 'Deleted users are listed only for the status `deleted`' }),
  mfa_enabled: orAbsent(z.stringbool()).optional(),
  is_admin: orAbsent(z.stringbool()).optional(),
  external_id: orAbsent(z.string().max(MAX_EXTERNAL_ID_LENGTH))
    .optional()
    .meta({ description: 'The complete external id' }),
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
  external_id: z
    .string()
    .nullable()
    .meta({ description: "The user's id in the system that the account was imported from" }),
  organizations_count: z.int(),
  sessions_count: z.int(),
  oauth_providers: z.array(z.string()),
  passkeys_count: z.int(),
  failed_login_attempts: z.int().meta({ description: 'Always 0 in lists' }),
  account_locked: z.boolean(),
  locked_until: z.iso.datetime().nullable(),
}).meta({ id: 'AdminUser' })

export const AdminUserDetailWire = AdminUserWire.extend({
  second_factor_locked_until: z.iso
    .datetime()
    .nullable()
    .meta({ description: 'The end of the lock after too many wrong codes' }),
  deleted_at: z.iso.datetime().nullable(),
  erase_at: z.iso.datetime().nullable(),
  app_metadata: z.record(z.string(), z.unknown()),
}).meta({ id: 'AdminUserDetail' })

export const adminUserToWire = ({
  user,
  sessions,
  passkeys,
  providers,
  organizations,
}: AdminUser): z.infer<typeof AdminUserWire> => ({
  ...userToWire(user),
  role: user.role,
  external_id: user.externalId,
  organizations_count: organizations,
  sessions_count: sessions,
  oauth_providers: [...providers],
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
  second_factor_locked_until: toIsoOrNull(detail.secondFactorLockedUntil),
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

/** The status that `is_active` stands for. */
function stateOf(isActive: boolean | null | undefined): 'active' | 'inactive' | undefined {
  if (typeof isActive !== 'boolean') return undefined
  return isActive ? 'active' : 'inactive'
}

/** The status may be given in either form. A body that changes nothing is refused: otherwise a client might think that something was changed. */
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

export const DeleteUserQuery = ReasonInput.query.extend({ permanent: z.stringbool().default(false) })

export const DeletedUserAnswer = z
  .object({
    message: z.string(),
    propagated: PropagatedField,
    erased: z.boolean().meta({ description: 'Whether the erasure is complete; otherwise it continues by itself' }),
    erase_at: z.iso.datetime().nullable().meta({ description: 'The end of the grace period' }),
  })
  .meta({ id: 'DeletedUser' })

export const erasedToWire = ({ erased, propagated }: Erasure): z.infer<typeof DeletedUserAnswer> => ({
  message: erased
    ? 'User deleted permanently'
    : 'User deleted; the erasure is not complete yet and continues by itself',
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

export const RegisterAdminBody = SignUpBody.extend({
  secret_key: z
    .string()
    .max(1024)
    .nullish()
    .meta({ description: 'ADMIN_SECRET_KEY; not needed with the token of an admin' }),
})

export const toRegistration = (body: z.output<typeof RegisterAdminBody>) => ({
  ...toSignUp(body),
  secretKey: body.secret_key ?? null,
})

export const RegisteredAdminAnswer = UserWire.extend({ message: z.string(), role: z.string() })

export const registeredAdminToWire = (user: User): z.infer<typeof RegisteredAdminAnswer> => ({
  message: 'Admin registered',
  ...userToWire(user),
  role: user.role,
})
