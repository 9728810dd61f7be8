import { createPrivateKey, createSign, X509Certificate } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { readCertificate, trustedKeys } from '../../../../src/features/sso/saml/certificates.ts'
import { newSamlKey, privateKeyPem } from '../../../../src/features/sso/saml/own-keys.ts'
import { makeKey, NOW } from '../../../support/saml/keys.ts'

const DAY = 86_400_000

const at = (now: number, ...trusted: readonly string[]) => ({ now, trusted: new Set(trusted) })

describe('a key of ours', () => {
  const made = newSamlKey({ name: 'auth.example', notBefore: NOW, notAfter: NOW + 10 * DAY })
  const certificate = new X509Certificate(Uint8Array.fromBase64(made.certificate))

  it('has a certificate that its own key signed, for the time that was asked for', () => {
    expect(certificate.verify(certificate.publicKey)).toBe(true)
    expect([certificate.subject, certificate.issuer]).toEqual(['CN=auth.example', 'CN=auth.example'])
    expect([Date.parse(certificate.validFrom), Date.parse(certificate.validTo)]).toEqual([NOW, NOW + 10 * DAY])
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048, publicExponent: 65537n })
  })

  it('signs with the key of its certificate', () => {
    const signature = createSign('SHA256').update('x').sign(privateKeyPem(made.privateKey))
    const { createVerify } = process.getBuiltinModule('node:crypto')
    expect(createVerify('SHA256').update('x').verify(certificate.publicKey, signature)).toBe(true)
    expect(createPrivateKey({ key: privateKeyPem(made.privateKey) }).asymmetricKeyType).toBe('rsa')
  })

  it('is another one each time, and so is the serial number', () => {
    const other = newSamlKey({ name: 'auth.example', notBefore: NOW, notAfter: NOW + 10 * DAY })
    expect(other.certificate).not.toBe(made.certificate)
    expect(new X509Certificate(Uint8Array.fromBase64(other.certificate)).serialNumber).not.toBe(
      certificate.serialNumber,
    )
  })

  it('may end after 2049, where X.509 writes years in another way', () => {
    const { certificate: late } = newSamlKey({
      name: 'x',
      notBefore: Date.parse('2049-12-31T23:59:59Z'),
      notAfter: Date.parse('2050-01-01T00:00:00Z'),
    })
    const parsed = new X509Certificate(Uint8Array.fromBase64(late))
    expect([Date.parse(parsed.validFrom), Date.parse(parsed.validTo)]).toEqual([
      Date.parse('2049-12-31T23:59:59Z'),
      Date.parse('2050-01-01T00:00:00Z'),
    ])
  })

  it('passes our own rules for certificates', () => {
    expect(readCertificate(made.certificate, at(NOW))).toMatchObject({
      certificate: made.certificate,
      kind: 'rsa',
      notAfter: NOW + 10 * DAY,
    })
  })
})

describe('a certificate that somebody pastes', () => {
  const { certificate } = makeKey()
  const lines = certificate.replace(/.{64}/g, (line) => `${line}\n`)
  const pem = `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`

  it.each([
    ['PEM', pem],
    ['PEM with line ends of DOS', pem.replaceAll('\n', '\r\n')],
    ['PEM with space around', `\n  ${pem}  `],
    ['base64', certificate],
    ['base64 in lines', lines],
  ])('is read as %s', (_name, text) => {
    expect(readCertificate(text, at(NOW))).toMatchObject({ certificate })
  })

  it('has the same fingerprint in every form', () => {
    const of = (text: string) => JSON.stringify(readCertificate(text, at(NOW)))
    expect(of(pem)).toBe(of(certificate))
  })

  it.each([
    ['nothing', ''],
    ['two in one PEM', pem + pem],
    ['a private key', makeKey().privateKey],
    ['a public key', makeKey().publicKey],
    ['words', 'my certificate'],
    ['a part of it', certificate.slice(0, 100)],
    ['base64 without its padding', `${certificate.replace(/=+$/, '')}=`.slice(0, -2)],
  ])('is refused as %s', (_name, text) => {
    expect(readCertificate(text, at(NOW))).toEqual({ problem: 'not_a_certificate' })
  })

  it('is stored without what stands behind it', () => {
    const more = new Uint8Array([...Uint8Array.fromBase64(certificate), 1, 2, 3]).toBase64()
    const read = readCertificate(more, at(NOW))
    expect('problem' in read ? 'refused' : read.certificate).toBe(certificate)
  })

  it('ends at its end, to the second', () => {
    const short = makeKey('p256', { notAfter: NOW + 1000 }).certificate
    expect(readCertificate(short, at(NOW + 999))).toMatchObject({ kind: 'p256' })
    expect(readCertificate(short, at(NOW + 1000))).toEqual({ problem: 'certificate_expired' })
    const { fingerprint = '' } = readCertificate(short, at(NOW)) as { fingerprint?: string }
    expect(readCertificate(short, at(NOW + 1000, fingerprint))).toMatchObject({ kind: 'p256', fingerprint })
  })

  it.each(['weak', 'p521', 'ed25519'] as const)('is refused for a key that is not taken: %s', (kind) => {
    expect(readCertificate(makeKey(kind).certificate, at(NOW))).toEqual({ problem: 'weak_key' })
  })

  it('is left out of the trusted keys where it is none that is taken', () => {
    const weak = makeKey('weak').certificate
    expect(
      trustedKeys([weak, 'x', certificate, makeKey('p521').certificate, makeKey('ed25519').certificate]),
    ).toHaveLength(1)
  })
})
