import { SignInRefused } from '../../federation/errors.ts'
import { MAX_SUBJECT_LENGTH } from '../../federation/service/code-answer.ts'
import { isEmail, normalizeEmail } from '../../users/service/users.ts'
import { ssoAuthenticationError } from '../errors.ts'
import { attributeNamesOf } from '../rules/providers.ts'
import type { SamlPerson } from '../saml/read-answer.ts'
import { isOneLine } from '../saml/statements.ts'
import type { SamlConnection } from '../tables.ts'
import type { Attribute } from '../types.ts'
import { groupsOf, isNotDenied, type SsoPerson, shownOf } from './read-person.ts'

const FORMATS = 'urn:oasis:names:tc:SAML:'
const TRANSIENT = `${FORMATS}2.0:nameid-format:transient`
const EMAIL_ADDRESS = `${FORMATS}1.1:nameid-format:emailAddress`

/** What a provider calls a sign-in with a second factor. */
const SECOND_FACTOR: readonly string[] = [
  'https://refeds.org/profile/mfa',
  'http://schemas.microsoft.com/claims/multipleauthn',
]

const refused = (reason: 'mapping' | 'transient') => new SignInRefused(ssoAuthenticationError, reason)

type Read = Pick<SamlConnection, 'provider' | 'issuer' | 'attributeMapping' | 'trustSecondFactor'>

/** Rule 15: who somebody is by a proved assertion, under the connection's mapping. Throws SSO_AUTHENTICATION_ERROR. */
export function readSamlPerson(connection: Read, person: SamlPerson): SsoPerson {
  const values = valuesUnder(connection, person)
  const isMapped =
    connection.attributeMapping.external_id !== undefined ||
    attributeNamesOf(connection.provider).external_id.length > 0
  const subject = subjectOf(values('external_id'), person, isMapped)
  const email = only(values('email')) ?? (person.format === EMAIL_ADDRESS ? person.nameId : null)
  const [displayName, firstName, lastName] = (['display_name', 'first_name', 'last_name'] as const).map((attribute) => {
    const [value, ...others] = values(attribute)
    return others.length > 0 ? undefined : shownOf(value)
  })
  return {
    issuer: connection.issuer,
    subject,
    email: email !== null && isEmail(email) ? normalizeEmail(email) : null,
    // Providers do not say; the domain is the organization's. What is said to be unverified is not.
    isEmailVerified: (person.attributes.get('email_verified') ?? []).every(isNotDenied),
    speaksForEmail: true,
    label: displayName ?? null,
    profile: { displayName, firstName, lastName },
    groups: groupsOf([...values('groups')]),
    hasSecondFactor: connection.trustSecondFactor && SECOND_FACTOR.includes(person.authnContextClass ?? ''),
  }
}

/** The values of what an admin has named, else of the first of the usual names that is there. */
function valuesUnder({ provider, attributeMapping }: Read, { attributes }: SamlPerson) {
  const usual = attributeNamesOf(provider)
  return (attribute: Attribute): readonly string[] => {
    const named = attributeMapping[attribute]
    const names = named === undefined ? usual[attribute] : [named]
    return names.map((name) => attributes.get(name) ?? []).find((values) => values.length > 0) ?? []
  }
}

/** One value where one is meant: which of several is the person's nobody could say. */
function only([value, ...others]: readonly string[]): string | null {
  if (others.length > 0) throw refused('mapping')
  return value === undefined || value === '' ? null : value
}

/**
 * A transient name is another at each sign-in. Where an owner, or the kind of provider, has named an attribute, a `NameID` does not
 * stand in for it: it may be another person's value of the attribute.
 */
function subjectOf(externalIds: readonly string[], { nameId, format }: SamlPerson, isMapped: boolean): string {
  const externalId = only(externalIds)
  if (externalId === null && isMapped) throw refused('mapping')
  if (externalId === null && format === TRANSIENT) throw refused('transient')
  const subject = externalId ?? nameId
  if (subject.length > MAX_SUBJECT_LENGTH || !isOneLine(subject)) throw refused('mapping')
  return subject
}
