import { cookiesNamed } from '../../../lib/cookies.ts'

/** The credential of a request. `malformed`: meant as a token, but cannot be one. */
export type Credential =
  | { readonly state: 'none' }
  | { readonly state: 'malformed' }
  | { readonly state: 'token'; readonly token: string }

const NONE: Credential = { state: 'none' }
const MALFORMED: Credential = { state: 'malformed' }

/** Longer credentials are refused without a look-up. */
const MAX_CREDENTIAL_LENGTH = 8 * 1024
/** RFC 6750 2.1, without the characters that no JWT has. The scheme in any case (RFC 9110 11.1). */
const BEARER = /^bearer +([A-Za-z0-9_.-]+)$/i
/** A scheme for access tokens, in this header or in another that was joined to it; not a parameter of that name. */
const TOKEN_SCHEME = /(?:^|,)\s*(?:bearer|dpop)(?![\w!#$%&'*+.^`|~-]|\s*=)/i
const QUOTED = /"(?:[^"\\]|\\.)*"/g

const toToken = (token: string): Credential =>
  token.length <= MAX_CREDENTIAL_LENGTH ? { state: 'token', token } : MALFORMED

/**
 * Exactly one Bearer credential. Repeated header lines arrive joined by a comma and are malformed. A credential of another
 * scheme belongs to the application and is ignored, even with commas, as in Digest, OAuth, Hawk and AWS4.
 */
export function readAuthorization(header: string | null): Credential {
  if (header === null) return NONE
  const token = BEARER.exec(header)?.[1]
  if (token !== undefined) return toToken(token)
  return TOKEN_SCHEME.test(header.replaceAll(QUOTED, '')) ? MALFORMED : NONE
}

/** The cookie's token. Two different cookies of this name are malformed: one of them may be planted (RFC 6265 8.6). */
export function readCookie(header: string | null, name: string): Credential {
  if (header === null) return NONE
  const [value, ...others] = cookiesNamed(header, name)
  if (value === undefined || value === '') return NONE
  const isOne = others.every((other) => other === value)
  return isOne && /^[A-Za-z0-9_.-]+$/.test(value) ? toToken(value) : MALFORMED
}
