import type { XmlAttribute, XmlElement } from './libraries.mjs'
import { ASSERTION, ENCRYPTION, ENCRYPTION_11, PROTOCOL, SIGNATURE, SUCCESS } from './names.ts'
import type { Xml } from './parse.ts'
import { type Reason, refuse } from './refusal.ts'
import { attributeOf, is, onlyChild } from './tree.ts'

const ID = /^[A-Za-z_][\w.-]*$/
const OF_SIGNATURE_OR_ENCRYPTION: readonly (string | null)[] = [SIGNATURE, ENCRYPTION, ENCRYPTION_11]

const isIdAttribute = ({ localName }: XmlAttribute): boolean => localName.toLowerCase() === 'id'

/** Rule 4: what any reader could take for an id names one element only. */
export function checkIds({ elements }: Xml): void {
  const seen = new Set<string>()
  for (const element of elements) {
    const mayDiffer = OF_SIGNATURE_OR_ENCRYPTION.includes(element.namespaceURI)
    for (const { name, value } of Array.from(element.attributes).filter(isIdAttribute)) {
      if (!ID.test(value) || seen.has(value) || (name !== 'ID' && !mayDiffer)) refuse('duplicate_id')
      seen.add(value)
    }
  }
}

const isAssertion = (element: XmlElement): boolean =>
  is(element, ASSERTION, 'Assertion') || is(element, ASSERTION, 'EncryptedAssertion')

/** Rule 11: the provider says that it signed somebody in. */
export function checkStatus(response: XmlElement): void {
  const status = onlyChild(response, PROTOCOL, 'Status')
  const code = status && onlyChild(status, PROTOCOL, 'StatusCode')
  if (!code || attributeOf(code, 'Value') !== SUCCESS) refuse('status')
}

/** Rule 4: one response, and in it one assertion, wherever one could hide. Answers the assertion, which may be encrypted. */
export function checkResponse(document: Xml): XmlElement {
  const { root, elements } = document
  const responses = elements.filter((element) => is(element, PROTOCOL, 'Response'))
  if (!is(root, PROTOCOL, 'Response') || attributeOf(root, 'Version') !== '2.0' || responses.length !== 1)
    refuse('not_a_response')
  const [assertion, ...others] = elements.filter(isAssertion)
  // A provider that refuses the person sends no assertion, but says why.
  if (!assertion) checkStatus(root)
  if (!assertion || others.length > 0 || assertion.parentNode !== root) return refuse('not_one_assertion')
  checkIds(document)
  return assertion
}

/** Rule 4 for an assertion that stands alone, as it does when it has been decrypted. */
export function checkLoneAssertion(document: Xml): void {
  const { root, elements } = document
  const isResponse = elements.some((element) => is(element, PROTOCOL, 'Response'))
  if (!is(root, ASSERTION, 'Assertion') || elements.filter(isAssertion).length !== 1 || isResponse)
    refuse('not_one_assertion')
  checkIds(document)
}

/** Rule 4 for a message of logout: nothing in it that is signed to say something else. */
export function checkLogoutMessage(document: Xml, name: 'LogoutRequest' | 'LogoutResponse'): void {
  const { root, elements } = document
  const reason: Reason = name === 'LogoutRequest' ? 'not_a_logout_request' : 'not_a_logout_response'
  const others = elements.some(
    (element) => isAssertion(element) || (element !== root && element.namespaceURI === PROTOCOL && hasVersion(element)),
  )
  if (!is(root, PROTOCOL, name) || attributeOf(root, 'Version') !== '2.0' || others) refuse(reason)
  checkIds(document)
}

/** Every request and response has one. */
const hasVersion = (element: XmlElement): boolean => element.hasAttribute('Version')

/** Rule 5: the message is for the address that it came to. */
export function checkDestination(message: XmlElement, address: string): void {
  if (attributeOf(message, 'Destination') !== address) refuse('destination')
}

/** Rule 5: it answers the request of this flow. */
export function checkInResponseTo(message: XmlElement, requestId: string): void {
  if (attributeOf(message, 'InResponseTo') !== requestId) refuse('in_response_to')
}
