/** In code points. A setting may require more, not less. */
export const MIN_PASSWORD_LENGTH = 8
/** The longest new password. */
export const MAX_PASSWORD_LENGTH = 128
/** An imported password may be longer than `MAX_PASSWORD_LENGTH`. A longer one than this is never hashed. */
export const MAX_VERIFIED_PASSWORD_LENGTH = 1024

/** In code points, which are what people count as characters. */
export const passwordLength = (password: string): number => [...password].length
