import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { oneOfEach } from '../../../http/described-input.ts'
import { DoneAndEnded, endedToWire } from '../../../http/done.ts'
import { bodyOrQuery, UuidParam } from '../../../http/input.ts'
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
import type { SignedUp, SignUpInput, VerificationAwaited } from '../service/sign-up.ts'

export { UserWire, userToWire }

const MAX_IDENTIFIER_LENGTH = 254
export const MAX_CODE_LENGTH = 32
/** Also fits an access token that a client sends by mistake: the answer is that of an invalid token. */
const MAX_REFRESH_TOKEN_LENGTH = 8192

/** Clients send null for an empty field. */
const optional = (max: number) => z.string().max(max).nullish()

const atMost = (max: number) =>
  z
    .string()
    .refine((text) => passwordLength(text) <= max, `must have at most ${max} characters`)
    .meta({ maxLength: max })

/** A password to verify: another system may have accepted a longer one. */
export const PasswordField = atMost(MAX_VERIFIED_PASSWORD_LENGTH)

/** A password to set, whose least length is not checked yet. */
export const AnyLengthField = atMost(MAX_PASSWORD_LENGTH)

/** A password to set. */
export const NewPasswordField = AnyLengthField.refine(
  (text) => passwordLength(text) >= MIN_PASSWORD_LENGTH,
  `must have at least ${MIN_PASSWORD_LENGTH} characters`,
).meta({ minLength: MIN_PASSWORD_LENGTH, maxLength: MAX_PASSWORD_LENGTH })

/** Where a link in a mail leads in the end. Its origin must be configured. */
export const RedirectField = z.string().max(2048).nullish().meta({
  description:
    'Where the link of the mail leads in the end: an address of an origin in `CORS_ORIGINS` or `REDIRECT_ORIGINS`',
})

export const SignUpBody = z
  .object({
    email: EmailField,
    password: NewPasswordField,
    username: UsernameField.nullish(),
    first_name: textField(100),
    last_name: textField(100),
    locale: textField(35),
    redirect_url: RedirectField,
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
    redirectUrl: body.redirect_url || null,
  }
}

const identifierOf = (body: { email?: string | null | undefined; username?: string | null | undefined }): string =>
  (body.email || body.username || '').trim()

/** Either field may hold an email or a username: documented clients use either, and errors name the field that was sent. */
/** Without it the session is of the organization that was active last, or of the only one. */
export const OrganizationField = UuidParam.nullish().meta({
  description: 'The organization that the token is of. Without it: the one of the session',
})

export const SignInBody = z
  .object({
    email: optional(MAX_IDENTIFIER_LENGTH),
    username: optional(MAX_IDENTIFIER_LENGTH),
    password: PasswordField.min(1, 'is required'),
    organization_id: OrganizationField,
  })
  .superRefine((body, { addIssue }) => {
    const path = [body.username === undefined ? 'email' : 'username']
    if (identifierOf(body) === '') addIssue({ code: 'custom', path, message: 'email or username is required' })
  })
  .meta(oneOfEach(['email', 'username']))

export const toSignIn = (body: z.output<typeof SignInBody>) => ({
  identifier: identifierOf(body),
  password: body.password,
  organizationId: body.organization_id ?? null,
})

export const toRefreshToken = (body: {
  refresh_token?: string | null | undefined
  refreshToken?: string | null | undefined
}): string => body.refresh_token || body.refreshToken || ''

/** Janua names it `refresh_token`, gateway-auth `refreshToken`. */
export const RefreshBody = z
  .object({
    refresh_token: optional(MAX_REFRESH_TOKEN_LENGTH),
    refreshToken: optional(MAX_REFRESH_TOKEN_LENGTH),
    organization_id: OrganizationField,
  })
  .superRefine((body, { addIssue }) => {
    const path = [body.refreshToken === undefined ? 'refresh_token' : 'refreshToken']
    if (toRefreshToken(body) === '') addIssue({ code: 'custom', path, message: 'is required' })
  })
  .meta(oneOfEach(['refresh_token', 'refreshToken']))

