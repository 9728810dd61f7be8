import type { EndReason } from '../../durable/rpc.ts'
import type { EventName } from '../../lib/event.ts'
import { USER_STATUSES, type User, type UserStatus } from './types.ts'

const MAX_EMAIL_LENGTH = 254
const MAX_LOCAL_PART_LENGTH = 64

const normalizeText = (text: string): string => text.normalize('NFKC').trim().toLowerCase().normalize('NFKC')

/** The domain as in DNS: UTS 46 folds case and full-width forms, and writes other scripts as `xn--`. */
function toAsciiDomain(domain: string): string {
  if (!/^[^\s/?#:@\\[\]%]+$/.test(domain)) return domain
  return URL.parse(`http://${domain}`)?.hostname ?? domain
}

/**
 * The form in which an address is stored, unique and looked up: NFKC, lower case, domain in ASCII. Look-alike letters of
 * other scripts (Cyrillic а) stay different: they belong to other mailboxes, and a mailed link proves who has which.
 */
export function normalizeEmail(email: string): string {
  const text = normalizeText(email)
  const at = text.lastIndexOf('@')
  return at === -1 ? text : `${text.slice(0, at)}@${toAsciiDomain(text.slice(at + 1))}`
}

/** The form in which a username is unique and looked up: NFKC, lower case. */
export const normalizeUsername = (username: string): string => normalizeText(username)

/** Whether an identifier is an email address: a username contains no `@`. A full-width `＠` counts, as at sign-up. */
export const isEmailIdentifier = (identifier: string): boolean => normalizeText(identifier).includes('@')

export const normalizeIdentifier = (identifier: string): string =>
  isEmailIdentifier(identifier) ? normalizeEmail(identifier) : normalizeUsername(identifier)

// Printable characters without quoting: RFC 5321's quoted local parts are obsolete in practice and allow header injection.
const LOCAL_PART = /^[^\p{C}\p{Z}\s"(),:;<>@[\]\\.]+(?:\.[^\p{C}\p{Z}\s"(),:;<>@[\]\\.]+)*$/u
const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+(?!\d+$)[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])$/

/** Whether a mail can be sent to the normalized address (RFC 5321 4.5.3.1 for the lengths). */
export function isEmail(email: string): boolean {
  if (email.length > MAX_EMAIL_LENGTH) return false
  const normal = normalizeEmail(email)
  const at = normal.lastIndexOf('@')
  const local = normal.slice(0, at)
  const hasGoodLength = at > 0 && normal.length <= MAX_EMAIL_LENGTH && local.length <= MAX_LOCAL_PART_LENGTH
  return hasGoodLength && LOCAL_PART.test(local) && DOMAIN.test(normal.slice(at + 1))
}

/** The domain behind addresses, in the form in which addresses are stored; undefined when no address can have it. */
export function findMailDomain(text: string): string | undefined {
  const domain = toAsciiDomain(normalizeText(text))
  return DOMAIN.test(domain) ? domain : undefined
}

/** The domain of a normalized address. */
export const mailDomainOf = (email: string): string => email.slice(email.lastIndexOf('@') + 1)

/** 3 to 50 of `A-Za-z0-9_-`, not only digits: some surfaces take an integer for a user's number. */
export const isUsername = (username: string): boolean =>
  /^[A-Za-z0-9_-]{3,50}$/.test(username) && !/^\d+$/.test(username)

/** A status that this release does not know counts as `inactive`. */
export const toUserStatus = (status: string): UserStatus =>
  USER_STATUSES.find((known) => known === status) ?? 'inactive'

/** Whether the state of the account allows its user to sign in. */
export const isSignInAllowed = ({ status }: Pick<User, 'status'>): boolean =>
  status === 'active' || status === 'pending'

/** Whether the address is verified, and its holder has confirmed that the account is theirs (decision 0237). */
export const isEmailConfirmed = (user: Pick<User, 'emailVerifiedAt' | 'emailUnansweredSince'>): boolean =>
  user.emailVerifiedAt !== null && user.emailUnansweredSince === null

/** By what else than their id a user's rows are found: by no address that is not confirmed. */
export const confirmedEmailOf = (
  user: Pick<User, 'email' | 'emailVerifiedAt' | 'emailUnansweredSince'>,
): string | null => (isEmailConfirmed(user) ? user.email : null)

/** Whether users may restore the account themselves: they deleted it, and its erasure has not begun. */
export const isRestorable = ({ status, userRestorable, eraseAt }: User, now: number): boolean =>
  status === 'deleted' && userRestorable && eraseAt !== null && eraseAt > now

