import { fromUtf8 } from '../../lib/encoding.ts'

/** The client's credentials in a request to an OAuth endpoint (RFC 6749 2.3.1, RFC 6750 2.1). */
export type Credentials =
  | { readonly kind: 'secret'; readonly id: string; readonly secret: string }
  /** An id without a secret: a public client. */
  | { readonly kind: 'public'; readonly id: string }
  | { readonly kind: 'bearer'; readonly token: string }
  | { readonly kind: 'absent' }
  | { readonly kind: 'malformed' }
  /** RFC 6749 2.3: a client must not use more than one method. */
  | { readonly kind: 'ambiguous' }

export interface ClientFields {
  readonly client_id?: string | undefined
  readonly client_secret?: string | undefined
}

/** Decodes application/x-www-form-urlencoded (RFC 6749 appendix B); undefined when it is malformed. */
function formDecode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch (cause) {
    if (cause instanceof URIError) return undefined
    throw cause
  }
}

/** RFC 7617 2; id and secret are form-encoded (RFC 6749 2.3.1). */
function readBasic(encoded: string): Credentials {
  try {
    const text = fromUtf8(Uint8Array.fromBase64(encoded))
    const colon = text.indexOf(':')
    const id = formDecode(text.slice(0, Math.max(colon, 0)))
    const secret = formDecode(text.slice(colon + 1))
    return colon > 0 && id && secret ? { kind: 'secret', id, secret } : { kind: 'malformed' }
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof TypeError) return { kind: 'malformed' }
    throw cause
  }
}

function readHeader(authorization: string): Credentials {
  const [, scheme = '', value = ''] = /^([A-Za-z]+) +([^ ]+)$/.exec(authorization.trim()) ?? []
  if (scheme.toLowerCase() === 'basic') return readBasic(value)
  if (scheme.toLowerCase() === 'bearer') return { kind: 'bearer', token: value }
  return { kind: 'malformed' }
}

/** The one credential of a request. Credentials in the query are ignored. */
export function readCredentials(authorization: string | null, form: ClientFields): Credentials {
  const { client_id: id, client_secret: secret } = form
  if (authorization !== null) {
    if (secret !== undefined) return { kind: 'ambiguous' }
    const given = readHeader(authorization)
    return given.kind === 'secret' && id !== undefined && id !== given.id ? { kind: 'ambiguous' } : given
  }
  if (id !== undefined && secret !== undefined) return { kind: 'secret', id, secret }
  if (id !== undefined) return { kind: 'public', id }
  return secret === undefined ? { kind: 'absent' } : { kind: 'malformed' }
}

/** RFC 6749 3.3: scopes are separated by spaces, and their order has no meaning. */
export const parseScope = (scope: string): string[] => [...new Set(scope.split(' ').filter((part) => part !== ''))]

/** The requested scopes; all of `granted` when none is requested, undefined when one is requested that is not granted. */
export function selectScopes(granted: readonly string[], asked: string | undefined): readonly string[] | undefined {
  if (asked === undefined) return granted
  const scopes = parseScope(asked)
  return scopes.length > 0 && scopes.every((scope) => granted.includes(scope)) ? scopes : undefined
}
