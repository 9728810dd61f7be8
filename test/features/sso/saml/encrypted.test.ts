import { beforeAll, describe, expect, it } from 'vitest'
import { newSamlKey } from '../../../../src/features/sso/saml/own-keys.ts'
import { openAnswer, readAnswer } from '../../../../src/features/sso/saml/read-answer.ts'
import type { Reason } from '../../../../src/features/sso/saml/refusal.ts'
import { encode, expected, NAME, replaced, sign } from '../../../support/saml/documents.ts'
import {
  CIPHERS,
  type Cipher,
  ENCRYPTED_SHAPES,
  type Encrypting,
  encrypted,
  LONE,
  WRAPPINGS,
  type Wrapping,
} from '../../../support/saml/encrypt.ts'
import { makeKey, NOW, type TestKey } from '../../../support/saml/keys.ts'
import { nodeSamlOpinion } from '../../../support/saml/opinions.ts'

type Shape = keyof typeof ENCRYPTED_SHAPES
const shapes = Object.keys(ENCRYPTED_SHAPES) as Shape[]

let key: TestKey
let ours: TestKey
let older: TestKey
beforeAll(() => {
  key = makeKey()
  ours = makeKey()
  older = makeKey()
})

const der = ({ privateKey }: TestKey) => Uint8Array.fromBase64(privateKey.replace(/-----[^-]+-----/g, ''))

const nameOf = async (xml: string, decryptionKeys = [der(older), der(ours)]) => {
  const opened = await openAnswer(encode(xml))
  const answer = 'refused' in opened ? opened : readAnswer(opened, expected(key, { decryptionKeys }))
  return 'refused' in answer ? answer.refused : answer.person.nameId
}

