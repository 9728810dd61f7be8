import * as z from 'zod'
import { toIso, toIsoOrNull } from '../../../lib/time.ts'
import { fullNameOf, isEmail, isPlainText, isProse, isSignInAllowed, isUsername } from '../service/users.ts'
import type { User, UserStatus } from '../types.ts'

/** Its length is a part of its form. */
export const EmailField = z
  .string()
  .refine(isEmail, 'must be an email address')
  .meta({ format: 'email', maxLength: 254 })

export const UsernameField = z
  .string()
  .refine(isUsername, 'must have 3 to 50 letters, digits, - or _, and not digits alone')

/** A line that people read. Clients send null for a field that was left empty. */
export const textField = (max: number) =>
  z.string().max(max).refine(isPlainText, 'must not have control characters').nullish()

/** As `textField`, of several lines. */
export const proseField = (max: number) =>
  z.string().max(max).refine(isProse, 'must not have control characters').nullish()

/** The union of what the documented systems and their clients read of a user. */
export const UserWire = z
  .object({
    id: z.uuid(),
    uuid: z.uuid(),
    number: z.int(),
    email: z.string(),
    email_verified: z.boolean(),
    username: z.string().nullable(),
    first_name: z.string().nullable(),
    last_name: z.string().nullable(),
    given_name: z.string().nullable(),
    family_name: z.string().nullable(),
    name: z.string().nullable(),
    display_name: z.string().nullable(),
    profile_image_url: z.string().nullable(),
    bio: z.string().nullable(),
    phone_number: z.string().nullable(),
    phone_verified: z.boolean(),
    timezone: z.string().nullable(),
    locale: z.string().nullable(),
    status: z.enum(['active', 'inactive', 'suspended', 'pending', 'deleted']),
    is_active: z.boolean(),
    is_admin: z.boolean(),
    is_superuser: z.boolean(),
    roles: z.array(z.string()),
    mfa_enabled: z.boolean(),
    user_metadata: z.record(z.string(), z.unknown()),
    created_at: z.iso.datetime(),
    updated_at: z.iso.datetime(),
    last_sign_in_at: z.iso.datetime().nullable(),
  })
  .meta({ id: 'User' })

export type UserWire = z.infer<typeof UserWire>

/** Janua has no administrative lock: it shows as a suspension. */
const toJanuaStatus = (status: UserStatus): UserWire['status'] => (status === 'locked' ? 'suspended' : status)

const isAdmin = ({ role }: User): boolean => role === 'admin'

function namesToWire(user: User) {
  return {
    username: user.username,
    first_name: user.firstName,
    last_name: user.lastName,
    given_name: user.firstName,
    family_name: user.lastName,
    name: fullNameOf(user),
    display_name: user.displayName,
  }
}

export function userToWire(user: User): UserWire {
  return {
    id: user.id,
    uuid: user.id,
    number: user.number,
    email: user.email,
    email_verified: user.emailVerifiedAt !== null,
    ...namesToWire(user),
    profile_image_url: user.profileImageUrl,
    bio: user.bio,
    phone_number: user.phoneNumber,
    phone_verified: user.phoneVerified,
    timezone: user.timezone,
    locale: user.locale,
    status: toJanuaStatus(user.status),
    is_active: isSignInAllowed(user),
    is_admin: isAdmin(user),
    is_superuser: isAdmin(user),
    roles: [user.role],
    mfa_enabled: user.mfaEnabled,
    user_metadata: { ...user.metadata },
    created_at: toIso(user.createdAt),
    updated_at: toIso(user.updatedAt),
    last_sign_in_at: toIsoOrNull(user.lastSignInAt),
  }
}
