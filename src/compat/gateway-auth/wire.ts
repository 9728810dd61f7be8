import * as z from 'zod'
import { type HealthReport, isHealthy } from '../../features/health/service.ts'
import type { OpenedSession } from '../../features/sessions/types.ts'
import type { VerifiedEmail } from '../../features/sign-in/service/email-change.ts'
import type { User } from '../../features/users/types.ts'
import { addKeys } from '../../http/answers.ts'
import { type DoneAndEnded, endedToWire } from '../../http/done.ts'
import { SECOND, toIso } from '../../lib/time.ts'
import { VERSION } from '../../lib/version.ts'
import { EmailField, NewPasswordField } from '../fields.ts'

const MAX_TOKEN_LENGTH = 512

const token = z.string().min(1, 'is required').max(MAX_TOKEN_LENGTH)

export const ResetRequestBody = z.object({ email: EmailField }).meta({ id: 'GatewayPasswordReset' })

export const ResetBody = z
  .object({ token, newPassword: NewPasswordField })
  .meta({ id: 'GatewayPasswordResetConfirmation' })

export const TokenPath = z.object({ token })

/** `message` is for the first use of a link. */
export const verifiedToWire = (message: string, verified: VerifiedEmail): z.infer<typeof DoneAndEnded> =>
  endedToWire(verified.outcome === 'already' ? 'Already confirmed' : message, verified)

/** The service's name in the documented answer. */
const SERVICE = 'auth-service'

export const Health = z
  .object({
    success: z.boolean(),
    message: z.string(),
    data: z.object({ timestamp: z.iso.datetime(), service: z.string(), version: z.string() }),
  })
  .meta({ id: 'GatewayHealth' })

export function healthToWire(report: HealthReport): z.infer<typeof Health> {
  const success = isHealthy(report)
  return {
    success,
    message: success ? 'Auth service is healthy' : 'Auth service is unhealthy',
    data: { timestamp: toIso(report.at), service: SERVICE, version: VERSION },
  }
}

/** This system's times are UTC, without an offset. */
const toLocalIso = (time: number): string => toIso(time).slice(0, 'YYYY-MM-DDTHH:MM:SS'.length)

const TokenKeys = z
  .object({
    accessToken: z.string(),
    refreshToken: z.string(),
    tokenType: z.literal('Bearer'),
    expiresAt: z.string().meta({ description: 'ISO 8601 in UTC, without an offset' }),
    userId: z.int(),
    username: z.string(),
    role: z.enum(['ROLE_USER', 'ROLE_ADMIN']),
  })
  .meta({ id: 'GatewaySessionTokens' })

interface Session {
  readonly user: User
  readonly opened: OpenedSession
}

const tokenKeysToWire = ({ user, opened: { tokens } }: Session): z.infer<typeof TokenKeys> => ({
  accessToken: tokens.accessToken,
  refreshToken: tokens.refreshToken,
  tokenType: 'Bearer',
  expiresAt: toLocalIso(tokens.expiresAt * SECOND),
  userId: user.number,
  username: user.username ?? user.email,
  role: user.role === 'admin' ? 'ROLE_ADMIN' : 'ROLE_USER',
})

/** An answer without a session stays as it is. */
type WithOrWithoutSession = Session | { readonly outcome: string }

const tokenKeysOf = (result: WithOrWithoutSession) => ('opened' in result ? tokenKeysToWire(result) : {})

export const addTokenKeys = addKeys<WithOrWithoutSession>({ to: 'SessionTokens', keys: TokenKeys }, tokenKeysOf)

export const addRegistrationKeys = addKeys<WithOrWithoutSession>(
  { to: 'SignUpTokens', keys: TokenKeys.meta({ id: 'GatewaySignUpTokens' }) },
  tokenKeysOf,
)

const ProfileKeys = z
  .object({ createdAt: z.string(), lastLoginAt: z.string().nullable() })
  .meta({ id: 'GatewayProfile' })

export const addProfileKeys = addKeys<User>({ to: 'Profile', keys: ProfileKeys }, (user) => ({
  createdAt: toLocalIso(user.createdAt),
  lastLoginAt: user.lastSignInAt === null ? null : toLocalIso(user.lastSignInAt),
}))
