import type { ProvedIdentity } from '../../factors/identities/types.ts'
import type { ProviderAnswers } from '../../federation/types.ts'
import { isEmail, isPlainText, mailDomainOf, normalizeEmail } from '../../users/service/users.ts'
import { PROVIDER_ROWS } from '../rules/providers.ts'
import type { OpenidConnection } from '../tables.ts'
import type { Claim } from '../types.ts'

type Values = Readonly<Record<string, unknown>>

/** What an organization's provider says of the person in front of the browser. */
export type SsoPerson = Omit<ProvedIdentity, 'connectionId' | 'provider' | 'providerLabel'> & {
  readonly groups: readonly string[]
  /** The provider says that it saw a second factor, and its word counts. */
  readonly hasSecondFactor: boolean
}

/** One value where one is meant: which of several is the person's nobody could say. */
const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

export const shownOf = (value: unknown): string | undefined => {
  const text = textOf(value)?.trim()
  return text && text.length <= 100 && isPlainText(text) ? text : undefined
}

const MAX_GROUPS = 1000

export const groupsOf = (value: unknown): string[] => {
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  return all.filter((group) => typeof group === 'string').slice(0, MAX_GROUPS)
}

/** Absent, or true in one of the spellings that providers use. */
export const isNotDenied = (value: unknown): boolean => value === undefined || value === true || value === 'true'

/** `amr` of the ID token (RFC 8176). */
const saysSecondFactor = ({ amr }: Values): boolean => Array.isArray(amr) && amr.includes('mfa')

/**
 * Who somebody is by the answers of an organization's provider, under its mapping. Null when they name nobody, or somebody of
 * another hosted domain: Google has one issuer for all, and `hd` is the organization's.
 */
export function readPerson(
  connection: Pick<OpenidConnection, 'provider' | 'issuer' | 'trustSecondFactor'>,
  mapping: Readonly<Record<Claim, string>>,
  { claims, userinfo }: Pick<ProviderAnswers, 'claims' | 'userinfo'>,
): SsoPerson | null {
  const subject = textOf(claims.sub)
  if (subject === null) return null
  const values: Values = { ...claims, ...userinfo }
  const given = textOf(values[mapping.email])
  const email = given !== null && isEmail(given) ? normalizeEmail(given) : null
  const isShared = PROVIDER_ROWS[connection.provider].issuer !== undefined
  if (isShared && (email === null || textOf(claims.hd)?.toLowerCase() !== mailDomainOf(email))) return null
  const displayName = shownOf(values[mapping.display_name])
  return {
    issuer: connection.issuer,
    subject,
    email,
    // Many providers do not say; the domain is the organization's. What is said to be unverified is not.
    isEmailVerified: isNotDenied(claims.email_verified) && isNotDenied(userinfo.email_verified),
    speaksForEmail: true,
    label: displayName ?? null,
    profile: {
      displayName,
      firstName: shownOf(values[mapping.first_name]),
      lastName: shownOf(values[mapping.last_name]),
    },
    groups: groupsOf(values[mapping.groups]),
    hasSecondFactor: connection.trustSecondFactor && saysSecondFactor(claims),
  }
}