/** The display name, or else first and last name. */
export const fullNameOf = ({
  displayName,
  firstName,
  lastName,
}: Pick<User, 'displayName' | 'firstName' | 'lastName'>): string | null =>
  displayName || [firstName, lastName].filter(Boolean).join(' ') || null

/**
 * To whom a mail to a user goes, and what of the account it may say: nothing that was typed, until the holder of the address has
 * confirmed the account. Until then whoever made it may be a stranger, and the name an advertisement.
 */
export const recipientOf = (user: User) => ({
  to: user.email,
  userId: user.id,
  locale: user.locale,
  owner: isEmailConfirmed(user) ? { name: fullNameOf(user) } : null,
})

/** Invisible joiners where they belong: within emoji, and in scripts that spell with them. */
const EMOJI_JOINER =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\p{Variation_Selector}])\u200D(?=\p{Extended_Pictographic})/gu
const SPELLED_JOINER =
  /(?<=[\p{sc=Arab}\p{sc=Beng}\p{sc=Deva}\p{sc=Gujr}\p{sc=Guru}\p{sc=Khmr}\p{sc=Knda}\p{sc=Mlym}\p{sc=Orya}\p{sc=Sinh}\p{sc=Taml}\p{sc=Telu}])[\u200C\u200D]/gu

/**
 * Whether a text may be shown in one line, as it reads. SQLite ends a text at NUL, half a surrogate pair is not UTF-8, a line break
 * forges lines, and characters that nobody sees turn the direction around or make two names look the same.
 */
export const isPlainText = (text: string): boolean =>
  text.isWellFormed() && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(text.replace(EMOJI_JOINER, '').replace(SPELLED_JOINER, ''))

/** Whether a text of several lines may be stored. It may have marks of direction, which longer texts need. */
export const isProse = (text: string): boolean => text.isWellFormed() && !/\p{Cc}/u.test(text.replace(/[\t\n\r]/g, ''))

/** Whether a role has a valid name, as gateways read it: `[a-z0-9:_-]`. */
export const isRoleName = (role: string): boolean => /^[a-z0-9:_-]{1,64}$/.test(role)

const CHANGES = ['suspend', 'unsuspend', 'deactivate', 'activate', 'lock', 'unlock', 'delete', 'restore'] as const

/** A change of an account's state. */
export type StateChange = (typeof CHANGES)[number]

export interface Transition {
  readonly from: readonly UserStatus[]
  readonly to: UserStatus
  readonly event: EventName
  /** The reason for which the sessions end; null for a change that ends none. */
  readonly ends: EndReason | null
}

/**
 * An account is in one state at a time, so that undoing one measure never undoes another: a locked user is unlocked before
 * being suspended. Deletion is possible in every state.
 */
export const TRANSITIONS: Readonly<Record<StateChange, Transition>> = {
  suspend: { from: ['active', 'pending'], to: 'suspended', event: 'user.suspended', ends: 'suspended' },
  unsuspend: { from: ['suspended'], to: 'active', event: 'user.reactivated', ends: null },
  deactivate: { from: ['active', 'pending'], to: 'inactive', event: 'user.deactivated', ends: 'deactivated' },
  activate: { from: ['inactive'], to: 'active', event: 'user.reactivated', ends: null },
  lock: { from: ['active', 'pending'], to: 'locked', event: 'user.locked', ends: 'locked' },
  unlock: { from: ['locked'], to: 'active', event: 'user.unlocked', ends: null },
  delete: {
    from: ['active', 'pending', 'inactive', 'suspended', 'locked'],
    to: 'deleted',
    event: 'user.deleted',
    ends: 'deleted',
  },
  // To inactive: otherwise deleting and restoring a suspended account would end its suspension.
  restore: { from: ['deleted'], to: 'inactive', event: 'user.restored', ends: null },
}

/** The change from one state to another; undefined when there is none. */
export const findChange = (from: UserStatus, to: UserStatus): StateChange | undefined =>
  CHANGES.find((change) => TRANSITIONS[change].to === to && TRANSITIONS[change].from.includes(from))

/** Whether there is no user for this change: a deleted user can only be restored, and only within the grace period. */
export const isAbsent = (user: User | undefined, change: StateChange, now: number): user is undefined =>
  user === undefined ||
  (user.status === 'deleted' && (change !== 'restore' || (user.eraseAt !== null && user.eraseAt <= now)))
