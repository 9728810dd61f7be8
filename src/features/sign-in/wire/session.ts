import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { oneOfEach } from '../../../http/described-input.ts'
import { PropagatedField } from '../../../http/propagated.ts'
import {
  MAX_PASSWORD_LENGTH,
  MAX_VERIFIED_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
  passwordLength,
} from '../../../lib/password-hash/length.ts'
import { Assertion, toAssertion } from '../../factors/passkeys/wire.ts'
import type { OpenedSession } from '../../sessions/types.ts'
import type { User, UserStatus } from '../../users/types.ts'
import { EmailField, textField, UsernameField, UserWire, userToWire } from '../../users/wire.ts'
import type { MfaChallenge, SignInResult } from '../service/sign-in.ts'
import type { SignUpInput } from '../service/sign-up.ts'

export { UserWire, userToWire }

const MAX_IDENTIFIER_LENGTH = 254
const MAX_CODE_LENGTH = 32
/** Room for what else a client may send by mistake, an access token: it gets the answer of a bad token. */
const MAX_REFRESH_TOKEN_LENGTH = 8192

/** Clients send null for a field that was left empty. */
const optional = (max: number) => z.string().max(max).nullish()

const atMost = (max: number) =>
  z
    .string()
    .refine((text) => passwordLength(text) <= max, `must have at most ${max} characters`)
    .meta({ maxLength: max })

/** A password that is compared: it may be one that another system took. */
export const PasswordField = atMost(MAX_VERIFIED_PASSWORD_LENGTH)

/** A password that is to be set. */
export const NewPasswordField = atMost(MAX_PASSWORD_LENGTH)
  .refine((text) => passwordLength(text) >= MIN_PASSWORD_LENGTH, `must have at least ${MIN_PASSWORD_LENGTH} characters`)
  .meta({ minLength: MIN_PASSWORD_LENGTH, maxLength: MAX_PASSWORD_LENGTH })

export const SignUpBody = z
  .object({
    email: EmailField,
    password: NewPasswordField,
    username: UsernameField.nullish(),
    first_name: textField(100),
    last_name: textField(100),
    locale: textField(35),
  })
  .meta({ id: 'SignUpRequest' })

export function toSignUp(body: z.output<typeof SignUpBody>): SignUpInput {
  return {
    email: body.email,
    password: body.password,
    username: body.username ?? undefined,
    firstName: body.first_name ?? undefined,
    lastName: body.last_name ?? undefined,
    locale: body.locale ?? undefined,
  }
}

const identifierOf = (body: { email?: string | null | undefined; username?: string | null | undefined }): string =>
  (body.email || body.username || '').trim()

/** Either field may hold an email or a username: documented clients name it either way, and are told of it by their name. */
export const SignInBody = z
  .object({
    email: optional(MAX_IDENTIFIER_LENGTH),
    username: optional(MAX_IDENTIFIER_LENGTH),
    password: PasswordField.min(1, 'is required'),
  })
  .superRefine((body, { addIssue }) => {
    const path = [body.username === undefined ? 'email' : 'username']
    if (identifierOf(body) === '') addIssue({ code: 'custom', path, message: 'email or username is required' })
  })
  .meta(oneOfEach(['email', 'username']))

export const toSignIn = (body: z.output<typeof SignInBody>) => ({
  identifier: identifierOf(body),
  password: body.password,
})

export const toRefreshToken = (body: {
  refresh_token?: string | null | undefined
  refreshToken?: string | null | undefined
}): string => body.refresh_token || body.refreshToken || ''

/** Janua names it `refresh_token`, gateway-auth `refreshToken`. */
export const RefreshBody = z
  .object({ refresh_token: optional(MAX_REFRESH_TOKEN_LENGTH), refreshToken: optional(MAX_REFRESH_TOKEN_LENGTH) })
  .superRefine((body, { addIssue }) => {
    const path = [body.refreshToken === undefined ? 'refresh_token' : 'refreshToken']
    if (toRefreshToken(body) === '') addIssue({ code: 'custom', path, message: 'is required' })
  })
  .meta(oneOfEach(['refresh_token', 'refreshToken']))

