import { beforeAll, describe, expect, it } from 'vitest'
import { openAnswer, readAnswer, unprovedAudiences } from '../../../../src/features/sso/saml/read-answer.ts'
import {
  ALGORITHMS,
  ANSWER,
  AUDIENCE,
  type DIGESTS,
  encode,
  expected,
  NAME,
  replaced,
  SHAPES,
  type Signing,
} from '../../../support/saml/documents.ts'
import { makeKey, NOW, type TestKey } from '../../../support/saml/keys.ts'
import { nodeSamlOpinion, ownOpinion } from '../../../support/saml/opinions.ts'

const keys = {} as Record<'rsa' | 'other' | 'p256' | 'p384', TestKey>
beforeAll(() => {
  Object.assign(keys, { rsa: makeKey(), other: makeKey(), p256: makeKey('p256'), p384: makeKey('p384') })
})

const read = async (xml: string, key = keys.rsa, more: Parameters<typeof expected>[1] = {}) => {
  const opened = await openAnswer(encode(xml))
  return 'refused' in opened ? opened : readAnswer(opened, expected(key, more))
}
const nameOf = async (...given: Parameters<typeof read>) => {
  const answer = await read(...given)
  return 'refused' in answer ? answer.refused : answer.person.nameId
}

describe('a good answer', () => {
  it.each(['assertion', 'response', 'both'] as const)('names the person, with the %s signed', async (shape) => {
    const xml = SHAPES[shape](ANSWER, keys.rsa)
    expect(await read(xml)).toEqual({
      person: {
        nameId: NAME,
        format: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
        nameQualifier: 'nq',
        spNameQualifier: 'sp',
        sessionIndex: '_session',
        sessionNotOnOrAfter: NOW + 3_600_000,
        authnContextClass: 'urn:oasis:names:tc:SAML:2.0:ac:classes:Password',
        authenticatedAt: NOW,
        attributes: new Map([
          ['email', [NAME]],
          ['groups', ['staff', 'R&D']],
        ]),
      },
    })
    expect(await ownOpinion(xml, keys.rsa)).toBe(NAME)
    expect(await nodeSamlOpinion(xml, keys.rsa)).toBe(NAME)
  })

  const rsa = Object.keys(ALGORITHMS).filter((name) => /^rsa-(?!sha1)/.test(name)) as (keyof typeof ALGORITHMS)[]
  const signings: readonly (readonly [keyof typeof keys, keyof typeof ALGORITHMS])[] = [
    ...rsa.map((name) => ['rsa', name] as const),
    ['p256', 'ecdsa-sha256'],
    ['p384', 'ecdsa-sha384'],
  ]
  const digests = ['sha256', 'sha384', 'sha512'] as const satisfies (keyof typeof DIGESTS)[]
  const known = (algorithm: string, digest: string) =>
    ['rsa-sha256', 'rsa-sha512', 'rsa-pss'].includes(algorithm) && digest !== 'sha384'

  it.each(signings.flatMap(([key, algorithm]) => digests.map((digest) => ({ key, algorithm, digest }))))(
    'is read when it is signed by $algorithm with a digest of $digest',
    async ({ key, algorithm, digest }) => {
      const xml = SHAPES.both(ANSWER, keys[key], { algorithm, digest })
      expect(await nameOf(xml, keys[key])).toBe(NAME)
      expect(await ownOpinion(xml, keys[key])).toBe(NAME)
      if (known(algorithm, digest)) expect(await nodeSamlOpinion(xml, keys[key])).toBe(NAME)
    },
  )

  const forms: Readonly<Record<string, (sign: (edit?: Signing, xml?: string) => string) => string>> = {
    'an XML declaration': (sign) => `<?xml version="1.0" encoding="UTF-8"?>\n${sign()}`,
    'a byte order mark': (sign) => `\uFEFF${sign()}`,
    'a list of prefixes': (sign) => sign({ prefixes: 'xs saml' }),
    'no KeyInfo': (sign) => sign({ editSignature: (text) => replaced(text, /<ds:KeyInfo>.*<\/ds:KeyInfo>/, '') }),
    'line breaks in values': (sign) =>
      sign({
        editInfo: (info) => replaced(info, '<ds:Reference', '\n<ds:Reference'),
        editSignature: (text) => replaced(text, /<ds:SignatureValue>(.{64})/, (part) => `${part}&#13;\n`),
      }),
    'line ends of DOS': (sign) => sign().replaceAll('\n', '\r\n'),
    'a name in another alphabet': (sign) => sign({}, replaced(ANSWER, '>staff<', '>Ωmega 👩‍🚀<')),
    'references to characters': (sign) => sign({}, replaced(ANSWER, '>staff<', '>&#x41;&#66;&amp;&quot;&apos;&#13;<')),
    'namespaces by default, as Entra writes them': (sign) =>
      sign(
        {},
        replaced(ANSWER, /<saml:Assertion .*<\/saml:Assertion>/s, (found) =>
          found
            .replace(/<(\/?)saml:/g, '<$1')
            .replace('<Assertion ', '<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" '),
        ),
      ),
    'one time use': (sign) => sign({}, replaced(ANSWER, '</saml:Conditions>', '<saml:OneTimeUse/></saml:Conditions>')),
    'two audiences': (sign) =>
      sign(
        {},
        replaced(ANSWER, '<saml:Audience>', '<saml:Audience>https://other.example</saml:Audience><saml:Audience>'),
      ),
    'no start of its conditions': (sign) => sign({}, replaced(ANSWER, / NotBefore="[^"]*"/, '')),
    'no issuer of the response': (sign) =>
      sign({}, replaced(ANSWER, /<saml:Issuer>[^<]*<\/saml:Issuer>\n<samlp/, '<samlp')),
  }
  it.each(Object.keys(forms))('is read when it has %s', async (name) => {
    const xml = forms[name]?.((signing = {}, text = ANSWER) => SHAPES.assertion(text, keys.rsa, signing)) ?? ''
    expect(await nameOf(xml)).toBe(NAME)
    expect(await ownOpinion(xml.replace('\uFEFF', ''), keys.rsa)).toBe(NAME)
    expect(await nodeSamlOpinion(xml, keys.rsa)).toBe(NAME)
  })

  it('is read while an old key stands beside a new one, whichever signed it', async () => {
    const certificates = [keys.other.certificate, keys.p256.certificate, keys.rsa.certificate]
    for (const key of [keys.other, keys.rsa])
      expect(await nameOf(SHAPES.both(ANSWER, key), key, { certificates })).toBe(NAME)
  })

  it('is read when its certificate has expired: the key is what is trusted', async () => {
    const old = makeKey('rsa', { notBefore: 0, notAfter: 1000 })
    expect(await nameOf(SHAPES.assertion(ANSWER, old), old)).toBe(NAME)
  })

  it('is refused under every key that the connection does not trust, and under none', async () => {
    const xml = SHAPES.both(ANSWER, keys.rsa)
    expect(await nameOf(xml, keys.other)).toBe('signature_value')
    expect(await nameOf(xml, keys.p256)).toBe('signature_value')
    expect(await nameOf(xml, keys.rsa, { certificates: [] })).toBe('signature_value')
    expect(await nameOf(ANSWER, keys.rsa, { certificates: [] })).toBe('unsigned')
  })

  it('says for whom it is before anything is proved', async () => {
    const opened = await openAnswer(encode(ANSWER))
    expect('refused' in opened ? opened : unprovedAudiences(opened)).toEqual([AUDIENCE])
  })
})
