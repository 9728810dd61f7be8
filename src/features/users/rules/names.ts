import { USER_STATUSES, type User, type UserStatus } from '../types.ts'

const MAX_EMAIL_LENGTH = 254
const MAX_LOCAL_PART_LENGTH = 64

const normalizeText = (text: string): string => text.normalize('NFKC').trim().toLowerCase().normalize('NFKC')

/** A domain as DNS has it: UTS 46 folds case and full-width forms, and writes other scripts as `xn--`. */
function toAsciiDomain(domain: string): string {
  if (!/^[^\s/?#:@\\[\]%]+$/.test(domain)) return domain
  return URL.parse(`http://${domain}`)?.hostname ?? domain
}

/**
 * The one form under which an address is stored, unique and looked up: NFKC, lower case, domain in ASCII.
 * Look-alikes of other scripts (Cyrillic а) stay different: they are other mailboxes, and mail proves which is whose.
 */
export function normalizeEmail(email: string): string {
  const text = normalizeText(email)
  const at = text.lastIndexOf('@')
  return at === -1 ? text : `${text.slice(0, at)}@${toAsciiDomain(text.slice(at + 1))}`
}

/** The form under which a username is unique and looked up: NFKC, lower case. */
export const normalizeUsername = (username: string): string => normalizeText(username)

/** A username has no `@`: what a person signs in with is one or the other. Full-width signs count, as at sign-up. */
export const isEmailIdentifier = (identifier: string): boolean => normalizeText(identifier).includes('@')

export const normalizeIdentifier = (identifier: string): string =>
  isEmailIdentifier(identifier) ? normalizeEmail(identifier) : normalizeUsername(identifier)

// Printable and without quoting: RFC 5321's quoted local parts are mail servers' history and header injection's door.
const LOCAL_PART = /^[^\p{C}\p{Z}\s"(),:;<>@[\]\\.]+(?:\.[^\p{C}\p{Z}\s"(),:;<>@[\]\\.]+)*$/u
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$/

/** Whether `normalizeEmail` of it is an address that a mail can be sent to (RFC 5321 4.5.3.1 for the lengths). */
export function isEmail(email: string): boolean {
  if (email.length > MAX_EMAIL_LENGTH) return false
  const normal = normalizeEmail(email)
  const at = normal.lastIndexOf('@')
  const local = normal.slice(0, at)
  const hasGoodLength = at > 0 && normal.length <= MAX_EMAIL_LENGTH && local.length <= MAX_LOCAL_PART_LENGTH
  return hasGoodLength && LOCAL_PART.test(local) && DOMAIN.test(normal.slice(at + 1))
}

/** 3 to 50 of `A-Za-z0-9_-`, not all digits: an integer names a user by number on some surfaces. */
export const isUsername = (username: string): boolean =>
  /^[A-Za-z0-9_-]{3,50}$/.test(username) && !/^\d+$/.test(username)

/** A status that this release does not know lets nobody in. */
export const toUserStatus = (status: string): UserStatus =>
  USER_STATUSES.find((known) => known === status) ?? 'inactive'

/** Whether the state of the account lets its user in. */
export const isSignInAllowed = ({ status }: Pick<User, 'status'>): boolean =>
  status === 'active' || status === 'pending'

/** Whether somebody who has the address has proved it and said that the account is theirs (decision 0237). */
export const isEmailConfirmed = (user: Pick<User, 'emailVerifiedAt' | 'emailUnansweredSince'>): boolean =>
  user.emailVerifiedAt !== null && user.emailUnansweredSince === null
/** Whether its user may bring the account back: deleted by that user, and not yet being erased. */
export const isRestorable = ({ status, userRestorable, eraseAt }: User, now: number): boolean =>
  status === 'deleted' && userRestorable && eraseAt !== null && eraseAt > now

/** The name to show: the user's own choice, or first and last name. */
export const fullNameOf = ({ displayName, firstName, lastName }: User): string | null =>
  displayName || [firstName, lastName].filter(Boolean).join(' ') || null

/** Of the platform role; those of organizations are theirs to give. */
export const permissionsOf = ({ role }: Pick<User, 'role'>): string[] => (role === 'admin' ? ['*'] : [])

/** A name or another line that is shown to people: SQLite ends a text at NUL, half a surrogate pair is no UTF-8, and a line break forges lines. */
export const isPlainText = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text)

/** As `isPlainText`, of several lines. */
export const isProse = (text: string): boolean => isPlainText(text.replace(/[\t\n\r]/g, ''))
