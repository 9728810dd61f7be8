/** What names somebody at a provider: issuer and subject, or of an organization's provider the connection and the subject. */
export interface IdentityKey {
  readonly connectionId: string | null
  readonly issuer: string
  readonly subject: string
}

/** An identity that is linked to an account. Times are epoch milliseconds. */
export interface Identity extends IdentityKey {
  readonly id: string
  readonly userId: string
  readonly provider: string
  readonly email: string | null
  readonly label: string | null
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

/** What a provider has proved of the person in front of the browser. */
export interface ProvedIdentity extends IdentityKey {
  /** The provider's name in the settings. */
  readonly provider: string
  /** How people call the provider. */
  readonly providerLabel: string
  /** Null where it named none, or no usable one. */
  readonly email: string | null
  readonly isEmailVerified: boolean
  /** Whether the address is the provider's own, so that whoever signs in there has the mailbox today. */
  readonly speaksForEmail: boolean
  /** A name or login, for display. */
  readonly label: string | null
  readonly profile: {
    readonly displayName?: string | undefined
    readonly firstName?: string | undefined
    readonly lastName?: string | undefined
  }
}
