import { createHash } from 'node:crypto'
import { beforeAll, describe, expect, it } from 'vitest'
import { writeMetadata } from '../../../../src/features/sso/saml/messages.ts'
import { readSamlMetadata } from '../../../../src/features/sso/saml/provider-metadata.ts'
import { utf8 } from '../../../../src/lib/encoding.ts'
import { ACS, AUDIENCE, ENTITY, replaced } from '../../../support/saml/documents.ts'
import { makeKey, NOW, type TestKey } from '../../../support/saml/keys.ts'
import { attributeOf, childrenOf, descendants, parse, textOf } from '../../../support/saml/xml.ts'

const DAY = 86_400_000
const keys = {} as Record<'rsa' | 'rsa2' | 'p256' | 'p384' | 'weak' | 'p521' | 'expired', TestKey>
beforeAll(() => {
  Object.assign(keys, {
    rsa: makeKey(),
    rsa2: makeKey(),
    p256: makeKey('p256'),
    p384: makeKey('p384'),
    weak: makeKey('weak'),
    p521: makeKey('p521'),
    expired: makeKey('p256', { notBefore: NOW - 2 * DAY, notAfter: NOW }),
  })
})

const SSO = 'https://idp.example/sso'
const SLO = 'https://idp.example/slo'
const binding = (name: string) => `Binding="urn:oasis:names:tc:SAML:2.0:bindings:${name}"`
const descriptor = (certificate: string, use = ' use="signing"') =>
  `<md:KeyDescriptor${use}><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>`
const document = (certificates: readonly string[]) =>
  `<?xml version="1.0" encoding="utf-8"?><!-- made by a provider --><md:EntityDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#" entityID="${ENTITY}"><md:IDPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol" WantAuthnRequestsSigned="true">${certificates.map((certificate) => descriptor(certificate)).join('')}<md:SingleLogoutService ${binding('HTTP-POST')} Location="${SLO}/post"/><md:SingleLogoutService ${binding('HTTP-Redirect')} Location="${SLO}"/><md:NameIDFormat>x</md:NameIDFormat><md:SingleSignOnService ${binding('HTTP-POST')} Location="${SSO}/post"/><md:SingleSignOnService ${binding('HTTP-Redirect')} Location="${SSO}"/></md:IDPSSODescriptor></md:EntityDescriptor>`

const mayCall = (address: string) => URL.parse(address)?.protocol === 'https:'
const read = (xml: string | Uint8Array) =>
  readSamlMetadata(typeof xml === 'string' ? utf8(xml) : xml, { now: NOW, mayCall, trusted: new Set() })
const reasonOf = async (xml: string | Uint8Array) => {
  const reading = await read(xml)
  return 'problem' in reading ? reading.problem.reason : 'accepted'
}

