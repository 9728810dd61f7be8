/** In characters (code points). What is shorter no deployment takes. */
export const MIN_PASSWORD_LENGTH = 8
/** Longer ones are refused before anything is hashed. */
export const MAX_PASSWORD_LENGTH = 128

/** Code points: what people count as characters. */
export const passwordLength = (password: string): number => [...password].length
