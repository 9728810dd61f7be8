/** Authentication Method References (RFC 8176 2): what a session says of how its user was authenticated. */

const POSSESSION: readonly string[] = ['hwk', 'swk']

/** `mfa` stands there after two factors, and after a passkey that verified its user, which is two. */
export const hasSecondFactor = (amr: readonly string[]): boolean => amr.includes('mfa')

/** Whether a passkey was used: possession of a key, in hardware or software. */
export const hasPasskey = (amr: readonly string[]): boolean => amr.some((method) => POSSESSION.includes(method))

/**
 * Whether two factors were proved without a code: by a passkey that verified its user, or by one beside the password. A
 * passkey and a code may be one factor without the code, so they are not enough.
 */
export const hasTwoFactorsWithoutCode = (amr: readonly string[]): boolean =>
  hasSecondFactor(amr) && hasPasskey(amr) && (!amr.includes('otp') || amr.includes('pwd'))
