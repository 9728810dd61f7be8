import { createSign, generateKeyPairSync } from 'node:crypto'
import { selfSigned } from '../../../src/features/sso/saml/own-keys.ts'
import { DAY } from '../../../src/lib/time.ts'

/** When the tests' documents are answered. */
export const NOW = Date.parse('2026-06-01T12:00:00Z')

export interface TestKey {
  /** DER in base64. */
  readonly certificate: string
  /** PKCS #8 and SPKI, PEM. */
  readonly privateKey: string
  readonly publicKey: string
}

interface Made {
  readonly notBefore?: number
  readonly notAfter?: number
}

const KINDS = {
  rsa: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  weak: () => generateKeyPairSync('rsa', { modulusLength: 1024 }),
  p256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  ed25519: () => generateKeyPairSync('ed25519'),
  p521: () => generateKeyPairSync('ec', { namedCurve: 'P-521' }),
}

/** A key with a certificate. That of an ECDSA key does not verify itself; nobody asks it to. */
export function makeKey(
  kind: keyof typeof KINDS = 'rsa',
  { notBefore = NOW - DAY, notAfter = NOW + 365 * DAY }: Made = {},
): TestKey {
  const { privateKey, publicKey } = KINDS[kind]()
  const pem = String(privateKey.export({ type: 'pkcs8', format: 'pem' }))
  const der = Uint8Array.from(publicKey.export({ type: 'spki', format: 'der' }) as Buffer)
  const sign = (content: Uint8Array) =>
    kind === 'ed25519' ? new Uint8Array(64) : createSign('SHA256').update(content).sign(pem)
  const certificate = selfSigned({ name: 'idp.example', notBefore, notAfter, publicKey: der }, sign)
  return {
    certificate: certificate.toBase64(),
    privateKey: pem,
    publicKey: String(publicKey.export({ type: 'spki', format: 'pem' })),
  }
}
