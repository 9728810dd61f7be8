import type { z } from 'zod'
import { utf8 } from '../../../lib/encoding.ts'
import type { AccessClaims } from '../../keys/types.ts'
import type { ValidateAnswer } from '../wire.ts'

/** Printable ASCII without `%`, and without spaces at the ends, because HTTP trims values (RFC 9110 5.5). */
const PLAIN = /^(?:[!-$&-~](?:[ -$&-~]*[!-$&-~])?)?$/

/** Encodes a header value, against header injection: printable ASCII stays; `%` and anything else is percent-encoded UTF-8. */
export function encodeHeaderValue(text: string): string {
  if (PLAIN.test(text)) return text
  const bytes = utf8(text)
  return Array.from(bytes, (byte, index) => {
    const isEdge = index === 0 || index === bytes.length - 1
    const isPlain = byte > 0x20 ? byte < 0x7f && byte !== 0x25 : byte === 0x20 && !isEdge
    return isPlain ? String.fromCharCode(byte) : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
  }).join('')
}

/** A machine's name, in place of a username. */
export const machineName = (clientId: string): string => `client:${clientId}`

/** The identity for the upstream. Every header is always present, empty when it does not apply. `checkRequest` adds `X-Auth-Freshness`. */
export function identityHeaders(claims: AccessClaims): Readonly<Record<string, string>> {
  const user = 'sid' in claims ? claims : null
  const name = user ? (user.username ?? user.email) : machineName(claims.client_id)
  return {
    'X-Auth-User-Id': encodeHeaderValue(user?.sub ?? ''),
    'X-Auth-Username': encodeHeaderValue(name),
    'X-Auth-Email': encodeHeaderValue(user?.email ?? ''),
    'X-Auth-Roles': encodeHeaderValue(user?.roles.join(',') ?? ''),
    'X-Auth-Org-Id': encodeHeaderValue(user?.org_id ?? ''),
    'X-Auth-Org-Role': encodeHeaderValue(user?.org_role ?? ''),
    'X-Auth-Session-Id': encodeHeaderValue(user?.sid ?? ''),
    'X-Auth-Amr': encodeHeaderValue(user?.amr.join(',') ?? ''),
    'X-Auth-Expires-At': String(claims.exp),
  }
}

/** `ROLE_ADMIN` for `admin`. */
const roleToWire = (role: string): string => `ROLE_${role.toUpperCase().replaceAll(/[^A-Z0-9]/g, '_')}`

export const claimsToWire = (claims: AccessClaims): z.infer<typeof ValidateAnswer> => ({
  valid: true,
  ...subjectToWire(claims),
  errorMessage: null,
})

export const refusalToWire = (message: string): z.infer<typeof ValidateAnswer> => ({
  valid: false,
  userId: null,
  username: null,
  role: null,
  expirationTime: null,
  errorMessage: message,
})

function subjectToWire(claims: AccessClaims) {
  const expirationTime = claims.exp
  if (!('sid' in claims)) return { userId: null, username: machineName(claims.client_id), role: null, expirationTime }
  const { number: userId, username, email, role } = claims
  return { userId, username: username ?? email, role: roleToWire(role), expirationTime }
}
