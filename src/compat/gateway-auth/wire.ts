import * as z from 'zod'
import { type HealthReport, isHealthy } from '../../features/health/service.ts'
import type { OpenedSession } from '../../features/sessions/types.ts'
import type { VerifiedEmail } from '../../features/sign-in/service/email-change.ts'
import type { User } from '../../features/users/types.ts'
import { addKeys } from '../../http/answers.ts'
import { PropagatedField } from '../../http/propagated.ts'
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

const ApiResponse = z.object({ success: z.literal(true), message: z.string(), data: z.null() })

export const Done = ApiResponse.meta({ id: 'GatewayDone' })

export const doneToWire = (message: string): z.infer<typeof Done> => ({ success: true, message, data: null })

export const DoneAndEnded = ApiResponse.extend({
  propagated: PropagatedField,
}).meta({ id: 'GatewayDoneAndEnded' })

export const endedToWire = (
  message: string,
  { propagated }: { propagated: boolean },
): z.infer<typeof DoneAndEnded> => ({ ...doneToWire(message), propagated })

/** `message` is for a link that did its work now. */
export const verifiedToWire = (message: string, verified: VerifiedEmail): z.infer<typeof DoneAndEnded> =>
  endedToWire(verified.outcome === 'already' ? 'Already confirmed' : message, verified)

/** The name that clients of this path know. */
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

/** Times of this system have no offset; they are UTC. */
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

/** A sign-in or a registration that has no session yet stays as it is. */
export const addTokenKeys = addKeys<Session | { readonly outcome: string }>(
  { to: 'SessionTokens', keys: TokenKeys },
  (result) => ('opened' in result ? tokenKeysToWire(result) : {}),
)

const ProfileKeys = z
  .object({ createdAt: z.string(), lastLoginAt: z.string().nullable() })
  .meta({ id: 'GatewayProfile' })

export const addProfileKeys = addKeys<User>({ to: 'Profile', keys: ProfileKeys }, (user) => ({
  createdAt: toLocalIso(user.createdAt),
  lastLoginAt: user.lastSignInAt === null ? null : toLocalIso(user.lastSignInAt),
}))
