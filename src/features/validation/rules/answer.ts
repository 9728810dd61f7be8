import type { z } from 'zod'
import type { AccessClaims } from '../../keys/types.ts'
import type { TokenCheck } from '../types.ts'
import type { ValidateAnswer } from '../wire.ts'
import { machineName } from './identity.ts'

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