describe('an encrypted assertion', () => {
  it.each(shapes.flatMap((shape) => (Object.keys(CIPHERS) as Cipher[]).map((cipher) => ({ shape, cipher }))))(
    'is read under $cipher when it is signed $shape',
    async ({ shape, cipher }) => {
      const xml = ENCRYPTED_SHAPES[shape](key, ours, { cipher })
      expect(await nameOf(xml)).toBe(NAME)
      if (!cipher.includes('192')) expect(await nodeSamlOpinion(xml, key, ours)).toBe(NAME)
    },
  )

  it.each(Object.keys(WRAPPINGS) as Wrapping[])('is read when its key is wrapped by %s', async (wrapping) => {
    expect(await nameOf(ENCRYPTED_SHAPES.inside(key, ours, { wrapping }))).toBe(NAME)
  })

  it('is read under a key of ours, old or new, that is published, and under no other', async () => {
    expect(await nameOf(ENCRYPTED_SHAPES.inside(key, older))).toBe(NAME)
    expect(await nameOf(ENCRYPTED_SHAPES.inside(key, older), [der(ours)])).toBe('decryption')
    expect(await nameOf(ENCRYPTED_SHAPES.inside(key, ours), [])).toBe('decryption')
  })

  it('is read under a key that this service made', async () => {
    const { certificate, privateKey } = newSamlKey({ name: 'auth.example', notBefore: NOW, notAfter: NOW + 1000 })
    const { X509Certificate } = process.getBuiltinModule('node:crypto')
    const publicKey = String(
      new X509Certificate(Uint8Array.fromBase64(certificate)).publicKey.export({ type: 'spki', format: 'pem' }),
    )
    const xml = ENCRYPTED_SHAPES.around(key, { certificate, privateKey: '', publicKey })
    expect(await nameOf(xml, [privateKey])).toBe(NAME)
  })

  it('is read with all lengths of padding', async () => {
    for (let more = 0; more < 16; more += 1) {
      const xml = replaced(LONE, '>staff<', `>${'x'.repeat(more + 1)}<`)
      expect(await nameOf(ENCRYPTED_SHAPES.inside(key, ours, { cipher: 'aes-128-cbc' }, xml))).toBe(NAME)
    }
  })

  const flip = (at: number) => (bytes: Uint8Array) =>
    bytes.map((byte, index) => (index === (at + bytes.length) % bytes.length ? byte ^ 1 : byte))
  const within = (pattern: string | RegExp, by: string | ((found: string) => string)): Encrypting => ({
    editXml: (xml) => replaced(xml, pattern, by),
  })
  const plain = (edit: (text: string) => string): Encrypting => ({ edit })
  const METHOD = /<xenc:EncryptionMethod Algorithm="[^"]*rsa-oaep-mgf1p"\/>/
  const method = (content: string, name = 'http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p') =>
    within(METHOD, `<xenc:EncryptionMethod Algorithm="${name}">${content}</xenc:EncryptionMethod>`)
  const attacks: Readonly<Record<string, Encrypting>> = {
    'a changed tag': { editContent: flip(-1) },
    'a changed byte under GCM': { editContent: flip(40) },
    'a changed nonce': { editContent: flip(0) },
    'a changed last block under CBC': { cipher: 'aes-256-cbc', editContent: flip(-17) },
    'content that is cut': { editContent: (bytes) => bytes.subarray(0, 20) },
    'content that is no whole block': { cipher: 'aes-256-cbc', editContent: (bytes) => bytes.subarray(0, -1) },
    'no content': { editContent: () => new Uint8Array() },
    'one block': { cipher: 'aes-256-cbc', editContent: (bytes) => bytes.subarray(0, 16) },
    'a changed key': { editKey: flip(100) },
    'a key that is cut': { editKey: (bytes) => bytes.subarray(1) },
    'no key': within(/<xenc:EncryptedKey>.*<\/xenc:EncryptedKey>/, ''),
    'two keys': within(/<xenc:EncryptedKey>.*<\/xenc:EncryptedKey>/, (found) => found + found),
    'a key that stands elsewhere': within(
      /<xenc:EncryptedKey>.*<\/xenc:EncryptedKey>/,
      '<ds:RetrievalMethod URI="#_key"/>',
    ),
    'a key beside the content': within(
      '</xenc:EncryptedData>',
      (at) => `${at}<xenc:EncryptedKey xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"/>`,
    ),
    'content that stands elsewhere': within(
      /<xenc:CipherValue>[^<]*<\/xenc:CipherValue><\/xenc:CipherData><\/xenc:EncryptedData>/,
      '<xenc:CipherReference URI="https://evil.example/"/></xenc:CipherData></xenc:EncryptedData>',
    ),
    'content twice': within(/<xenc:CipherData>(?!.*<xenc:CipherData>).*<\/xenc:CipherData>/, (found) => found + found),
    'content that is no base64': within(/<xenc:CipherValue>/, '<xenc:CipherValue>%'),
    'no method': within(/<xenc:EncryptionMethod [^>]*gcm"\/>/, ''),
    'a cipher that is unknown': within('xmlenc11#aes256-gcm', 'xmlenc11#aes512-gcm'),
    'triple DES': within(
      'http://www.w3.org/2009/xmlenc11#aes256-gcm',
      'http://www.w3.org/2001/04/xmlenc#tripledes-cbc',
    ),
    'a cipher of another key length': within('aes256-gcm', 'aes128-gcm'),
    'GCM called CBC': within(
      'http://www.w3.org/2009/xmlenc11#aes256-gcm',
      'http://www.w3.org/2001/04/xmlenc#aes256-cbc',
    ),
    'a key wrapped by RSA 1.5': within('rsa-oaep-mgf1p', 'rsa-1_5'),
    'a key wrapped by AES': within('rsa-oaep-mgf1p', 'kw-aes256'),
    'a key with a digest of SHA-512': method('<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha512"/>'),
    'a key with two digests': method('<ds:DigestMethod Algorithm="http://www.w3.org/2000/09/xmldsig#sha1"/>'.repeat(2)),
    'a key with parameters': method('<xenc:OAEPparams>AAAA</xenc:OAEPparams>'),
    'a key whose mask has another hash': method(
      '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/>',
      'http://www.w3.org/2009/xmlenc11#rsa-oaep',
    ),
    'the content of an element': within('xmlenc#Element"', 'xmlenc#Content"'),
    'no data': within(/<xenc:EncryptedData.*<\/xenc:EncryptedData>/, ''),
    'data twice': within(/<xenc:EncryptedData.*<\/xenc:EncryptedData>/, (found) => found + found),
    'plaintext that is no XML': plain(() => 'ada'),
    'plaintext that is empty': plain(() => ''),
    'plaintext with a comment': plain((text) => `<!--x-->${text}`),
    'plaintext with a document type': plain((text) => `<!DOCTYPE x>${text}`),
    'two assertions in the plaintext': plain((text) => text + text),
    'an assertion inside the assertion': plain((text) => replaced(text, '</saml:Subject>', (at) => text + at)),
    'an encrypted assertion inside': plain((text) =>
      replaced(text, '</saml:Subject>', (at) => `<saml:EncryptedAssertion/>${at}`),
    ),
    'a response in the plaintext': plain(
      (text) => `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">${text}</samlp:Response>`,
    ),
    'an assertion of another namespace': plain((text) =>
      replaced(text, 'xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', 'xmlns:saml="urn:evil"'),
    ),
    'a prefix that the response declares': plain((text) =>
      replaced(text, ' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"', ''),
    ),
    'an ID twice': plain((text) => replaced(text, '<saml:Subject>', '<saml:Subject ID="_assertion">')),
    'too many elements': plain((text) => replaced(text, '</saml:Subject>', (at) => '<x/>'.repeat(2000) + at)),
  }
  it.each(Object.keys(attacks))('is refused with one reason for %s', async (name) => {
    for (const shape of shapes)
      expect(await nameOf(ENCRYPTED_SHAPES[shape](key, ours, attacks[name]))).toBe('decryption')
  })

  it.each([
    ['no signature at all', () => encrypted(LONE, ours), 'unsigned'],
    ['a stranger inside', () => ENCRYPTED_SHAPES.inside(older, ours), 'signature_value'],
    ['a stranger around', () => ENCRYPTED_SHAPES.around(older, ours), 'signature_value'],
    [
      'a stranger inside what the provider signed',
      () => sign(encrypted(sign(LONE, '_assertion', older), ours), '_response', key),
      'signature_value',
    ],
    [
      'a stranger around what the provider signed',
      () => sign(encrypted(sign(LONE, '_assertion', key), ours), '_response', older),
      'signature_value',
    ],
    [
      'a change inside',
      () =>
        ENCRYPTED_SHAPES.inside(
          key,
          ours,
          plain((text) => replaced(text, '>staff<', '>owners<')),
        ),
      'digest',
    ],
    [
      'a change inside what the response signed too',
      () =>
        ENCRYPTED_SHAPES['inside and around'](
          key,
          ours,
          plain((text) => replaced(text, '>staff<', '>owners<')),
        ),
      'digest',
    ],
    [
      'a change of the ciphertext',
      () =>
        replaced(ENCRYPTED_SHAPES.around(key, ours), /(?<=<xenc:CipherValue>)./, (sign) => (sign === 'A' ? 'B' : 'A')),
      'digest',
    ],
    [
      'another ciphertext under the signature',
      () =>
        replaced(
          ENCRYPTED_SHAPES.around(key, ours),
          /<saml:EncryptedAssertion>.*<\/saml:EncryptedAssertion>/s,
          () => /<saml:EncryptedAssertion>.*<\/saml:EncryptedAssertion>/s.exec(encrypted(LONE, ours))?.[0] ?? '',
        ),
      'digest',
    ],
    [
      'an expired assertion',
      () => ENCRYPTED_SHAPES.inside(key, ours, {}, LONE.replace(/NotOnOrAfter="2026/g, 'NotOnOrAfter="2025')),
      'expired',
    ],
    [
      'a weak signature inside',
      () => ENCRYPTED_SHAPES.inside(key, ours, {}, LONE, { algorithm: 'rsa-sha1' }),
      'algorithm',
    ],
    [
      'a signature in a wrong place inside',
      () =>
        ENCRYPTED_SHAPES['inside and around'](
          key,
          ours,
          plain((text) =>
            replaced(text, /<ds:Signature .*<\/ds:Signature>/s, '').replace(
              '</saml:Assertion>',
              (at) => (/<ds:Signature .*<\/ds:Signature>/s.exec(text)?.[0] ?? '') + at,
            ),
          ),
        ),
      'signature_place',
    ],
    [
      'a plain assertion beside it',
      () =>
        replaced(
          ENCRYPTED_SHAPES.inside(key, ours),
          '</samlp:Response>',
          (at) => (/<saml:Assertion .*<\/saml:Assertion>/s.exec(LONE)?.[0] ?? '') + at,
        ),
      'not_one_assertion',
    ],
    [
      'two of them',
      () =>
        replaced(
          ENCRYPTED_SHAPES.inside(key, ours),
          /<saml:EncryptedAssertion>.*<\/saml:EncryptedAssertion>/s,
          (found) => found + found,
        ),
      'not_one_assertion',
    ],
    [
      'one in Extensions',
      () =>
        replaced(
          ENCRYPTED_SHAPES.inside(key, ours),
          /<saml:EncryptedAssertion>.*<\/saml:EncryptedAssertion>/s,
          (found) => `<samlp:Extensions>${found}</samlp:Extensions>`,
        ),
      'not_one_assertion',
    ],
  ] as const satisfies (readonly [string, () => string, Reason])[])(
    'is refused for %s',
    async (_name, make, reason) => {
      expect(await nameOf(make())).toBe(reason)
    },
  )
})
