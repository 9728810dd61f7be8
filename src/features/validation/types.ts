import type { AccessClaims } from '../keys/types.ts'

/** `view` answers from the isolate's revocation view, at most 5 s old; `strong` from the truth. */
export type Consistency = 'view' | 'strong'

export type CheckRefusal = 'invalid' | 'expired' | 'revoked' | 'stale_claims'

/** `freshness` is the age of what decided, in whole seconds rounded up; 0 when it was the truth itself. */
export type TokenCheck =
  | { readonly valid: true; readonly claims: AccessClaims; readonly freshness: number }
  | { readonly valid: false; readonly reason: CheckRefusal; readonly message: string; readonly freshness: number }
