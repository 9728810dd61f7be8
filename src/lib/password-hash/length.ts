/** In characters (code points). What is shorter no deployment takes. */
export const MIN_PASSWORD_LENGTH = 8
/** A longer one is not set. */
export const MAX_PASSWORD_LENGTH = 128
/** What is verified may be longer: other systems set it. Beyond this nothing is hashed. */
export const MAX_VERIFIED_PASSWORD_LENGTH = 1024

/** Code points: what people count as characters. */
export const passwordLength = (password: string): number => [...password].length
