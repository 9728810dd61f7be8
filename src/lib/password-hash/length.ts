/** In characters (code points). Longer ones are refused before anything is hashed. */
export const MAX_PASSWORD_LENGTH = 128

export const passwordLength = (password: string): number => [...password].length
