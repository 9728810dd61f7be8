import { isDigest, isSignatureAlgorithm } from './algorithms.ts'
import type { XmlElement } from './libraries.mjs'
import { ASSERTION, ENVELOPED, EXCLUSIVE_C14N, SIGNATURE } from './names.ts'
import type { Xml } from './parse.ts'
import { type Reason, refuse } from './refusal.ts'
import { attributeOf, childElements, is, textOf } from './tree.ts'

/** A signature that stands where one may, and the element that it signs. */
export interface Placed {
  readonly signature: XmlElement
  readonly signed: XmlElement
}

/**
 * Rule 6: a signature is the second child, after the issuer, of what it signs, which is the root or the assertion; anywhere else
 * it belongs to something else.
 */
export function placeSignatures({ root, elements }: Xml): readonly Placed[] {
  const signatures = elements.filter((element) => is(element, SIGNATURE, 'Signature'))
  const mayBeSigned = elements.filter((element) => element === root || is(element, ASSERTION, 'Assertion'))
  return signatures.map((signature) => {
    const signed = mayBeSigned.find((element) => element === signature.parentNode) ?? refuse('signature_place')
    const [issuer, second] = childElements(signed)
    if (!is(issuer, ASSERTION, 'Issuer') || second !== signature) refuse('signature_place')
    return { signature, signed }
  })
}

/** The children of an element when they are exactly these, all of XML Signature. */
function childrenNamed(element: XmlElement, names: readonly string[], reason: Reason): readonly XmlElement[] {
  const children = childElements(element)
  const fits = children.length === names.length && names.every((name, at) => is(children[at], SIGNATURE, name))
  return fits ? children : refuse(reason)
}

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

function checkBase64(element: XmlElement | undefined): void {
  if (!BASE64.test(textOf(element)?.replace(/[ \t\r\n]+/g, '') ?? '')) refuse('signature_form')
}

/** The algorithm that an element without content names. */
function algorithmOf(element: XmlElement | undefined, reason: Reason): string | undefined {
  if (!element || childElements(element).length > 0) refuse(reason)
  return element && attributeOf(element, 'Algorithm')
}

/** Nobody needs more. The library compares each prefix of the list with each that is declared around: 70 kB of it cost 0.2 s. */
const MAX_LIST = 256

/** Enveloped, then exclusive canonicalization, which may have a list of prefixes. */
function checkTransforms(transforms: XmlElement | undefined): void {
  if (!transforms) refuse('transforms')
  const [enveloped, canonical] = childrenNamed(transforms, ['Transform', 'Transform'], 'transforms')
  if (algorithmOf(enveloped, 'transforms') !== ENVELOPED) refuse('transforms')
  if (!canonical || attributeOf(canonical, 'Algorithm') !== EXCLUSIVE_C14N) refuse('transforms')
  const [list, second] = childElements(canonical)
  if (!list) return
  const isList = !second && is(list, EXCLUSIVE_C14N, 'InclusiveNamespaces') && childElements(list).length === 0
  if (!isList || (attributeOf(list, 'PrefixList') ?? '').length > MAX_LIST) refuse('transforms')
}

function checkReference(reference: XmlElement | undefined, signed: XmlElement): void {
  if (!reference) refuse('signature_form')
  const [transforms, method, value] = childrenNamed(
    reference,
    ['Transforms', 'DigestMethod', 'DigestValue'],
    'signature_form',
  )
  const id = attributeOf(signed, 'ID')
  if (id === undefined || attributeOf(reference, 'URI') !== `#${id}`) refuse('reference_target')
  checkTransforms(transforms)
  if (!isDigest(algorithmOf(method, 'signature_form'))) refuse('algorithm')
  checkBase64(value)
}

/** Rule 7: the one form of a signature. */
export function checkForm({ signature, signed }: Placed): void {
  const [first, , third] = childElements(signature)
  const names = third ? ['SignedInfo', 'SignatureValue', 'KeyInfo'] : ['SignedInfo', 'SignatureValue']
  const [, value] = childrenNamed(signature, names, 'signature_form')
  if (!first) refuse('signature_form')
  const [canonical, method, reference] = childrenNamed(
    first,
    ['CanonicalizationMethod', 'SignatureMethod', 'Reference'],
    'signature_form',
  )
  // A list of prefixes here is refused: the library reads none.
  if (algorithmOf(canonical, 'signature_form') !== EXCLUSIVE_C14N) refuse('signature_form')
  if (!isSignatureAlgorithm(algorithmOf(method, 'signature_form'))) refuse('algorithm')
  checkReference(reference, signed)
  checkBase64(value)
}
