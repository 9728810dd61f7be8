/** workerd's scrypt refuses N * r * p above this. */
export const NATIVE_SCRYPT_WORK = 2 ** 20
/** Web Crypto throws above this in production, although local workerd does not. */
export const NATIVE_PBKDF2_ITERATIONS = 100_000
