/**
 * What the use of a passkey proves (RFC 8176 2): possession of a key in hardware or software, presence of somebody, and,
 * when the authenticator verified its user by PIN or biometry, two factors.
 */
export const amrOf = (use: { deviceType: string; userVerified: boolean }): string[] => [
  use.deviceType === 'singleDevice' ? 'hwk' : 'swk',
  'user',
  ...(use.userVerified ? ['mfa'] : []),
]
