import * as z from 'zod'
import type { SessionSnapshot } from '../../durable/rpc.ts'
import type { OwnAccountChange } from '../../features/account/service/own-account.ts'
import type { OpenedSession } from '../../features/sessions/types.ts'
import type { RegistrationInput } from '../../features/sign-in/service/sign-up.ts'
import { isProse, isRoleName, isSignInAllowed, isUsername, normalizeEmail } from '../../features/users/service/users.ts'
import type { User } from '../../features/users/types.ts'
import { PropagatedField } from '../../http/done.ts'
import { toIso } from '../../lib/time.ts'
import {
  EmailField,
  IdentifierField,
  integerParam,
  MAX_INTEGER,
  NameField,
  NewPasswordField,
  PasswordField,
} from '../fields.ts'

export interface ShownUser {
  readonly user: User
  /** Null in lists, which do not ask the sign-in guard. */
  readonly attempts: { readonly failedAttempts: number; readonly lockedUntil: number | null } | null
}

export interface ShownChange extends ShownUser {
  /** Every isolate knows of the change within 5 seconds. */
  readonly propagated: boolean
}

export const UsernameField = z
  .string()
  .refine(isUsername, 'must have 3 to 50 letters, digits, - or _, and not digits alone')

export const RoleField = z.string().refine(isRoleName, 'must have 1 to 64 of a-z, 0-9, :, _ and -')

export const CodeField = z.string().min(1, 'is required').max(32)

export const UserPath = z.object({ user_id: integerParam(1, MAX_INTEGER) })
export const SessionPath = z.object({ session_id: integerParam(1, MAX_INTEGER) })
export const UsernamePath = z.object({ username: z.string().max(254) })

export const Message = z.object({ message: z.string() }).meta({ id: 'AuthServiceMessage' })

export const messageToWire = (message: string): z.infer<typeof Message> => ({ message })

/** `propagated` is added to the documented answer. */
export const Done = Message.extend({ propagated: PropagatedField }).meta({ id: 'AuthServiceDone' })

export const doneToWire = (message: string, done: { propagated: boolean }): z.infer<typeof Done> => ({
  message,
  propagated: done.propagated,
})

/** FastAPI's, which the envelope satisfies. */
const ValidationError = z
  .looseObject({
    detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() })),
  })
  .meta({ id: 'AuthServiceHTTPValidationError' })

/** The answer of every call to invalid fields. */
export const INVALID = { 422: { description: 'Validation Error', schema: ValidationError } } as const

const text = z.string().nullable().catch(null)

/** This system's fields in a user's `appMetadata`. Admins write there too, so values of another form are ignored. */
const Kept = z.object({
  preferences: text,
  profile_picture: text,
  vendor: z.object({ rating: z.number().nullable().catch(null) }).catch({ rating: null }),
})

export const readKept = ({ appMetadata }: User): z.infer<typeof Kept> => Kept.parse(appMetadata)

/** As in the user's profile. */
const PictureAddress = z.url({ protocol: /^https?$/ }).max(500)

export const isPictureAddress = (text: string): boolean => PictureAddress.safeParse(text).success

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

/** An http(s) URL is the profile's picture; any other text is kept in `appMetadata`. */
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

/** Null leaves a field unchanged, as absence does. */
export const UserUpdate = z
  .object({
    username: UsernameField.nullish(),
    email: EmailField.nullish(),
    password: NewPasswordField.nullish(),
    role: RoleField.nullish().meta({ description: 'Only for admins' }),
    current_password: PasswordField.nullish().meta({ description: 'Required with a new password' }),
    code: CodeField.nullish().meta({ description: 'A code of the second factor' }),
  })
  .meta({ id: 'AuthServiceUserUpdate' })

/** Whether the change includes more than address and password. */
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

/** For other users: reveals only that the username exists. */
export const strangerToWire = ({ number, username }: User): UserResponse => ({
  ...EMPTY,
  id: number,
  username: username ?? '',
})

/** Repeats what was sent, without a number: must not reveal whether the account existed before. */
export const hiddenToWire = (body: z.output<typeof UserCreate>): UserResponse => ({
  ...EMPTY,
  username: body.username,
  email: normalizeEmail(body.email),
  role: 'user',
  profile_picture: body.profile_picture || null,
  preferences: body.preferences || null,
})

/** In forms numbers are text, and an empty field is null. Text that is no number is left, and refused. */
function fromForm(value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (value.trim() === '') return null
  // Decimal only: `Number` accepts 0x10, Pydantic does not.
  const number = /^[\s\d.e+-]+$/i.test(value) ? Number(value) : Number.NaN
  return Number.isNaN(number) ? value : number
}

const RatingField = z.preprocess(fromForm, z.number().nullable()).optional()

const optional = (max: number) => z.string().max(max).nullish()

export const VendorCreate = z
  .object({
    name: NameField,
    email: EmailField,
    password: NewPasswordField,
    description: z.string().max(1000).refine(isProse, 'must not have control characters').nullish(),
    profile_picture: optional(2048),
    rating: RatingField,
    preferences: optional(10_000),
  })
  .meta({ id: 'AuthServiceVendorCreate' })

