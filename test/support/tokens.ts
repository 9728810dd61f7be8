import { decodeJwt } from 'jose'
import type { UserClaims } from '../../src/features/keys/types.ts'

/** What a user's access token says; its signature is not looked at. */
export const claimsOf = (accessToken: string): UserClaims => decodeJwt<UserClaims>(accessToken)
