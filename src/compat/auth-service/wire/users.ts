import * as z from 'zod'
import type { OwnAccountChange } from '../../../features/account/service/own-account.ts'
import type { RegistrationInput } from '../../../features/sign-in/service/sign-up.ts'
import { isSignInAllowed, normalizeEmail } from '../../../features/users/service/users.ts'
import type { User } from '../../../features/users/types.ts'
import { PropagatedField } from '../../../http/propagated.ts'
import { EmailField, NewPasswordField, PasswordField } from '../../fields.ts'
import type { ShownChange, ShownUser } from '../types.ts'
import { CodeField, RoleField, UsernameField } from './fields.ts'
import { isPictureAddress, readKept } from './kept.ts'

const PictureField = z.string().max(2048).nullish()
const PreferencesField = z.string().max(10_000).nullish()

export const UserCreate = z
  .object({
    username: UsernameField,
    email: EmailField,
    password: NewPasswordField,
    profile_picture: PictureField,
    preferences: PreferencesField,
  })
  .meta({ id: 'AuthServiceUserCreate' })

/** A web address of a picture is the user's own; any other text stays with this system. */
export function toPicture(picture: string | null | undefined) {
  if (!picture) return { profileImageUrl: undefined, kept: {} }
  return isPictureAddress(picture)
    ? { profileImageUrl: picture, kept: {} }
    : { profileImageUrl: undefined, kept: { profile_picture: picture } }
}

export function toRegistration(body: z.output<typeof UserCreate>): RegistrationInput {
  const { profileImageUrl, kept } = toPicture(body.profile_picture)
  return {
    username: body.username,
    email: body.email,
    password: body.password,
    profileImageUrl,
    appMetadata: { ...kept, ...(body.preferences ? { preferences: body.preferences } : {}) },
  }
}

/** Null leaves a field, as absence does. */
export const UserUpdate = z
  .object({
    username: UsernameField.nullish(),
    email: EmailField.nullish(),
    password: NewPasswordField.nullish(),
    role: RoleField.nullish().meta({ description: 'Only admins may give it' }),
    current_password: PasswordField.nullish().meta({ description: 'Comes with a new password' }),
    code: CodeField.nullish().meta({ description: 'Of the second factor' }),
  })
  .meta({ id: 'AuthServiceUserUpdate' })

/** Whether more is to be changed than the address or the password. */
export const isMoreThanCredentials = ({ username, role }: z.output<typeof UserUpdate>): boolean =>
  (username ?? role ?? null) !== null

export const toAccountChange = (body: z.output<typeof UserUpdate>): OwnAccountChange => ({
  username: body.username ?? null,
  newEmail: body.email ?? null,
  newPassword: body.password ?? null,
  role: body.role ?? null,
  password: body.current_password,
  code: body.code,
})

export const UserResponse = z
  .object({
    id: z.int(),
    username: z.string(),
    email: z.string(),
    is_active: z.boolean(),
    role: z.string(),
    two_factor_enabled: z.boolean(),
    failed_login_attempts: z.int(),
    account_locked: z.boolean(),
    profile_picture: z.string().nullable(),
    preferences: z.string().nullable(),
  })
  .meta({ id: 'AuthServiceUserResponse' })

type UserResponse = z.infer<typeof UserResponse>

export function userToWire({ user, attempts }: ShownUser): UserResponse {
  const kept = readKept(user)
  return {
    id: user.number,
    username: user.username ?? user.email,
    email: user.email,
    is_active: isSignInAllowed(user),
    role: user.role,
    two_factor_enabled: user.mfaEnabled,
    failed_login_attempts: attempts?.failedAttempts ?? 0,
    account_locked: user.status === 'locked' || (attempts?.lockedUntil ?? null) !== null,
    profile_picture: user.profileImageUrl ?? kept.profile_picture,
    preferences: kept.preferences,
  }
}

export const ChangedUserResponse = UserResponse.extend({ propagated: PropagatedField }).meta({
  id: 'AuthServiceChangedUserResponse',
})

export const changedUserToWire = (changed: ShownChange): z.infer<typeof ChangedUserResponse> => ({
  ...userToWire(changed),
  propagated: changed.propagated,
})

const EMPTY: UserResponse = {
  id: 0,
  username: '',
  email: '',
  is_active: true,
  role: '',
  two_factor_enabled: false,
  failed_login_attempts: 0,
  account_locked: false,
  profile_picture: null,
  preferences: null,
}

/** What anyone may know of a user: that the name is somebody's. */
export const strangerToWire = ({ number, username }: User): UserResponse => ({
  ...EMPTY,
  id: number,
  username: username ?? '',
})

/** What was sent, where nobody may learn whether there was an account before: no number says it either. */
export const unseenToWire = (body: z.output<typeof UserCreate>): UserResponse => ({
  ...EMPTY,
  username: body.username,
  email: normalizeEmail(body.email),
  role: 'user',
  profile_picture: body.profile_picture || null,
  preferences: body.preferences || null,
})