/** At least one is needed; the service checks that. */
export const StepUpBody = z
  .object({
    password: PasswordField.nullish(),
    code: z.string().max(MAX_CODE_LENGTH).nullish(),
    credential: Assertion.nullish(),
  })
  .meta({ id: 'StepUpRequest', ...oneOfEach(['password', 'code', 'credential']) })

/** Factors that a request may prove beside what it asks for. */
export const FactorsBody = StepUpBody.extend({}).meta({ id: 'ProvedFactors' })

/** In UTF-16 units; verification counts characters, each at most two units. */
const MAX_PASSWORD_UNITS = 2 * MAX_VERIFIED_PASSWORD_LENGTH
/**
 * Password or code, which a session whose proof is older than ten minutes must give. They may also be in the query: one
 * published client sends DELETE without a body.
 */
export const FactorsInput = bodyOrQuery('GivenFactors', {
  password: z.string().max(MAX_PASSWORD_UNITS),
  code: z.string().max(32),
})

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

/** Tokens stand both flat and nested: published clients read either. */
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

export const SignedOutShape = mapped(
  DoneAndEnded.extend({
    slo_url: z.url().optional().meta({
      description: "Where a browser goes next to sign out at the organization's provider; good once, for 5 minutes",
    }),
  }).meta({ id: 'SignedOut' }),
  ({ propagated, sloUrl }: { propagated: boolean; sloUrl: string | null }) => ({
    ...endedToWire('Successfully logged out', { propagated }),
    ...(sloUrl !== null && { slo_url: sloUrl }),
  }),
)

/** Clients check whether `requires_mfa` is present: a session's answer never has it. */
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

const VerificationEmail = z.enum(['queued', 'unavailable']).meta({
  description:
    'What became of the mail that verifies the address: `queued` is sent soon, `unavailable` is not, for the deployment cannot send mail',
})

const SignUpTokens = SessionTokens.extend({ verification_email: VerificationEmail }).meta({ id: 'SignUpTokens' })

/** A sign-up without a session: the address must be verified first. */
const VerificationAnswer = z
  .object({
    user: UserWire.nullable().meta({
      description: 'Null where the answer must not reveal whether the account existed before',
    }),
    tokens: z.null(),
    mfa_required: z.literal(false),
    mfa_token: z.null(),
    email_verification_required: z.literal(true),
    verification_email: z
      .literal('queued')
      .meta({ description: 'Also where the address was taken: then its holder is told' }),
    message: z.string(),
  })
  .meta({ id: 'VerificationAnswer' })

const verificationToWire = ({ user }: VerificationAwaited): z.infer<typeof VerificationAnswer> => ({
  user: user && userToWire(user),
  tokens: null,
  mfa_required: false,
  mfa_token: null,
  email_verification_required: true,
  verification_email: 'queued',
  message: 'Open the link that was sent to this address, then sign in',
})

const SignUpAnswer = z.union([SignUpTokens, VerificationAnswer])

const signUpToWire = (result: SignedUp | VerificationAwaited): z.infer<typeof SignUpAnswer> =>
  result.outcome === 'signed_in'
    ? { ...signedInToWire(result), verification_email: result.isMailed ? 'queued' : 'unavailable' }
    : verificationToWire(result)

export const SignUpShape = mapped(SignUpAnswer, signUpToWire)

const GATEWAY_STATUS: Record<UserStatus, 'ACTIVE' | 'SUSPENDED' | 'LOCKED' | 'DEACTIVATED'> = {
  active: 'ACTIVE',
  pending: 'ACTIVE',
  inactive: 'DEACTIVATED',
  deleted: 'DEACTIVATED',
  suspended: 'SUSPENDED',
  locked: 'LOCKED',
}

/** gateway-auth's profile, and Janua's keys where their names differ. */
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
