import { SECOND } from '../../../lib/time.ts'
import type { XmlElement } from './libraries.mjs'
import { ASSERTION, BEARER } from './names.ts'
import { refuse } from './refusal.ts'
import { attributeOf, childElements, childrenOf, is, onlyChild, textOf } from './tree.ts'

/** Clocks of servers differ by so much. */
const SKEW = 60 * SECOND

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)$/

/** A time in its full form, with a zone (SAML Core 1.3.3 wants UTC). NaN for anything else, which no comparison below accepts. */
export const readTime = (text: string | undefined): number => (text && TIME.test(text) ? Date.parse(text) : Number.NaN)

export const isBefore = (now: number, end: string | undefined): boolean => now < readTime(end) + SKEW
export const isSince = (now: number, start: string | undefined): boolean => now >= readTime(start) - SKEW

export const issuerOf = (message: XmlElement): string | undefined => textOf(onlyChild(message, ASSERTION, 'Issuer'))

/** Rule 11: it is from the provider that the connection is of. */
export function checkIssuer(message: XmlElement, entityId: string): void {
  if (issuerOf(message) !== entityId) refuse('issuer')
}

const CONDITIONS: readonly string[] = ['AudienceRestriction', 'OneTimeUse', 'ProxyRestriction']

/** Rule 12: the assertion is of now and for us; a condition that nobody here understands is not met (SAML Core 2.5.1). */
export function checkConditions(assertion: XmlElement, { audience, now }: { audience: string; now: number }): void {
  const conditions = onlyChild(assertion, ASSERTION, 'Conditions') ?? refuse('conditions')
  const known = childElements(conditions).every((child) => CONDITIONS.some((name) => is(child, ASSERTION, name)))
  if (!known) refuse('conditions')
  const start = attributeOf(conditions, 'NotBefore')
  if (start !== undefined && !isSince(now, start)) refuse('not_yet')
  if (!isBefore(now, attributeOf(conditions, 'NotOnOrAfter'))) refuse('expired')
  const restrictions = childrenOf(conditions, ASSERTION, 'AudienceRestriction')
  const isForUs = (restriction: XmlElement) =>
    childrenOf(restriction, ASSERTION, 'Audience').some((element) => textOf(element) === audience)
  if (restrictions.length === 0 || !restrictions.every(isForUs)) refuse('audience')
}

/** Whom a provider means. All of it is needed to name them to it again. */
export interface NameId {
  readonly nameId: string
  readonly format: string | null
  readonly nameQualifier: string | null
  readonly spNameQualifier: string | null
}

const MAX_NAME = 1024
/** One line: no control character, no other end of a line, no space around. */
const ONE_LINE = /^(?!\s)[^\p{Cc}\u2028\u2029]+(?<!\s)$/u
export const isOneLine = (text: string): boolean => ONE_LINE.test(text)

/** Rule 13: a name on one line, without elements. One that is encrypted is none. */
export function readNameId(parent: XmlElement): NameId {
  const element = onlyChild(parent, ASSERTION, 'NameID')
  const nameId = textOf(element)
  const others = ['BaseID', 'EncryptedID'].some((name) => childrenOf(parent, ASSERTION, name).length > 0)
  if (!element || nameId === undefined || others || nameId.length > MAX_NAME || !isOneLine(nameId))
    return refuse('name_id')
  return {
    nameId,
    format: attributeOf(element, 'Format') ?? null,
    nameQualifier: attributeOf(element, 'NameQualifier') ?? null,
    spNameQualifier: attributeOf(element, 'SPNameQualifier') ?? null,
  }
}

interface Delivery {
  readonly acsUrl: string
  readonly requestId: string
  readonly now: number
}

function checkConfirmation(subject: XmlElement, { acsUrl, requestId, now }: Delivery): void {
  const confirmation = onlyChild(subject, ASSERTION, 'SubjectConfirmation')
  const data = confirmation && onlyChild(confirmation, ASSERTION, 'SubjectConfirmationData')
  const isRight =
    confirmation !== undefined &&
    data !== undefined &&
    attributeOf(confirmation, 'Method') === BEARER &&
    attributeOf(data, 'Recipient') === acsUrl &&
    attributeOf(data, 'InResponseTo') === requestId &&
    attributeOf(data, 'NotBefore') === undefined &&
    isBefore(now, attributeOf(data, 'NotOnOrAfter'))
  if (!isRight) refuse('subject_confirmation')
}

/** Rule 13: one subject, confirmed to whoever brings the answer to this request to this address (SAML Profiles 4.1.4.2). */
export function readSubject(assertion: XmlElement, delivery: Delivery): NameId {
  const subject = onlyChild(assertion, ASSERTION, 'Subject') ?? refuse('subject_confirmation')
  checkConfirmation(subject, delivery)
  return readNameId(subject)
}

export interface Authentication {
  readonly sessionIndex: string | null
  /** The provider's session ends then, and ours with it. */
  readonly sessionNotOnOrAfter: number | null
  readonly authnContextClass: string | null
  /** When the person signed in at the provider: its session may be old. Null where it does not say. */
  readonly authenticatedAt: number | null
}

/** Rule 13: the provider says how the person signed in, in a session that has not ended. */
export function readAuthentication(assertion: XmlElement, now: number): Authentication {
  const statement = onlyChild(assertion, ASSERTION, 'AuthnStatement') ?? refuse('authn_statement')
  const end = attributeOf(statement, 'SessionNotOnOrAfter')
  const sessionNotOnOrAfter = end === undefined ? null : readTime(end)
  if (sessionNotOnOrAfter !== null && !(now < sessionNotOnOrAfter)) refuse('session_expired')
  const instant = attributeOf(statement, 'AuthnInstant')
  const authenticatedAt = instant === undefined ? null : readTime(instant)
  if (Number.isNaN(authenticatedAt)) refuse('authn_statement')
  const context = onlyChild(statement, ASSERTION, 'AuthnContext')
  return {
    sessionIndex: attributeOf(statement, 'SessionIndex') ?? null,
    sessionNotOnOrAfter,
    authnContextClass: textOf(context && onlyChild(context, ASSERTION, 'AuthnContextClassRef')) ?? null,
    authenticatedAt,
  }
}

export type Attributes = ReadonlyMap<string, readonly string[]>

/** Rule 15: the values of each name, joined where a provider repeats it. A value with elements in it is none. */
export function readAttributes(assertion: XmlElement): Attributes {
  const attributes = new Map<string, string[]>()
  const statements = childrenOf(assertion, ASSERTION, 'AttributeStatement')
  for (const attribute of statements.flatMap((statement) => childrenOf(statement, ASSERTION, 'Attribute'))) {
    const name = attributeOf(attribute, 'Name') ?? ''
    const values = childrenOf(attribute, ASSERTION, 'AttributeValue').flatMap((value) => textOf(value) ?? [])
    attributes.set(name, [...(attributes.get(name) ?? []), ...values])
  }
  return attributes
}

/** Rule 11: SAML 2.0. */
export function checkVersion(message: XmlElement): void {
  if (attributeOf(message, 'Version') !== '2.0') refuse('version')
}
