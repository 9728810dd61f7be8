import * as z from 'zod'
import type { AccessClaims } from '../keys/types.ts'
import { machineName } from './rules/identity.ts'
import type { TokenCheck } from './types.ts'

const Strong = z.literal('strong').optional()

export const ValidateBody = z.object({ token: z.string(), consistency: Strong })

/** Strict: conditions that a gateway sends to the wrong form must not be silently ignored. */
export const ValidateQuery = z.strictObject({ consistency: Strong })

const values = z.union([z.string(), z.array(z.string())]).optional()

/** For OpenAPI only: `rules/conditions.ts` parses the query and refuses unknown parameters. */
export const CheckQuery = z.looseObject({
  role: values,
  permission: values,
  org: values,
  acr: values,
  consistency: values,
  from: values,
})

export const ValidateAnswer = z.object({
  valid: z.boolean(),
  userId: z.int().nullable(),
  username: z.string().nullable(),
  role: z.string().nullable(),
  expirationTime: z.int().nullable(),
  errorMessage: z.string().nullable(),
})

/** `ROLE_ADMIN` for `admin`. */
const roleToWire = (role: string): string => `ROLE_${role.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`

export function checkToWire(check: TokenCheck): z.infer<typeof ValidateAnswer> {
  if (check.valid) return { valid: true, ...subjectToWire(check.claims), errorMessage: null }
  const nobody = { userId: null, username: null, role: null, expirationTime: null }
  return { valid: false, ...nobody, errorMessage: check.message }
}

function subjectToWire(claims: AccessClaims) {
  const expirationTime = claims.exp
  if (!('sid' in claims)) return { userId: null, username: machineName(claims.client_id), role: null, expirationTime }
  const { number: userId, username, email, role } = claims
  return { userId, username: username ?? email, role: roleToWire(role), expirationTime }
}
