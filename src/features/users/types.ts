/** `pending` has not verified the address yet, and may sign in. */
export const USER_STATUSES = ['active', 'pending', 'inactive', 'suspended', 'locked', 'deleted'] as const

export type UserStatus = (typeof USER_STATUSES)[number]

/** A user's row. Times are epoch milliseconds. */
export interface User {
  readonly id: string
  readonly number: number
  readonly email: string
  readonly emailVerifiedAt: number | null
  /** Since when the address is verified although nobody who has it said that the account is theirs (decision 0237). */
  readonly emailUnansweredSince: number | null
  readonly username: string | null
  readonly passwordHash: string | null
  readonly role: string
  readonly status: UserStatus
  /** The user's id in the system that an import came from. */
  readonly externalId: string | null
  /** Null where no import made the account. */
  readonly importedAt: number | null
  readonly firstName: string | null
  readonly lastName: string | null
  readonly displayName: string | null
  readonly profileImageUrl: string | null
  readonly bio: string | null
  readonly phoneNumber: string | null
  readonly phoneVerified: boolean
  readonly timezone: string | null
  readonly locale: string | null
  readonly metadata: Readonly<Record<string, unknown>>
  /** What surfaces and admins keep about the user: not the user's to write, and in no token. */
  readonly appMetadata: Readonly<Record<string, unknown>>
  /** A password alone does not sign in. */
  readonly mfaEnabled: boolean
  readonly authVersion: number
  readonly keptSessionId: string | null
  /** Equals `authVersion` while the last change that ended sessions turned the second factor on or off. */
  readonly factorVersion: number | null
  readonly claimsVersion: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly lastSignInAt: number | null
  readonly deletedAt: number | null
  /** When a deleted user's row goes. */
  readonly eraseAt: number | null
  /** Its own user deleted the account while it was usable, and may bring it back. */
  readonly userRestorable: boolean
}

/** A user after a change. */
export interface ChangedUser {
  readonly user: User
  /** Every isolate refuses what the change ended within 5 seconds. */
  readonly propagated: boolean
}

/** A verified address that a user had before, while it is reserved for the account. Times are epoch milliseconds. */
export interface FormerAddress {
  readonly id: string
  readonly userId: string
  readonly email: string
  readonly changedAt: number
  readonly until: number
  /** As the account had it of that address. */
  readonly emailUnansweredSince: number | null
}

export const MAX_EXTERNAL_ID_LENGTH = 200

/** Numbers that a request may name: what a client's 32-bit integer holds. */
export const MAX_USER_NUMBER = 2 ** 31 - 1

/** A user as a request names one: by UUID, or by number. */
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
> & { readonly metadata: Record<string, unknown> }

/** A factor that a mail tells of as added: a report by that mail's link takes it away. */
export type AddedFactor = { readonly kind: 'passkey'; readonly id: string } | { readonly kind: 'totp' }

/** What the service itself tells of. */
export type NoticeKind =
  | 'role_changed'
  | 'account_reactivated'
  | 'account_unlocked'
  | 'account_restored'
  | 'factor_removed'
  | 'password_changed'
  | 'new_device'

export interface Notice {
  readonly kind: string
  readonly title: string
  readonly message: string
}
