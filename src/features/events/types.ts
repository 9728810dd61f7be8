import type { EventName } from '../../lib/event.ts'
import type { MailKind } from '../mail/types.ts'

/** What one type of event says. */
export interface EventType {
  readonly when: string
  readonly subject: 'user' | 'session' | 'passkey' | 'client' | 'key' | 'mail' | 'service'
  /** Fields of `data`. */
  readonly data: readonly string[]
  /** What the owner of the account is mailed, once: for every change of a factor, a credential, the address or the state. */
  readonly mail?: MailKind
}

/** The vocabulary: websocket, webhooks and audit have the same. `docs/events.md` is its table for readers. */
export const EVENT_TYPES: Readonly<Record<EventName, EventType>> = {
  'user.created': { when: 'An account was made', subject: 'user', data: ['after'] },
  'user.signed_in': { when: 'A sign-in was completed', subject: 'user', data: ['method'] },
  'user.signed_out': { when: 'A user ended the session that asked', subject: 'user', data: [] },
  'user.updated': {
    when: "A user's profile or role was changed, or the erasure of a deleted one was brought forward; or an import filled it (`filled` names the fields), pushed to nobody",
    subject: 'user',
    data: ['before', 'after', 'filled'],
  },
  'user.email_verified': {
    when: 'An address was proved. `answer` is whether its holder made the account (`yes`, `no`, null when nobody said); `password_removed` is there when its holder took it over',
    subject: 'user',
    data: ['after', 'answer', 'password_removed'],
  },
  'user.email_changed': {
    when: "A user's new address was proved, or a mailed link took such a change back",
    subject: 'user',
    data: ['before', 'after', 'reverted'],
    mail: 'email_changed',
  },
  'user.email_change_refused': {
    when: 'Whoever has the new address said that the account is not theirs',
    subject: 'user',
    data: ['email'],
  },
  'user.password_changed': { when: 'A user changed the password', subject: 'user', data: [], mail: 'password_changed' },
  'user.password_dropped': {
    when: 'The password hash of another system, not used for FOREIGN_HASH_DAYS, was dropped',
    subject: 'user',
    data: [],
    mail: 'password_dropped',
  },
  'user.password_reset': {
    when: 'A mailed link set a new password',
    subject: 'user',
    data: [],
    mail: 'password_changed',
  },
  'user.activity_reported': {
    when: 'A mailed link said "this was not me": the sessions ended, an added factor went',
    subject: 'user',
    data: ['removed_factor'],
  },
  'user.suspended': {
    when: 'An account was suspended: its sessions end',
    subject: 'user',
    data: ['before', 'after', 'reason'],
    mail: 'account_closed',
  },
  'user.reactivated': {
    when: 'A suspended or inactive account was let in again',
    subject: 'user',
    data: ['before', 'after', 'reason'],
    mail: 'account_reopened',
  },
  'user.deactivated': {
    when: 'An account was made inactive: its sessions end',
    subject: 'user',
    data: ['before', 'after', 'reason'],
    mail: 'account_closed',
  },
  'user.locked': {
    when: 'An admin locked an account: its sessions end',
    subject: 'user',
    data: ['before', 'after', 'reason'],
    mail: 'account_closed',
  },
  'user.unlocked': {
    when: 'An admin lifted the lock of an account',
    subject: 'user',
    data: ['before', 'after', 'reason'],
    mail: 'account_reopened',
  },
  'user.deleted': {
    when: 'An account was deleted: its sessions end, its data goes after the grace period',
    subject: 'user',
    data: ['before', 'after', 'reason'],
    mail: 'account_deleted',
  },
  'user.restored': {
    when: 'A deleted account was restored within the grace period: inactive by an admin, active by its user',
    subject: 'user',
    data: ['before', 'after', 'reason'],
    mail: 'account_restored',
  },
  'user.erased': { when: 'A deleted account and its data are gone; to `platform` alone', subject: 'user', data: [] },
  'users.imported': {
    when: 'An admin imported a chunk of users; each has a `user.created` in the record, pushed to nobody',
    subject: 'user',
    data: ['imported', 'skipped', 'rejected', 'merged'],
  },
  'session.created': {
    when: 'A session was opened',
    subject: 'session',
    data: ['amr', 'client_id', 'device_type', 'device_name', 'browser', 'os'],
  },
  'session.revoked': { when: 'A session was ended', subject: 'session', data: ['reason'] },
  'session.expired': { when: 'A session reached its idle or absolute expiry', subject: 'session', data: [] },
  'session.stepped_up': {
    when: 'A factor was proved anew within a session',
    subject: 'session',
    data: ['before', 'after'],
  },
  'session.refresh_replayed': {
    when: 'An older refresh token was answered again with its successor',
    subject: 'session',
    data: ['same_network'],
  },
  'session.reuse_detected': {
    when: 'An older refresh token was presented too late: the session ends',
    subject: 'session',
    data: ['same_network'],
  },
  'mfa.enabled': {
    when: 'An authenticator app was confirmed: sessions that proved one factor alone end',
    subject: 'user',
    data: ['before', 'after'],
    mail: 'factor_added',
  },
  'mfa.disabled': {
    when: 'The authenticator app was turned off: sessions that proved one factor alone end',
    subject: 'user',
    data: ['before', 'after'],
    mail: 'factor_removed',
  },
  'backup_code.used': { when: 'A backup code was used up', subject: 'user', data: ['hint'] },
  'backup_codes.regenerated': {
    when: 'New backup codes voided the old',
    subject: 'user',
    data: [],
    mail: 'backup_codes_replaced',
  },
  'passkey.registered': { when: 'A passkey was added', subject: 'passkey', data: ['after'], mail: 'factor_added' },
  'passkey.renamed': { when: 'A passkey got another name', subject: 'passkey', data: ['before', 'after'] },
  'passkey.removed': { when: 'A user removed a passkey', subject: 'passkey', data: ['before'], mail: 'factor_removed' },
  'passkey.counter_regressed': {
    when: 'A passkey counted backwards, as a copy would: refused',
    subject: 'passkey',
    data: ['stored', 'presented'],
  },
  'security.new_device': {
    when: 'A user signed in from a device or country not seen before',
    subject: 'user',
    data: ['device_type', 'device_name', 'browser', 'os', 'country'],
    mail: 'new_device',
  },
  'security.sign_in_locked': {
    when: 'Wrong passwords locked a network, or all unknown ones, out of an account',
    subject: 'user',
    data: ['scope', 'until'],
    mail: 'account_locked',
  },
  'security.sign_in_unlocked': {
    when: 'A mailed link or an admin lifted the attempt locks of an account',
    subject: 'user',
    data: ['before', 'after'],
  },
  'notification.created': {
    when: 'A user was told something: by the service, or by an admin in their own words',
    subject: 'user',
    data: ['kind', 'title', 'message'],
  },
  'admin.cache_cleared': {
    when: 'An admin cleared what one isolate remembers',
    subject: 'service',
    data: ['caches'],
  },
  'chatbot.interaction': {
    when: 'A user talked to a chatbot (auth-service)',
    subject: 'user',
    data: ['user_id', 'vendor_id', 'interaction_type', 'message', 'response', 'other'],
  },
  'admin.maintenance_changed': {
    when: 'An admin closed sign-ins for maintenance, or opened them again',
    subject: 'service',
    data: ['before', 'after'],
  },
  'client.created': { when: 'A machine was registered', subject: 'client', data: ['name', 'scopes'] },
  'client.disabled': { when: 'A machine was disabled', subject: 'client', data: [] },
  'mail.requeued': {
    when: 'An admin queued a dead mail again',
    subject: 'mail',
    data: ['kind', 'attempts', 'last_error'],
  },
  'key.created': { when: 'A signing key was made', subject: 'key', data: ['alg', 'signs_from'] },
  'key.rotated': { when: 'A signing key got a successor', subject: 'key', data: ['before', 'after'] },
  'key.revoked': { when: 'A signing key was withdrawn at once', subject: 'key', data: ['kid'] },
}

/** Of an event as it was recorded; undefined for a name of an earlier release. */
export const findEventType = (name: string): EventType | undefined =>
  (EVENT_TYPES as Readonly<Record<string, EventType>>)[name]

/** What an object's outbox has set aside, without its content. */
export interface DeadLetter {
  readonly id: string
  /** Whose object it is of; null is the `platform` hub's. */
  readonly userId: string | null
  readonly destination: string
  readonly attempts: number
  /** When it was set aside. Epoch milliseconds. */
  readonly createdAt: number
}
