/** A WebAuthn credential of a user. Binary values are unpadded base64url, times epoch milliseconds. */
export interface Passkey {
  readonly id: string
  readonly userId: string
  readonly credentialId: string
  /** COSE_Key (RFC 9052 7). */
  readonly publicKey: string
  /** Always 0 for authenticators that do not count. */
  readonly signCount: number
  readonly transports: readonly string[]
  readonly attachment: string | null
  /** `multiDevice` passkeys are synchronized, `singleDevice` ones never leave their hardware. */
  readonly deviceType: string
  readonly backedUp: boolean
  readonly aaguid: string
  readonly rpId: string
  readonly name: string | null
  readonly createdAt: number
  readonly lastUsedAt: number | null
}

export type UserVerification = 'required' | 'preferred' | 'discouraged'
export type Attachment = 'platform' | 'cross-platform'

/** The result of `navigator.credentials.create()`. Binary values are unpadded base64url. */
export interface RegistrationCredential {
  readonly id: string
  readonly clientDataJson: string
  readonly attestationObject: string
  readonly transports: readonly string[]
  readonly attachment: Attachment | null
}

/** The result of `navigator.credentials.get()`. Binary values are unpadded base64url. */
export interface AssertionCredential {
  readonly id: string
  readonly clientDataJson: string
  readonly authenticatorData: string
  readonly signature: string
  readonly userHandle: string | null
}

/** Names a credential to a browser (PublicKeyCredentialDescriptorJSON). */
export interface CredentialDescriptor {
  readonly id: string
  readonly transports: readonly string[]
}

/** A use of a passkey, and what it proves. */
export interface PasskeyProof {
  readonly passkey: Passkey
  /** RFC 8176 values; with `mfa` if the authenticator verified its user, which makes two factors. */
  readonly amr: readonly string[]
}
