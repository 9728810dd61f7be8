/** What a provider does wrong while the fault is on. Where a provider has no such thing (no ID token, no keys), the fault changes nothing. */
export type Fault =
  // The ID token
  | 'wrong_issuer'
  | 'wrong_audience'
  | 'wrong_azp'
  | 'wrong_nonce'
  | 'no_nonce'
  | 'expired'
  | 'issued_in_future'
  | 'alg_none'
  | 'hmac_with_client_secret'
  /** Signed by a key that is not published, under the `kid` of one that is. */
  | 'other_key'
  /** Signed by a key that is not published, under its own `kid`. */
  | 'unknown_kid'
  | 'no_id_token'
  /** No fault of the provider's: it publishes a new key beside the old one and signs with the new. */
  | 'rolled_keys'
  // What it says of the person
  | 'userinfo_other_subject'
  | 'no_email'
  | 'email_not_verified'
  // Its endpoints
  | 'keys_500'
  | 'keys_html'
  | 'token_500'
  | 'token_html'
  /** Never answers; the caller's signal ends the wait. */
  | 'token_hang'
  /** A right answer with 2 MiB of padding in it. */
  | 'token_huge'
  /** 302 to an address that gives the right answer to whoever follows. */
  | 'token_redirect'
  | 'userinfo_500'
  | 'userinfo_html'
  | 'userinfo_hang'
  // The callback
  /** Carries the `iss` of somebody else (RFC 9207), of a provider that sends none too. */
  | 'iss_other'
  | 'iss_missing'
  | 'access_denied'
