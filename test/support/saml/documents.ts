import { constants, createHash, createSign } from 'node:crypto'
import type { ExpectedAnswer } from '../../../src/features/sso/saml/read-answer.ts'
import { NOW, type TestKey } from './keys.ts'
import { attributeOf, canonical, childrenOf, descendants, type Node, parse } from './xml.ts'

export const ENTITY = 'https://idp.example/entity'
export const AUDIENCE = 'https://auth.example/api/v1/sso/metadata/acme'
export const ACS = 'https://auth.example/api/v1/sso/saml/acs'
export const REQUEST = '_request'
export const NAME = 'ada@acme.example'

const at = (ms: number) => new Date(NOW + ms).toISOString()
const MINUTE = 60_000

/** An answer of a provider, unsigned. Tests change it as text before it is signed, or after. */
export const ANSWER = `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_response" Version="2.0" IssueInstant="${at(0)}" Destination="${ACS}" InResponseTo="${REQUEST}">
<saml:Issuer>${ENTITY}</saml:Issuer>
<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
<saml:Assertion xmlns:xs="http://www.w3.org/2001/XMLSchema" ID="_assertion" Version="2.0" IssueInstant="${at(0)}">
<saml:Issuer>${ENTITY}</saml:Issuer>
<saml:Subject><saml:NameID Format="urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress" NameQualifier="nq" SPNameQualifier="sp">${NAME}</saml:NameID><saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData InResponseTo="${REQUEST}" Recipient="${ACS}" NotOnOrAfter="${at(5 * MINUTE)}"/></saml:SubjectConfirmation></saml:Subject>
<saml:Conditions NotBefore="${at(-5 * MINUTE)}" NotOnOrAfter="${at(10 * MINUTE)}"><saml:AudienceRestriction><saml:Audience>${AUDIENCE}</saml:Audience></saml:AudienceRestriction></saml:Conditions>
<saml:AuthnStatement AuthnInstant="${at(0)}" SessionIndex="_session" SessionNotOnOrAfter="${at(60 * MINUTE)}"><saml:AuthnContext><saml:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>
<saml:AttributeStatement><saml:Attribute Name="email"><saml:AttributeValue xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">ada@acme.example</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups"><saml:AttributeValue>staff</saml:AttributeValue></saml:Attribute><saml:Attribute Name="groups"><saml:AttributeValue>R&amp;D</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>
</saml:Assertion>
</samlp:Response>`

export const expected = (key: TestKey, more: Partial<ExpectedAnswer> = {}): ExpectedAnswer => ({
  entityId: ENTITY,
  certificates: [key.certificate],
  audience: AUDIENCE,
  acsUrl: ACS,
  requestId: REQUEST,
  decryptionKeys: [],
  now: NOW,
  ...more,
})

const MORE = 'http://www.w3.org/2001/04/xmldsig-more#'
const ENC = 'http://www.w3.org/2001/04/xmlenc#'
/** Name, hash, and whether it is PSS: what providers write, and some that nobody may take. */
export const ALGORITHMS = {
  'rsa-sha256': { name: `${MORE}rsa-sha256`, hash: 'SHA256' },
  'rsa-sha384': { name: `${MORE}rsa-sha384`, hash: 'SHA384' },
  'rsa-sha512': { name: `${MORE}rsa-sha512`, hash: 'SHA512' },
  'rsa-pss': { name: 'http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1', hash: 'SHA256', isPss: true },
  'ecdsa-sha256': { name: `${MORE}ecdsa-sha256`, hash: 'SHA256' },
  'ecdsa-sha384': { name: `${MORE}ecdsa-sha384`, hash: 'SHA384' },
  'ecdsa-sha512': { name: `${MORE}ecdsa-sha512`, hash: 'SHA512' },
  'rsa-sha1': { name: 'http://www.w3.org/2000/09/xmldsig#rsa-sha1', hash: 'SHA1' },
} as const satisfies Record<string, { name: string; hash: string; isPss?: true }>
export const DIGESTS = {
  sha1: 'http://www.w3.org/2000/09/xmldsig#sha1',
  sha256: `${ENC}sha256`,
  sha384: `${MORE}sha384`,
  sha512: `${ENC}sha512`,
} as const

