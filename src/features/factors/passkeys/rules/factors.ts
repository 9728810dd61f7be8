import { hasPasskey, hasSecondFactor } from '../../../../lib/amr.ts'

/** Whether a passkey's use is another factor than those before it: possession proved twice is one. */
export const addsFactor = (before: readonly string[], use: readonly string[]): boolean =>
  hasSecondFactor(use) || !hasPasskey(before)

/**
 * What the use of a passkey proves (RFC 8176 2): possession of a key in hardware or software, presence of somebody, and,
 * when the authenticator verified its user by PIN or biometry, two factors.
 */
export const amrOf = (use: { deviceType: string; userVerified: boolean }): string[] => [
  use.deviceType === 'singleDevice' ? 'hwk' : 'swk',
  'user',
  ...(use.userVerified ? ['mfa'] : []),
]