/** At least one of them; the service says so, for what counts as given is its to say. */
export const StepUpBody = z
  .object({
    password: PasswordField.nullish(),
    code: z.string().max(MAX_CODE_LENGTH).nullish(),
    credential: Assertion.nullish(),
  })
  .meta({ id: 'StepUpRequest', ...oneOfEach(['password', 'code', 'credential']) })

export const toStepUp = ({ credential, ...given }: z.output<typeof StepUpBody>) => ({
  ...given,
  credential: credential && toAssertion(credential),
})

const TokensWire = z.object({
  access_token: z.string(),
  refresh_token: z.string(),
  token_type: z.literal('bearer'),
  expires_in: z.int(),
})

/** Tokens stand flat and nested: published clients read either. */
export const SessionTokens = TokensWire.extend({
  user: UserWire,
  tokens: TokensWire,
  mfa_required: z.literal(false),
  email_verification_required: z.literal(false),
  mfa_token: z.null(),
}).meta({ id: 'SessionTokens' })

export function signedInToWire({ user, opened }: { user: User; opened: OpenedSession }): z.infer<typeof SessionTokens> {
  const { accessToken, refreshToken, expiresIn } = opened.tokens
  const tokens = {
    access_token: accessToken,
    refresh_token: refreshToken,
    token_type: 'bearer' as const,
    expires_in: expiresIn,
  }
  return {
    user: userToWire(user),
    tokens,
    ...tokens,
    mfa_required: false,
    email_verification_required: false,
    mfa_token: null,
  }
}

export const Session = mapped(SessionTokens, signedInToWire)

/** Clients go by the presence of `requires_mfa`: a session's answer never has it. */
export const MfaChallengeWire = z
  .object({
    user: z.null(),
    tokens: z.null(),
    mfa_required: z.literal(true),
    email_verification_required: z.literal(false),
    requires_mfa: z.literal(true),
    mfa_token: z.string(),
    challenge_id: z.string(),
    available_methods: z.array(z.string()),
  })
  .meta({ id: 'MfaChallenge' })

const challengeToWire = ({ mfaToken, availableMethods }: MfaChallenge): z.infer<typeof MfaChallengeWire> => ({
  user: null,
  tokens: null,
  mfa_required: true,
  email_verification_required: false,
  requires_mfa: true,
  mfa_token: mfaToken,
  challenge_id: mfaToken,
  available_methods: [...availableMethods],
})

export const SignInAnswer = z.union([SessionTokens, MfaChallengeWire]).meta({ id: 'SignInAnswer' })

export const signInToWire = (result: SignInResult): z.infer<typeof SignInAnswer> =>
  result.outcome === 'signed_in' ? signedInToWire(result) : challengeToWire(result)

export const SignInResultShape = mapped(SignInAnswer, signInToWire)

export const SignedOut = z
  .object({
    success: z.literal(true),
    message: z.string(),
    data: z.null(),
    propagated: PropagatedField,
  })
  .meta({ id: 'SignedOut' })

export const signedOutToWire = ({ propagated }: { propagated: boolean }): z.infer<typeof SignedOut> => ({
  success: true,
  message: 'Successfully logged out',
  data: null,
  propagated,
})

const GATEWAY_STATUS: Record<UserStatus, 'ACTIVE' | 'SUSPENDED' | 'LOCKED' | 'DEACTIVATED'> = {
  active: 'ACTIVE',
  pending: 'ACTIVE',
  inactive: 'DEACTIVATED',
  deleted: 'DEACTIVATED',
  suspended: 'SUSPENDED',
  locked: 'LOCKED',
}

/** gateway-auth's profile, with Janua's keys beside it where the names do not meet. */
const Profile = UserWire.extend({
  id: z.int(),
  username: z.string(),
  role: z.enum(['USER', 'ADMIN']),
  status: z.enum(['ACTIVE', 'SUSPENDED', 'LOCKED', 'DEACTIVATED']),
}).meta({ id: 'Profile' })

const profileToWire = (user: User): z.infer<typeof Profile> => ({
  ...userToWire(user),
  id: user.number,
  username: user.username ?? user.email,
  role: user.role === 'admin' ? 'ADMIN' : 'USER',
  status: GATEWAY_STATUS[user.status],
})

export const ProfileShape = mapped(Profile, profileToWire)