export interface Signing {
  readonly algorithm?: keyof typeof ALGORITHMS
  readonly digest?: keyof typeof DIGESTS
  /** Of the canonicalization of what is signed, as text. */
  readonly prefixes?: string
  /** Changes `SignedInfo` before it is signed. */
  readonly editInfo?: (info: string) => string
  /** Changes the signature after it was made. */
  readonly editSignature?: (signature: string) => string
  /** Answers the signature's value, as bytes. */
  readonly makeValue?: (info: string) => Uint8Array
}

const C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
const DSIG = 'http://www.w3.org/2000/09/xmldsig#'

export function signBytes(text: string, key: TestKey, algorithm: keyof typeof ALGORITHMS): Uint8Array {
  const { hash, ...more } = ALGORITHMS[algorithm]
  const pss = 'isPss' in more ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 } : {}
  const made = createSign(hash)
    .update(text)
    .sign({ key: key.privateKey, dsaEncoding: 'ieee-p1363', ...pss })
  return Uint8Array.from(made)
}

export const withId = (root: Node, id: string): Node => {
  const found = descendants(root).find((element) => attributeOf(element, 'ID') === id)
  if (!found) throw new Error(`no element has the ID ${id}`)
  return found
}

/** A document with a signature over the element of that ID, behind its issuer, made with a canonical form of our own. */
export function sign(xml: string, id: string, key: TestKey, signing: Signing = {}): string {
  const { algorithm = 'rsa-sha256', digest = 'sha256', prefixes, editInfo, editSignature, makeValue } = signing
  const octets = canonical(withId(parse(xml), id), prefixes === undefined ? {} : { inclusive: prefixes.split(' ') })
  const value = createHash(digest).update(octets).digest('base64')
  const list = prefixes === undefined ? '' : `<ec:InclusiveNamespaces xmlns:ec="${C14N}" PrefixList="${prefixes}"/>`
  const written = `<ds:SignedInfo><ds:CanonicalizationMethod Algorithm="${C14N}"/><ds:SignatureMethod Algorithm="${ALGORITHMS[algorithm].name}"/><ds:Reference URI="#${id}"><ds:Transforms><ds:Transform Algorithm="${DSIG}enveloped-signature"/><ds:Transform Algorithm="${C14N}">${list}</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="${DIGESTS[digest]}"/><ds:DigestValue>${value}</ds:DigestValue></ds:Reference></ds:SignedInfo>`
  const info = editInfo?.(written) ?? written
  const [infoElement] = childrenOf(parse(`<ds:Signature xmlns:ds="${DSIG}">${info}</ds:Signature>`))
  if (!infoElement) throw new Error('no SignedInfo')
  const text = canonical(infoElement)
  const bytes = makeValue?.(text) ?? signBytes(text, key, algorithm)
  const signature = `<ds:Signature xmlns:ds="${DSIG}">${info}<ds:SignatureValue>${bytes.toBase64()}</ds:SignatureValue><ds:KeyInfo><ds:X509Data><ds:X509Certificate>${key.certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>`
  const issuer = /<\/(?:saml:)?Issuer>/g
  issuer.lastIndex = xml.indexOf(`ID="${id}"`)
  if (!issuer.exec(xml)) throw new Error('no issuer')
  const end = issuer.lastIndex
  return xml.slice(0, end) + (editSignature?.(signature) ?? signature) + xml.slice(end)
}

/** What of an answer is signed. */
export const SHAPES = {
  assertion: (xml: string, key: TestKey, signing?: Signing) => sign(xml, '_assertion', key, signing),
  response: (xml: string, key: TestKey, signing?: Signing) => sign(xml, '_response', key, signing),
  both: (xml: string, key: TestKey, signing?: Signing) =>
    sign(sign(xml, '_assertion', key, signing), '_response', key, signing),
}
export type Shape = keyof typeof SHAPES

export const encode = (xml: string): string => new TextEncoder().encode(xml).toBase64()

/** The text with one part replaced. Throws when it has no such part, for then a test would prove nothing. */
export function replaced(text: string, part: string | RegExp, by: string | ((part: string) => string)): string {
  const changed = text.replace(part, typeof by === 'string' ? () => by : by)
  if (changed === text) throw new Error(`nothing to replace: ${part}`)
  return changed
}
