import type { AccessClaims } from '../keys/types.ts'

/** `view` checks the isolate's revocation view, at most 5 s old; `strong` asks the session's object or reads the client's row. */
export type Consistency = 'view' | 'strong'

export type CheckRefusal = 'invalid' | 'expired' | 'revoked' | 'stale_claims'

/** `freshness` is the age of the data that decided, in whole seconds, rounded up; 0 after a strong check. */
export type TokenCheck =
  | { readonly valid: true; readonly claims: AccessClaims; readonly freshness: number }
  | { readonly valid: false; readonly reason: CheckRefusal; readonly message: string; readonly freshness: number }
