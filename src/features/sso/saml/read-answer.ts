import { trustedKeys } from './certificates.ts'
import { decryptAssertion } from './decrypt.ts'
import type { XmlElement } from './libraries.mjs'
import { ASSERTION, PROTOCOL } from './names.ts'
import { privateKeyPem } from './own-keys.ts'
import { loadXml, parseXml, type Xml } from './parse.ts'
import { orRefused, type Refused, refuse } from './refusal.ts'
import { checkDestination, checkInResponseTo, checkResponse, checkStatus } from './shape.ts'
import { readSigned } from './signature.ts'
import {
  type Attributes,
  type Authentication,
  checkConditions,
  checkIssuer,
  checkVersion,
  type NameId,
  readAttributes,
  readAuthentication,
  readSubject,
} from './statements.ts'
import { checkText, decodeBase64, decodeUtf8, MESSAGE_LIMITS } from './text.ts'
import { childrenOf, is, onlyChild, textOf } from './tree.ts'

/** An answer that has the form of one, of which nothing is proved. */
export interface OpenedAnswer {
  readonly document: Xml
  /** The child of the response that is, or hides, the assertion. */
  readonly assertion: XmlElement
}

/** What the state and its connection say an answer must be. */
export interface ExpectedAnswer {
  /** The provider's entity. */
  readonly entityId: string
  /** The provider's certificates, as `readCertificate` stores them. */
  readonly certificates: readonly string[]
  /** Our entity. */
  readonly audience: string
  readonly acsUrl: string
  /** The id of the request of this state. */
  readonly requestId: string
  /** Our keys that are published, PKCS #8. */
  readonly decryptionKeys: readonly Uint8Array[]
  readonly now: number
}

/** Whom a provider says it signed in. */
export interface SamlPerson extends NameId, Authentication {
  readonly attributes: Attributes
}

/** Rules 1 to 4, which need no state. */
export async function openAnswer(samlResponse: string): Promise<OpenedAnswer | Refused> {
  await loadXml()
  return orRefused(() => {
    const text = decodeUtf8(decodeBase64(samlResponse, MESSAGE_LIMITS), MESSAGE_LIMITS)
    const document = parseXml(checkText(text, MESSAGE_LIMITS))
    return { document, assertion: checkResponse(document) }
  })
}

/** Rules 5 to 13 and the attributes of 15, for an answer whose state was found. Using the state up is the caller's. */
export const readAnswer = (opened: OpenedAnswer, expected: ExpectedAnswer): { readonly person: SamlPerson } | Refused =>
  orRefused(() => ({ person: readPerson(opened, expected) }))

function readPerson(opened: OpenedAnswer, expected: ExpectedAnswer): SamlPerson {
  const { entityId, now } = expected
  checkDestination(opened.document.root, expected.acsUrl)
  checkInResponseTo(opened.document.root, expected.requestId)
  const { response, assertion } = readProved(opened, expected)
  checkStatus(response)
  checkVersion(assertion)
  if (childrenOf(response, ASSERTION, 'Issuer').length > 0) checkIssuer(response, entityId)
  checkIssuer(assertion, entityId)
  checkConditions(assertion, expected)
  return {
    ...readSubject(assertion, expected),
    ...readAuthentication(assertion, now),
    attributes: readAttributes(assertion),
  }
}

interface Proved {
  /** As it was signed, where it was; else it may only refuse. */
  readonly response: XmlElement
  /** As it was signed, by itself or with its response. */
  readonly assertion: XmlElement
}

const rootNamed = (documents: readonly Xml[], namespace: string, name: string): XmlElement | undefined =>
  documents.find(({ root }) => is(root, namespace, name))?.root

/** Rules 6 to 10. */
function readProved({ document, assertion }: OpenedAnswer, expected: ExpectedAnswer): Proved {
  const keys = trustedKeys(expected.certificates)
  const signed = readSigned(document, keys)
  const signedResponse = rootNamed(signed, PROTOCOL, 'Response')
  const response = signedResponse ?? document.root
  if (is(assertion, ASSERTION, 'Assertion')) {
    const proved =
      rootNamed(signed, ASSERTION, 'Assertion') ?? (signedResponse && onlyChild(signedResponse, ASSERTION, 'Assertion'))
    return { response, assertion: proved ?? refuse('unsigned') }
  }
  const encrypted = onlyChild(response, ASSERTION, 'EncryptedAssertion') ?? refuse('signed_reference')
  const plain = decryptAssertion(encrypted, expected.decryptionKeys.map(privateKeyPem))
  const [inner] = readSigned(plain, keys)
  return { response, assertion: inner?.root ?? (signedResponse ? plain.root : refuse('unsigned')) }
}

/** The entities for which an answer is meant, as it says without proof: for an answer to no request, which signs nobody in. */
export function unprovedAudiences({ assertion }: OpenedAnswer): readonly string[] {
  const conditions = childrenOf(assertion, ASSERTION, 'Conditions')
  const restrictions = conditions.flatMap((element) => childrenOf(element, ASSERTION, 'AudienceRestriction'))
  return restrictions
    .flatMap((element) => childrenOf(element, ASSERTION, 'Audience'))
    .flatMap((element) => textOf(element) ?? [])
}
