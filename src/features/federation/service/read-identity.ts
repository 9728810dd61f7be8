import { isEmail, isPlainText, mailDomainOf, normalizeEmail } from '../../users/service/users.ts'
import type { ProviderAnswers, ReadIdentity } from '../types.ts'

// One pure function for each provider: from its answers to who somebody is. Nothing here believes what the person, or an admin
// of theirs, could have written.

type Values = Readonly<Record<string, unknown>>

const textOf = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)
/** What a profile may have; anything else is left out. */
const orUndefined = (value: unknown): string | undefined => {
  const text = textOf(value)?.trim()
  return text && text.length <= 100 && isPlainText(text) ? text : undefined
}
/** A usable address in its normal form. */
const emailOf = (value: unknown): string | null => {
  const text = textOf(value)
  return text !== null && isEmail(text) ? normalizeEmail(text) : null
}
const isTrue = (value: unknown): boolean => value === true || value === 'true'
const domainOf = (email: string | null): string => (email === null ? '' : mailDomainOf(email))
const labelOf = (value: unknown): string | null => orUndefined(value) ?? null
/** A number that JSON keeps exactly, or its digits. */
const idOf = (value: unknown): string | null =>
  Number.isSafeInteger(value) ? String(value) : typeof value === 'string' && /^\d{1,32}$/.test(value) ? value : null

const profileOf = ({ name, given_name: first, family_name: last }: Values) => ({
  displayName: orUndefined(name),
  firstName: orUndefined(first),
  lastName: orUndefined(last),
})

/**
 * Userinfo has the last word, for it is asked for now; its `sub` was compared with the ID token's. An address is verified by who
 * tells it, not by what was said of another one.
 */
const merged = ({ claims, userinfo }: ProviderAnswers): Values => {
  const { email, email_verified } = userinfo.email === undefined ? claims : userinfo
  return { ...claims, ...userinfo, email, email_verified }
}

/** Google has the mailboxes of gmail.com, and with `hd` those of that domain; any other address may have changed hands. */
export const readGoogle =
  (hostedDomain: string | null): ReadIdentity =>
  (answers) => {
    const { claims } = answers
    const { email, email_verified: verified, name, ...rest } = merged(answers)
    const hd = textOf(claims.hd)?.toLowerCase() ?? null
    if (hostedDomain !== null && hd !== hostedDomain) return null
    const address = emailOf(email)
    const domain = domainOf(address)
    return {
      issuer: 'https://accounts.google.com',
      subject: String(claims.sub),
      email: address,
      isEmailVerified: isTrue(verified),
      speaksForEmail: domain === 'gmail.com' || (hd !== null && domain === hd),
      label: labelOf(name),
      profile: profileOf({ name, ...rest }),
    }
  }

/** The login may be given up and taken by another; the number stays. */
export const readGitHub: ReadIdentity = ({ userinfo, emails }) => {
  const subject = idOf(userinfo.id)
  if (subject === null) return null
  const primary = emails.filter(isRecord).find((it) => it.primary === true && it.verified === true)
  return {
    issuer: 'https://github.com/login/oauth',
    subject,
    email: emailOf(primary?.email),
    isEmailVerified: primary !== undefined,
    speaksForEmail: false,
    label: labelOf(userinfo.login),
    profile: { displayName: orUndefined(userinfo.name) },
  }
}

const isRecord = (value: unknown): value is Values => typeof value === 'object' && value !== null

/** Tenant of personal accounts. */
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'

const isAdmitted = (tid: string, { tenant, tenants }: { tenant: string; tenants: readonly string[] }): boolean => {
  if (tenants.length > 0 && !tenants.includes(tid)) return false
  if (tenant === 'common') return true
  if (tenant === 'organizations') return tid !== CONSUMERS
  return tid === (tenant === 'consumers' ? CONSUMERS : tenant)
}

/**
 * Any admin of any tenant writes `email`, `upn` and `preferred_username`: an address counts only with the optional claim
 * `xms_edov`, and never speaks for an account that is here.
 */
export const readMicrosoft =
  (admitted: { tenant: string; tenants: readonly string[] }): ReadIdentity =>
  ({ claims }) => {
    const tid = textOf(claims.tid)
    if (tid === null || !/^[0-9a-f-]{36}$/.test(tid) || !isAdmitted(tid, admitted)) return null
    return {
      issuer: `https://login.microsoftonline.com/${tid}/v2.0`,
      subject: String(claims.sub),
      email: emailOf(claims.email),
      isEmailVerified: isTrue(claims.xms_edov) || claims.xms_edov === 1 || claims.xms_edov === '1',
      speaksForEmail: false,
      label: labelOf(claims.name),
      profile: profileOf(claims),
    }
  }

export const readDiscord: ReadIdentity = ({ userinfo }) => {
  const subject = idOf(userinfo.id)
  if (subject === null) return null
  return {
    issuer: 'https://discord.com',
    subject,
    email: emailOf(userinfo.email),
    isEmailVerified: userinfo.verified === true,
    speaksForEmail: false,
    label: labelOf(userinfo.username),
    profile: { displayName: orUndefined(userinfo.global_name) },
  }
}

/** `confirmed_email` is there only where the app may ask for it and the person has confirmed one. */
export const readTwitter: ReadIdentity = ({ userinfo: { data } }) => {
  const subject = isRecord(data) ? idOf(data.id) : null
  if (!isRecord(data) || subject === null) return null
  const email = emailOf(data.confirmed_email)
  return {
    issuer: 'https://x.com',
    subject,
    email,
    isEmailVerified: email !== null,
    speaksForEmail: false,
    label: labelOf(data.username),
    profile: { displayName: orUndefined(data.name) },
  }
}

const RELAY_DOMAIN = 'privaterelay.appleid.com'

/** Apple has the mailboxes of its relay. The name comes once, unsigned, beside the code. */
export const readApple: ReadIdentity = ({ claims, form }) => {
  const email = emailOf(claims.email)
  const name = isRecord(form.name) ? form.name : {}
  return {
    issuer: 'https://appleid.apple.com',
    subject: String(claims.sub),
    email,
    isEmailVerified: isTrue(claims.email_verified),
    speaksForEmail: domainOf(email) === RELAY_DOMAIN,
    label: null,
    profile: { firstName: orUndefined(name.firstName), lastName: orUndefined(name.lastName) },
  }
}

/** OpenID Connect Core 5.1. */
export const readOpenId =
  (issuer: string): ReadIdentity =>
  (answers) => {
    const values = merged(answers)
    return {
      issuer,
      subject: String(answers.claims.sub),
      email: emailOf(values.email),
      isEmailVerified: values.email_verified === true,
      speaksForEmail: false,
      label: labelOf(values.name ?? values.preferred_username),
      profile: profileOf(values),
    }
  }
