/** Claims of a user's access token (RFC 9068 2.2). NumericDates are epoch seconds. */
export interface UserClaims {
  readonly iss: string
  readonly aud: string
  readonly client_id: string
  /** The user's UUID. */
  readonly sub: string
  readonly sid: string
  readonly jti: string
  readonly iat: number
  readonly exp: number
  /** The user's `claims_version` when the token was minted. */
  readonly ver: number
  readonly type: 'access'
  readonly email: string
  readonly username: string | null
  readonly number: number
  /** The user's id in the system that the import came from, if `EXTERNAL_ID_CLAIM` is on. */
  readonly ext?: string | undefined
  readonly role: string
  readonly roles: readonly string[]
  readonly org_id: string | null
  readonly org_role: string | null
  /** Keys of the custom roles that the user has in this organization. Those of platform-wide roles stand in `roles`. */
  readonly org_roles: readonly string[]
  /** The organization's `version` when the token was minted; null without an organization. */
  readonly org_ver: number | null
  /** What was granted to this user directly, in this organization and platform-wide. */
  readonly permissions: readonly string[]
  readonly amr: readonly string[]
  readonly acr: 'aal1' | 'aal2'
  readonly auth_time: number
}

/** Claims of a machine's access token: `sub` and `client_id` are both the client's id. */
export interface ClientClaims {
  readonly iss: string
  readonly aud: string
  readonly client_id: string
  readonly sub: string
  readonly jti: string
  readonly iat: number
  readonly exp: number
  readonly type: 'access'
  /** Space separated (RFC 6749 3.3). */
  readonly scope: string
}

export type AccessClaims = UserClaims | ClientClaims

export interface SigningKey {
  readonly kid: string
  readonly alg: string
  readonly privateKey: CryptoKey
}

export type TokenRefusal =
  | 'malformed'
  | 'unknown_key'
  | 'bad_signature'
  | 'expired'
  | 'not_yet_valid'
  | 'wrong_type'
  | 'wrong_issuer'
  | 'wrong_audience'

export type VerifiedToken =
  | { readonly ok: true; readonly kid: string; readonly claims: AccessClaims }
  | { readonly ok: false; readonly reason: TokenRefusal }

/** When a key signs and is published. Epoch milliseconds. */
export interface KeyTimes {
  readonly kid: string
  readonly alg: string
  readonly createdAt: number
  /** It signs from then until a newer key does. */
  readonly signsFrom: number
  /** Null for a key that signs now or will sign. */
  readonly publishedUntil: number | null
  readonly revokedAt: number | null
}

/** A key as in `/.well-known/jwks.json` (RFC 7517 4). */
export interface PublicJwk {
  readonly kid: string
  readonly alg: string
  readonly use: 'sig'
  readonly kty: string
  readonly [member: string]: string
}

/** An unsealed key. Its public part comes from the sealed value, so that a row cannot be tampered with. */
export interface RingKey extends KeyTimes {
  readonly publicJwk: PublicJwk
  readonly publicKey: CryptoKey
  readonly privateKey: CryptoKey
  readonly privateSealed: string
}

export interface KeyRing {
  readonly keys: readonly RingKey[]
  /** Kids of rows that no known root secret can unseal. */
  readonly unreadable: readonly string[]
}