describe("a provider's metadata", () => {
  it('say who it is, where it is and which keys it signs with', async () => {
    const reading = await read(document([keys.rsa.certificate, keys.p256.certificate, keys.p384.certificate]))
    const stored = ({ certificate }: TestKey, kind: string) => ({
      certificate,
      kind,
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
      notAfter: NOW + 365 * DAY,
    })
    expect(reading).toEqual({
      metadata: {
        entityId: ENTITY,
        ssoUrl: SSO,
        sloUrl: SLO,
        certificates: [stored(keys.rsa, 'rsa'), stored(keys.p256, 'p256'), stored(keys.p384, 'p384')],
        wantsSignedRequests: true,
      },
    })
  })

  const good: Readonly<Record<string, (xml: string) => string>> = {
    'without logout by redirect': (xml) => replaced(xml, /<md:SingleLogoutService [^>]*Redirect[^>]*>/, ''),
    'with a key that is for everything': (xml) => replaced(xml, ' use="signing"', ''),
    'with a key for encryption beside': (xml) =>
      replaced(xml, '<md:SingleLogoutService', (at) => descriptor(keys.weak.certificate, ' use="encryption"') + at),
    'with one certificate three times': (xml) =>
      replaced(xml, /<md:KeyDescriptor.*<\/md:KeyDescriptor>/, (found) => found.repeat(3)),
    'with line breaks in a certificate': (xml) =>
      replaced(xml, /(?<=X509Certificate>)\S{64}/, (found) => `\n  ${found}\r\n  `),
    'with a signature of its own, which nobody reads': (xml) =>
      replaced(xml, '<md:IDPSSODescriptor', (at) => `<ds:Signature><ds:SignedInfo/></ds:Signature>${at}`),
    'with a comment inside': (xml) => replaced(xml, '<md:NameIDFormat>', (at) => `<!-- <x> & - -->${at}`),
    'with a role of another kind': (xml) =>
      replaced(xml, '<md:IDPSSODescriptor', (at) => `<md:SPSSODescriptor protocolSupportEnumeration="x"/>${at}`),
    'that are good for a while': (xml) => replaced(xml, 'entityID=', 'validUntil="2026-06-02T00:00:00Z" entityID='),
    'of two protocols': (xml) =>
      replaced(
        xml,
        'protocolSupportEnumeration="',
        'protocolSupportEnumeration="urn:oasis:names:tc:SAML:1.1:protocol ',
      ),
  }
  it.each(Object.keys(good))('are read %s', async (name) => {
    const xml = good[name]?.(document([keys.rsa.certificate])) ?? ''
    expect(await read(xml)).toMatchObject({
      metadata: { entityId: ENTITY, certificates: [{ certificate: keys.rsa.certificate }] },
    })
  })

  it('want no signed requests when they do not say so', async () => {
    for (const said of ['', ' WantAuthnRequestsSigned="false"'])
      expect(
        await read(replaced(document([keys.rsa.certificate]), ' WantAuthnRequestsSigned="true"', said)),
      ).toMatchObject({ metadata: { wantsSignedRequests: false } })
  })

  const bad: Readonly<Record<string, readonly [(xml: string) => string, string]>> = {
    nothing: [() => '', 'not_metadata'],
    HTML: [() => '<!DOCTYPE html><html></html>', 'not_metadata'],
    JSON: [() => '{}', 'not_metadata'],
    'an entity that is declared': [
      (xml) => xml.replace('<!-- made', '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><!-- made'),
      'not_metadata',
    ],
    'a comment without an end': [(xml) => replaced(xml, '-->', ''), 'not_metadata'],
    'two hyphens in a comment': [(xml) => replaced(xml, 'made by', 'made -- by'), 'not_metadata'],
    'a processing instruction': [(xml) => replaced(xml, '<md:NameIDFormat>', (at) => `<?x y?>${at}`), 'not_metadata'],
    'crossed tags': [(xml) => replaced(xml, '</md:NameIDFormat>', ''), 'not_metadata'],
    'too many elements': [
      (xml) => replaced(xml, '<md:NameIDFormat>', (at) => '<x/>'.repeat(20_000) + at),
      'not_metadata',
    ],
    'more than a mebibyte': [(xml) => replaced(xml, 'made by', 'x'.repeat(1024 * 1024)), 'not_metadata'],
    'too many levels': [
      (xml) => replaced(xml, '<md:NameIDFormat>', (at) => '<x>'.repeat(40) + '</x>'.repeat(40) + at),
      'not_metadata',
    ],
    'another root': [(xml) => xml.replaceAll('md:EntityDescriptor', 'md:RoleDescriptor'), 'not_metadata'],
    'a root of another namespace': [(xml) => replaced(xml, 'SAML:2.0:metadata', 'SAML:1.0:metadata'), 'not_metadata'],
    'an aggregate': [(xml) => xml.replaceAll('md:EntityDescriptor', 'md:EntitiesDescriptor'), 'aggregate'],
    'no entity': [(xml) => replaced(xml, ` entityID="${ENTITY}"`, ''), 'entity'],
    'an empty entity': [(xml) => replaced(xml, ENTITY, ''), 'entity'],
    'a long entity': [(xml) => replaced(xml, ENTITY, `https://${'x'.repeat(1020)}`), 'entity'],
    'an entity of two lines': [(xml) => replaced(xml, ENTITY, 'a&#10;b'), 'entity'],
    'no identity provider': [(xml) => xml.replaceAll('IDPSSODescriptor', 'SPSSODescriptor'), 'no_identity_provider'],
    'two identity providers': [
      (xml) => replaced(xml, /<md:IDPSSODescriptor.*<\/md:IDPSSODescriptor>/, (found) => found + found),
      'no_identity_provider',
    ],
    'an identity provider of another protocol': [
      (xml) => replaced(xml, 'SAML:2.0:protocol', 'SAML:1.1:protocol'),
      'no_identity_provider',
    ],
    'metadata that have expired': [
      (xml) => replaced(xml, 'entityID=', 'validUntil="2026-05-31T00:00:00Z" entityID='),
      'metadata_expired',
    ],
    'an end that is no time': [(xml) => replaced(xml, 'entityID=', 'validUntil="soon" entityID='), 'metadata_expired'],
    'a provider that has expired': [
      (xml) => replaced(xml, 'WantAuthn', 'validUntil="2026-05-31T00:00:00Z" WantAuthn'),
      'metadata_expired',
    ],
    'sign-in by POST alone': [(xml) => replaced(xml, /<md:SingleSignOnService [^>]*Redirect[^>]*>/, ''), 'no_redirect'],
    'sign-in without an address': [(xml) => replaced(xml, ` Location="${SSO}"`, ''), 'no_redirect'],
    'sign-in by http': [(xml) => replaced(xml, `"${SSO}"`, '"http://idp.example/sso"'), 'no_redirect'],
    'sign-in by a script': [(xml) => replaced(xml, `"${SSO}"`, '"javascript:alert(1)"'), 'no_redirect'],
    'sign-in at a fragment': [(xml) => replaced(xml, `"${SSO}"`, `"${SSO}#x"`), 'no_redirect'],
    'logout by http': [(xml) => replaced(xml, `"${SLO}"`, '"http://idp.example/slo"'), 'logout_address'],
    'no certificate': [(xml) => replaced(xml, /<md:KeyDescriptor.*<\/md:KeyDescriptor>/, ''), 'no_certificate'],
    'a certificate for encryption alone': [
      (xml) => replaced(xml, 'use="signing"', 'use="encryption"'),
      'no_certificate',
    ],
    'a key without a certificate': [
      (xml) => replaced(xml, /<ds:X509Data>.*<\/ds:X509Data>/, '<ds:KeyName>x</ds:KeyName>'),
      'no_certificate',
    ],
    'a certificate of another namespace': [
      (xml) => replaced(xml, /ds:X509Certificate/g, 'md:X509Certificate'),
      'no_certificate',
    ],
    'an empty certificate': [(xml) => replaced(xml, /(?<=X509Certificate>)[^<]+/, ''), 'not_a_certificate'],
    'a certificate that is cut': [
      (xml) => replaced(xml, /(?<=X509Certificate>)[^<]+/, (found) => found.slice(0, 400)),
      'not_a_certificate',
    ],
    'base64 of something else': [(xml) => replaced(xml, /(?<=X509Certificate>)[^<]+/, 'aGVsbG8='), 'not_a_certificate'],
    'a weak certificate': [(xml) => replaced(xml, /(?<=X509Certificate>)[^<]+/, keys.weak.certificate), 'weak_key'],
    'a certificate of another curve': [
      (xml) => replaced(xml, /(?<=X509Certificate>)[^<]+/, keys.p521.certificate),
      'weak_key',
    ],
    'an expired certificate': [
      (xml) => replaced(xml, /(?<=X509Certificate>)[^<]+/, keys.expired.certificate),
      'certificate_expired',
    ],
  }
  it.each(Object.keys(bad))('are refused for %s', async (name) => {
    const [edit, reason] = bad[name] ?? []
    expect(await reasonOf(edit?.(document([keys.rsa.certificate])) ?? '')).toBe(reason)
  })

  it('are refused as UTF-16, and for bytes that are no text', async () => {
    const text = document([keys.rsa.certificate])
    expect(await reasonOf(Uint8Array.from([0xff, 0xfe, ...[...text].flatMap((sign) => [sign.charCodeAt(0), 0])]))).toBe(
      'not_metadata',
    )
    expect(await reasonOf(Uint8Array.of(0x3c, 0xff))).toBe('not_metadata')
  })

  it('may have five signing certificates, and no sixth', async () => {
    const five = [keys.rsa, keys.rsa2, keys.p256, keys.p384, makeKey('p256')].map(({ certificate }) => certificate)
    expect(await reasonOf(document(five))).toBe('accepted')
    expect(await reasonOf(document([...five, makeKey('p256').certificate]))).toBe('too_many_certificates')
  })

  it('are refused with words that say which certificate is bad, where no other is good', async () => {
    expect(await read(document([keys.expired.certificate]))).toEqual({
      problem: { reason: 'certificate_expired', message: 'signing certificate 1 has expired' },
    })
    expect(await read(document([keys.expired.certificate, keys.rsa.certificate]))).toMatchObject({
      metadata: { certificates: [{ certificate: keys.rsa.certificate }] },
    })
  })

  it('are taken beside a trusted certificate that has expired, and with an address for logout that cannot be taken', async () => {
    const xml = replaced(
      document([keys.expired.certificate, keys.rsa.certificate]),
      `"${SLO}"`,
      '"http://idp.example/slo"',
    )
    const fingerprint = createHash('sha256').update(Buffer.from(keys.expired.certificate, 'base64')).digest('hex')
    const before = { trusted: new Set([fingerprint]), sloUrlBefore: 'https://idp.example/before' }
    expect(await readSamlMetadata(utf8(xml), { now: NOW, mayCall, ...before })).toMatchObject({
      metadata: { sloUrl: before.sloUrlBefore, certificates: [{ fingerprint }, { certificate: keys.rsa.certificate }] },
    })
  })
})

