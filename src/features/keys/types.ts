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
  /** The user's `claims_version` when the token was made. */
  readonly ver: number
  readonly type: 'access'
  readonly email: string
  readonly username: string | null
  readonly number: number
  readonly role: string
  readonly roles: readonly string[]
  readonly org_id: string | null
  readonly org_role: string | null
  readonly amr: readonly string[]
  readonly acr: 'aal1' | 'aal2'
  readonly auth_time: number
}

/** Claims of a machine's access token: `sub` and `client_id` are the client's id. */
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
