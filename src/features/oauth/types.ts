import type { SessionSnapshot } from '../../durable/rpc.ts'
import type { AccessClaims } from '../keys/types.ts'
import type { User } from '../users/types.ts'

/** What a token turned out to be. */
export type Introspection =
  | { readonly kind: 'inactive' }
  | { readonly kind: 'access'; readonly claims: AccessClaims }
  | { readonly kind: 'refresh'; readonly session: SessionSnapshot; readonly user: User }
