import type { ScimComplex, UserAttributes } from '../types.ts'
import { isComplex } from './values.ts'

/** What a directory knows of a person that an account has too. */
export interface PersonProfile {
  readonly firstName: string | undefined
  readonly lastName: string | undefined
  readonly displayName: string | undefined
  readonly locale: string | undefined
  readonly timezone: string | undefined
  readonly phoneNumber: string | undefined
}

/** As the account's own fields are bounded. */
const MAX: Readonly<Record<keyof PersonProfile, number>> = {
  firstName: 100,
  lastName: 100,
  displayName: 200,
  locale: 35,
  timezone: 50,
  phoneNumber: 20,
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

const elementsOf = (list: unknown): readonly ScimComplex[] => (Array.isArray(list) ? list.filter(isComplex) : [])

const preferred = (elements: readonly ScimComplex[]): ScimComplex | undefined =>
  elements.find(({ primary }) => primary === true) ?? elements[0]

const isNamed = (type: unknown, names: readonly string[]): boolean =>
  typeof type === 'string' && names.includes(type.toLowerCase())

function phoneOf({ phoneNumbers }: UserAttributes): string | undefined {
  const usable = elementsOf(phoneNumbers).filter(({ type }) => isNamed(type, ['work', 'mobile']))
  return textOf(preferred(usable)?.value)
}

export function profileOf(attributes: UserAttributes): PersonProfile {
  const name = isComplex(attributes.name) ? attributes.name : {}
  return {
    firstName: textOf(name.givenName),
    lastName: textOf(name.familyName),
    displayName: textOf(attributes.displayName),
    locale: textOf(attributes.locale),
    timezone: textOf(attributes.timezone),
    phoneNumber: phoneOf(attributes),
  }
}

/** What flows to the account: fields that the directory changed, in the form that accounts have. Null empties one. */
export function flowing(
  before: UserAttributes | null,
  after: UserAttributes,
  isTakable: (text: string) => boolean,
): { readonly [K in keyof PersonProfile]?: string | null } {
  const [old, now] = [before ? profileOf(before) : null, profileOf(after)]
  const names = Object.keys(MAX) as (keyof PersonProfile)[]
  return Object.fromEntries(
    names
      .filter((name) => now[name] !== old?.[name])
      .map((name) => [name, now[name] ?? null] as const)
      .filter(([name, value]) => value === null || (value.length <= MAX[name] && isTakable(value))),
  )
}

/** The address of the person: the primary one, else that for work, else the first; else a name that is an address. */
export function addressOf(attributes: UserAttributes, isEmail: (text: string) => boolean): string | null {
  const emails = elementsOf(attributes.emails).filter(({ value }) => textOf(value) !== undefined)
  const chosen =
    emails.find(({ primary }) => primary === true) ?? emails.find(({ type }) => isNamed(type, ['work'])) ?? emails[0]
  const address = textOf(chosen?.value) ?? attributes.userName
  return isEmail(address) ? address : null
}
