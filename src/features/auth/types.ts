/** A factor that a mail tells of as added: a report by that mail's link takes it away. */
export type AddedFactor = { readonly kind: 'passkey'; readonly id: string } | { readonly kind: 'totp' }
