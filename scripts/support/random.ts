import { randomBytes } from 'node:crypto'

/** base64url of `bytes` random bytes. */
export const randomToken = (bytes: number): string => randomBytes(bytes).toString('base64url')