describe('our metadata', () => {
  const published = () => [keys.rsa.certificate, keys.rsa2.certificate]
  const root = () =>
    parse(writeMetadata({ entityId: `${AUDIENCE}?a&b`, acsUrl: ACS, sloUrl: SLO, certificates: published() }))

  it('name our entity, and want signed assertions by SAML 2.0', () => {
    expect(root()).toMatchObject({ local: 'EntityDescriptor', namespace: 'urn:oasis:names:tc:SAML:2.0:metadata' })
    expect(attributeOf(root(), 'entityID')).toBe(`${AUDIENCE}?a&b`)
    const [role] = childrenOf(root())
    expect(role && Object.fromEntries(role.attributes.map(({ local, value }) => [local, value]))).toEqual({
      protocolSupportEnumeration: 'urn:oasis:names:tc:SAML:2.0:protocol',
      WantAssertionsSigned: 'true',
    })
  })

  it('have every published key for both uses, logout by both bindings and one address for answers, in the order of the schema', () => {
    const [role] = childrenOf(root())
    const entries = role ? childrenOf(role) : []
    const shown = entries.map((entry) => [
      entry.local,
      attributeOf(entry, 'use') ?? attributeOf(entry, 'Binding')?.split(':').at(-1),
      attributeOf(entry, 'Location') ??
        descendants(entry)
          .filter(({ local }) => local === 'X509Certificate')
          .map(textOf)[0],
    ])
    const [first, second] = published()
    expect(shown).toEqual([
      ['KeyDescriptor', 'signing', first],
      ['KeyDescriptor', 'signing', second],
      ['KeyDescriptor', 'encryption', first],
      ['KeyDescriptor', 'encryption', second],
      ['SingleLogoutService', 'HTTP-Redirect', SLO],
      ['SingleLogoutService', 'HTTP-POST', SLO],
      ['AssertionConsumerService', 'HTTP-POST', ACS],
    ])
  })
})
