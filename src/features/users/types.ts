import type { UserRow } from './tables.ts'

export type { FormerAddress } from './tables.ts'

/** A `pending` user has not verified the address yet, and may sign in. */
export const USER_STATUSES = ['active', 'pending', 'inactive', 'suspended', 'locked', 'deleted'] as const

export type UserStatus = (typeof USER_STATUSES)[number]

/** A user's row. Times are epoch milliseconds. */
export type User = Readonly<Omit<UserRow, 'usernameKey' | 'status'>> & { readonly status: UserStatus }

/** A user after a change. */
export interface ChangedUser {
  readonly user: User
  /** Every isolate refuses within 5 seconds what the change ended. */
  readonly propagated: boolean
}

export const MAX_EXTERNAL_ID_LENGTH = 200

/** The largest number that a request may contain: clients use 32-bit integers. */
export const MAX_USER_NUMBER = 2 ** 31 - 1

/** How a request refers to a user: by UUID, or by number. */
export type UserRef = string | number

/** What users say about themselves. */
export type Profile = Pick<
  User,
  | 'username'
  | 'firstName'
  | 'lastName'
  | 'displayName'
  | 'profileImageUrl'
  | 'bio'
  | 'phoneNumber'
  | 'timezone'
  | 'locale'
  | 'metadata'
>

/** The factor that a mail announces: whoever reports the mail removes it. */
export type AddedFactor = { readonly kind: 'passkey' | 'identity'; readonly id: string } | { readonly kind: 'totp' }

/** Notifications that the service itself sends. */
export type NotificationKind =
  | 'role_changed'
  | 'rights_changed'
  | 'account_reactivated'
  | 'account_unlocked'
  | 'account_restored'
  | 'factor_removed'
  | 'password_changed'
  | 'new_device'
  | 'organization_role_changed'
  | 'organization_member_removed'
  | 'invitation_accepted'

export interface Notification {
  readonly kind: string
  readonly title: string
  readonly message: string
}
