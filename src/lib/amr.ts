// Authentication Method References (RFC 8176 2): how the user of a session was authenticated.

const POSSESSION: readonly string[] = ['hwk', 'swk']

/** `mfa` is present after two factors, and after a passkey with user verification, which counts as two. */
export const hasSecondFactor = (amr: readonly string[]): boolean => amr.includes('mfa')

/** Whether a passkey was used: possession of a key, in hardware or software. */
export const hasPasskey = (amr: readonly string[]): boolean => amr.some((method) => POSSESSION.includes(method))

/**
 * Whether two factors were proved without a one-time code: by a passkey with user verification, or by passkey and password.
 * For a passkey and a code without a password, the passkey alone may be only one factor, so that is not enough.
 */
export const hasTwoFactorsWithoutCode = (amr: readonly string[]): boolean =>
  hasSecondFactor(amr) && hasPasskey(amr) && (!amr.includes('otp') || amr.includes('pwd'))
