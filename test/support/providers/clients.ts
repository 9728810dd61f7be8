/** What a deployment is registered with at each provider. */
export const CLIENTS = {
  google: { id: '407408718192.apps.googleusercontent.com', secret: 'GOCSPX-postern-test' },
  github: { id: 'Iv1.8a61f9b3a7aba766', secret: '0123456789abcdef0123456789abcdef01234567' },
  microsoft: { id: '6731de76-14a6-49ae-97bc-6eba6914391e', secret: 'Zjx8Q~postern.test_secret' },
  discord: { id: '157730590492196864', secret: '937it3ow87i4ery69876wqire' },
  twitter: { id: 'rG9n6402A3dbUJKzXTNX4oWHJ', secret: 'postern-test-secret-of-x' },
  // Characters that Basic must escape (RFC 6749 2.3.1).
  oidc: { id: 'postern', secret: 'secret+with:100% of it' },
} as const

/** Apple gives a key in the place of a secret. This one was made for the tests. */
export const APPLE_CLIENT = {
  id: 'test.postern.signin',
  teamId: 'DEF123GHIJ',
  keyId: 'ABC123DEFG',
  privateKey: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg8iJqIspUc2Q00+V6
IjchbQeIrbOKKj56iRg9czsEAhWhRANCAATFyDTV11bgU2NZzV+Wat8b1LsKS/QL
3jLlk0YXLepYr8KF1RV6p1ghwZdQ589ibuVZeydl4Mwx/GdZ20B+9YFh
-----END PRIVATE KEY-----
`,
} as const