export function toVendorRegistration(body: z.output<typeof VendorCreate>): RegistrationInput {
  const { profileImageUrl, kept } = toPicture(body.profile_picture)
  return {
    email: body.email,
    password: body.password,
    role: 'vendor',
    displayName: body.name,
    bio: body.description || undefined,
    profileImageUrl,
    appMetadata: {
      ...kept,
      ...(body.preferences ? { preferences: body.preferences } : {}),
      vendor: { rating: body.rating ?? null },
    },
  }
}

export const VendorLogin = z
  .object({ email: EmailField, password: PasswordField })
  .meta({ id: 'AuthServiceVendorLogin' })

export const VendorResponse = z
  .object({
    id: z.int(),
    name: z.string(),
    description: z.string().nullable(),
    rating: z.number().nullable(),
  })
  .meta({ id: 'AuthServiceVendorResponse' })

export const vendorToWire = (vendor: User): z.infer<typeof VendorResponse> => ({
  id: vendor.number,
  name: vendor.displayName ?? vendor.email,
  description: vendor.bio,
  rating: readKept(vendor).vendor.rating,
})

/** As `hiddenToWire`. */
export const hiddenVendorToWire = (body: z.output<typeof VendorCreate>): z.infer<typeof VendorResponse> => ({
  id: 0,
  name: body.name,
  description: body.description || null,
  rating: body.rating ?? null,
})

export const RoleUpdate = z.object({ username: IdentifierField, role: RoleField }).meta({ id: 'AuthServiceRoleUpdate' })

export const LockAccountRequest = z.object({ email: EmailField }).meta({ id: 'AuthServiceLockAccountRequest' })
export const UnlockAccountRequest = z.object({ email: EmailField }).meta({ id: 'AuthServiceUnlockAccountRequest' })

export const AdminLogin = z.object({ email: EmailField, password: PasswordField }).meta({ id: 'AuthServiceAdminLogin' })

export const AdminCreate = z
  .object({
    username: UsernameField,
    email: EmailField,
    password: NewPasswordField,
    secret_key: z.string().max(512).nullish().meta({ description: "Not needed with an admin's access token" }),
  })
  .meta({ id: 'AuthServiceAdminCreate' })

export const toNewAdmin = ({ username, email, password, secret_key }: z.output<typeof AdminCreate>) => ({
  username,
  email,
  password,
  secretKey: secret_key ?? null,
})

export const PasswordResetRequest = z.object({ email: EmailField }).meta({ id: 'AuthServicePasswordResetRequest' })

export const PasswordReset = z
  .object({ token: z.string().min(1, 'is required').max(512), new_password: NewPasswordField })
  .meta({ id: 'AuthServicePasswordReset' })

const MAX_TOKEN_LENGTH = 8192

const accessAndRefresh = {
  access_token: z.string(),
  token_type: z.literal('bearer'),
  refresh_token: z.string(),
}

const session_token = z.string().meta({ description: 'Identifies the session; not a credential' })

export const Token = z.object({ ...accessAndRefresh, session_token }).meta({ id: 'AuthServiceToken' })

/** The answer of the logins of admins and vendors. */
export const LoginToken = z.object(accessAndRefresh).meta({ id: 'AuthServiceLoginToken' })

export const loginToWire = ({ opened }: { opened: OpenedSession }): z.infer<typeof LoginToken> => ({
  access_token: opened.tokens.accessToken,
  token_type: 'bearer',
  refresh_token: opened.tokens.refreshToken,
})

export const tokenToWire = (opened: OpenedSession): z.infer<typeof Token> => ({
  ...loginToWire({ opened }),
  session_token: opened.session.id,
})

export const TokenRefresh = z
  .object({ refresh_token: z.string().min(1, 'is required').max(MAX_TOKEN_LENGTH) })
  .meta({ id: 'AuthServiceTokenRefresh' })

export const Enable2FARequest = z.object({ code: CodeField }).meta({ id: 'AuthServiceEnable2FARequest' })

export const Disable2FARequest = z.object({ code: CodeField.nullish() }).meta({ id: 'AuthServiceDisable2FARequest' })

export const Verify2FARequest = Enable2FARequest.extend({
  mfa_token: z.string().max(512).nullish().meta({ description: 'Of a sign-in whose second factor is pending' }),
}).meta({ id: 'AuthServiceVerify2FARequest' })

export const GeneratedCode = z
  .object({
    code: z.string().meta({ description: 'The present code of the secret' }),
    secret: z.string().meta({ description: 'base32' }),
    otpauth_uri: z.string(),
  })
  .meta({ id: 'AuthServiceGeneratedCode' })

export const generatedToWire = (pending: {
  code: string
  secret: string
  provisioningUri: string
}): z.infer<typeof GeneratedCode> => ({
  code: pending.code,
  secret: pending.secret,
  otpauth_uri: pending.provisioningUri,
})

export const SessionResponse = z
  .object({
    id: z.int().meta({ description: 'The number of the session within its user' }),
    user_id: z.int(),
    session_token,
    created_at: z.iso.datetime(),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'AuthServiceSessionResponse' })

export const sessionToWire = (session: SessionSnapshot, userNumber: number): z.infer<typeof SessionResponse> => ({
  id: session.number,
  user_id: userNumber,
  session_token: session.id,
  created_at: toIso(session.openedAt),
  expires_at: toIso(session.expiresAt),
})

/** Any JSON object. */
export const Chatbot = z.record(z.string(), z.unknown()).meta({
  id: 'AuthServiceChatbot',
  properties: { user_id: {}, vendor_id: {}, interaction_type: {}, message: {}, response: {} },
})
