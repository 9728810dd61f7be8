import type { EventName } from '../../lib/event.ts'
import type { MailKind } from '../mail/types.ts'

type OrganizationSubject =
  | 'organization'
  | 'invitation'
  | 'role'
  | 'policy'
  | 'connection'
  | 'directory'
  | 'directory record'
  | 'directory group'
  | 'webhook'
  | 'data request'
  | 'legal hold'

/** The description of one type of event. */
export interface EventType {
  readonly when: string
  readonly subject:
    | 'user'
    | 'session'
    | 'passkey'
    | 'client'
    | 'key'
    | 'mail'
    | 'service'
    | 'text'
    | OrganizationSubject
  /** Fields of `data`. */
  readonly data: readonly string[]
  /** The notice that the account's owner gets, once. Every change of a factor, a credential, the address or the state has one. */
  readonly mail?: MailKind
}

/** All event types, the same for websockets, webhooks and audit. `docs/events.md` describes them for readers. */
export const EVENT_TYPES: Readonly<Record<EventName, EventType>> = {
  'user.created': { when: 'An account was created', subject: 'user', data: ['after'] },
  'user.signed_in': { when: 'A sign-in was completed', subject: 'user', data: ['method'] },
  'user.signed_out': { when: 'A user ended the session of the request', subject: 'user', data: [] },
  'user.updated': {
    when: "A user's profile or role was changed, or the erasure of a deleted user was brought forward. After an import that filled fields, `filled` names them; this event is recorded but not delivered",
    subject: 'user',
    data: ['before', 'after', 'filled'],
  },
  'user.email_verified': {
    when: 'An address was proved. `answer`: whether its holder created the account (`yes`, `no`, null without an answer). `password_removed` is present when the holder took the account over',
    subject: 'user',
    data: ['after', 'answer', 'password_removed'],
  },
  'user.email_changed': {
    when: "A user's new address was proved, or a mailed link reverted such a change",
    subject: 'user',
    data: ['before', 'after', 'reverted'],
    mail: 'email_changed',
  },
  'user.email_change_refused': {
    when: 'The holder of the new address answered that the account is not theirs',
    subject: 'user',
    data: [],
  },
  'user.password_changed': { when: 'A user changed the password', subject: 'user', data: [], mail: 'password_changed' },
  'user.password_dropped': {
    when: 'An imported password hash was removed because it was not used for FOREIGN_HASH_DAYS',
    subject: 'user',
    data: [],
    mail: 'password_dropped',
  },
  'user.password_reset': {
    when: 'A mailed link set a new password. `factors_removed` is present when nobody with the address had confirmed the account: second factors and passkeys are gone',
    subject: 'user',
    data: ['factors_removed'],
    mail: 'password_changed',
  },
  'user.activity_reported': {
    when: 'A user reported "this was not me" by a mailed link: the sessions end, an added factor is removed',
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
    when: 'A suspended or inactive account was activated again',
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
    when: 'An account was deleted: its sessions end, its data is erased after the grace period',
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
  'user.erased': {
    when: 'A deleted account and its data were erased; delivered to `platform` only',
    subject: 'user',
    data: [],
  },
  'users.imported': {
    when: 'An admin imported a chunk of users; for each a `user.created` is recorded but not delivered',
    subject: 'user',
    data: ['imported', 'skipped', 'rejected', 'merged'],
  },
  'session.created': {
    when: 'A session was opened',
    subject: 'session',
    data: ['amr', 'client_id', 'device_type', 'device_name', 'browser', 'os'],
  },
  'session.revoked': { when: 'A session was ended', subject: 'session', data: ['reason', 'note'] },
  'session.expired': { when: 'A session reached its idle or absolute expiry', subject: 'session', data: [] },
  'session.stepped_up': {
    when: 'A factor was proved in an open session',
    subject: 'session',
    data: ['before', 'after'],
  },
  'session.refresh_replayed': {
    when: 'An older refresh token was presented again in time and answered with its successor',
    subject: 'session',
    data: ['same_network'],
  },
  'session.reuse_detected': {
    when: 'An older refresh token was presented too late: the session ends',
    subject: 'session',
    data: ['same_network'],
  },
  'mfa.enabled': {
    when: 'An authenticator app was confirmed: sessions with only one factor end',
    subject: 'user',
    data: ['before', 'after'],
    mail: 'factor_added',
  },
  'mfa.disabled': {
    when: 'The authenticator app was turned off: sessions with only one factor end',
    subject: 'user',
    data: ['before', 'after', 'reason'],
    mail: 'factor_removed',
  },
  'backup_code.used': { when: 'A backup code was used', subject: 'user', data: ['hint'] },
  'backup_codes.regenerated': {
    when: 'New backup codes replaced the old ones',
    subject: 'user',
    data: [],
    mail: 'backup_codes_replaced',
  },
  'passkey.registered': { when: 'A passkey was added', subject: 'passkey', data: ['after'], mail: 'factor_added' },
  'passkey.renamed': { when: 'A passkey was renamed', subject: 'passkey', data: ['before', 'after'] },
  'passkey.removed': {
    when: 'A passkey was removed',
    subject: 'passkey',
    data: ['before', 'reason'],
    mail: 'factor_removed',
  },
  'passkey.counter_regressed': {
    when: 'A passkey was refused because its signature counter decreased, as with a cloned key',
    subject: 'passkey',
    data: ['stored', 'presented'],
  },
  'oauth.account.linked': {
    when: 'A sign-in by another provider was linked to an account, or made it',
    subject: 'user',
    data: ['provider', 'identity_id'],
    mail: 'factor_added',
  },
  'oauth.account.unlinked': {
    when: 'A sign-in by another provider was unlinked from an account',
    subject: 'user',
    data: ['provider'],
    mail: 'factor_removed',
  },
  'security.new_device': {
    when: 'A user signed in from a device or country not seen before',
    subject: 'user',
    data: ['device_type', 'device_name', 'browser', 'os', 'country'],
    mail: 'new_device',
  },
  'security.sign_in_locked': {
    when: 'Wrong passwords locked an account for one network, or for all unknown networks',
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
    when: 'A user got a notification from the service, or from an admin with a text of their own',
    subject: 'user',
    data: ['kind', 'title', 'message'],
  },
  'admin.cache_cleared': {
    when: 'An admin cleared the caches of one isolate',
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
  'key.created': { when: 'A signing key was created', subject: 'key', data: ['alg', 'signs_from'] },
  'key.rotated': { when: 'A signing key got a successor', subject: 'key', data: ['before', 'after'] },
  'key.revoked': { when: 'A signing key was revoked', subject: 'key', data: ['kid'] },
  'organization.created': {
    when: 'An organization was created; its creator is its owner',
    subject: 'organization',
    data: ['after'],
  },
  'organization.updated': {
    when: 'An organization or its settings were changed. Requiring two factors refuses the tokens of all members, and so does a change of many roles by groups',
    subject: 'organization',
    data: ['before', 'after', 'reason', 'members'],
  },
  'organization.deleted': {
    when: 'An organization was deleted: no token of it is good any more',
    subject: 'organization',
    data: ['before', 'reason'],
  },
  'organization.member_added': {
    when: 'A user was added, or took a membership up (`status` is then `active`)',
    subject: 'user',
    data: ['role', 'status', 'invitation_id', 'connection_id', 'reason'],
  },
  'organization.member_removed': {
    when: 'A member was removed or left, a membership that was not taken up ended, or a directory suspended one (`reason` is then `suspended`)',
    subject: 'user',
    data: ['before', 'reason'],
  },
  'organization.role_changed': {
    when: 'The role of a member was changed',
    subject: 'user',
    data: ['before', 'after', 'reason'],
  },
  'organization.ownership_transferred': {
    when: 'An owner made another member the owner',
    subject: 'organization',
    data: ['before', 'after'],
  },
  'invitation.created': {
    when: 'Somebody was invited into an organization',
    subject: 'invitation',
    data: ['role', 'permissions', 'expires_at'],
  },
  'invitation.accepted': { when: 'An invitation was accepted', subject: 'invitation', data: ['role', 'is_new_user'] },
  'invitation.revoked': {
    when: 'An invitation was revoked, its author lost the right to give its role, or whom it invites joined or left',
    subject: 'invitation',
    data: ['role', 'reason'],
  },
  'invitation.resent': {
    when: 'An invitation was mailed again: the links of before are void',
    subject: 'invitation',
    data: [],
  },
  'invitation.updated': {
    when: 'Role, message or expiry of an invitation were changed',
    subject: 'invitation',
    data: ['before', 'after', 'message_changed'],
  },
  'invitation.expired': { when: 'A pending invitation expired', subject: 'invitation', data: ['role'] },
  'role.created': { when: 'A custom role was made', subject: 'role', data: ['after'] },
  'role.updated': {
    when: 'A custom role was changed: what it allows counts at once',
    subject: 'role',
    data: ['before', 'after'],
  },
  'role.deleted': { when: 'A custom role was deleted', subject: 'role', data: ['before'] },
  'role.assigned': { when: 'A user got a custom role', subject: 'user', data: ['role_id', 'role'] },
  'role.unassigned': { when: 'A custom role was taken from a user', subject: 'user', data: ['role_id', 'role'] },
  'permissions.granted': {
    when: 'The direct grants of a user were replaced',
    subject: 'user',
    data: ['before', 'after'],
  },
  'policy.created': { when: 'A policy was made', subject: 'policy', data: ['after'] },
  'policy.updated': { when: 'A policy was changed: it counts at once', subject: 'policy', data: ['before', 'after'] },
  'policy.deleted': { when: 'A policy was deleted', subject: 'policy', data: ['before'] },
  'directory.configuration.created': {
    when: 'A directory may write people and groups of an organization from now on',
    subject: 'directory',
    data: ['after'],
  },
  'directory.configuration.updated': {
    when: 'The configuration of a directory was changed, or it was given another token (`token`)',
    subject: 'directory',
    data: ['before', 'after', 'token'],
  },
  'directory.configuration.deleted': {
    when: 'The configuration of a directory was deleted: its tokens have ended',
    subject: 'directory',
    data: ['before'],
  },
  'directory.user.created': {
    when: 'A directory made a user. `changed` names the attributes that it sent',
    subject: 'directory record',
    data: ['account_id', 'changed'],
  },
  'directory.user.updated': {
    when: 'A directory changed a user',
    subject: 'directory record',
    data: ['account_id', 'changed'],
  },
  'directory.user.deactivated': {
    when: 'A directory switched a user off',
    subject: 'directory record',
    data: ['account_id', 'changed'],
  },
  'directory.user.reactivated': {
    when: 'A directory switched a user on again',
    subject: 'directory record',
    data: ['account_id', 'changed'],
  },
  'directory.user.deleted': {
    when: 'A directory deleted a user',
    subject: 'directory record',
    data: ['account_id', 'changed'],
  },
  'directory.group.created': {
    when: 'A directory made a group',
    subject: 'directory group',
    data: ['after'],
  },
  'directory.group.updated': {
    when: 'A directory renamed a group',
    subject: 'directory group',
    data: ['before', 'after'],
  },
  'directory.group.deleted': {
    when: 'A directory deleted a group',
    subject: 'directory group',
    data: ['before'],
  },
  'directory.membership.added': {
    when: 'A directory added users to a group: their ids, or of more than 1,000 their number (`users`)',
    subject: 'directory group',
    data: ['user_ids', 'users'],
  },
  'directory.membership.removed': {
    when: 'A directory removed users from a group',
    subject: 'directory group',
    data: ['user_ids', 'users'],
  },
  'sso.configuration.created': { when: 'Single sign-on was configured', subject: 'connection', data: ['after'] },
  'sso.configuration.updated': {
    when: "A configuration of single sign-on was changed, or the provider's metadata was. Secrets are named, not shown",
    subject: 'connection',
    data: ['before', 'after', 'reason'],
  },
  'sso.configuration.deleted': {
    when: 'A configuration of single sign-on was deleted',
    subject: 'connection',
    data: ['before'],
  },
  'sso.certificate.added': {
    when: "A certificate of an organization's identity provider is trusted from now on",
    subject: 'connection',
    data: ['fingerprint', 'expires_at'],
  },
  'sso.certificate.removed': {
    when: "A certificate of an organization's identity provider is no longer trusted",
    subject: 'connection',
    data: ['fingerprint', 'expires_at'],
  },
  'sso.certificate.expiring': {
    when: 'Such a certificate ends in 30, 14 or 3 days. Sign-ins go on: its key is trusted, not its date',
    subject: 'connection',
    data: ['fingerprint', 'expires_at'],
  },
  'sso.domain.verified': {
    when: 'A domain was verified. `method`: `dns`, or `vouched` by an admin of the platform',
    subject: 'organization',
    data: ['domain', 'method'],
  },
  'sso.domain.lost': {
    when: 'A verified domain was removed, or its DNS record was missing for seven days',
    subject: 'organization',
    data: ['domain', 'reason'],
  },
  'sso.policy.changed': {
    when: 'An organization requires single sign-on, or no longer does. Requiring it refuses the tokens of all members',
    subject: 'organization',
    data: ['before', 'after'],
  },
  'sso.break_glass_used': {
    when: 'An owner, or an admin of the platform, signed in past the identity provider of an organization that requires it',
    subject: 'user',
    data: [],
  },
  'sso.sign_in_refused': {
    when: "A sign-in through an organization's identity provider was refused, for the `reason` that its admins see",
    subject: 'connection',
    data: ['reason'],
  },
  'sso.logout': {
    when: "An organization's identity provider ended sessions",
    subject: 'connection',
    data: ['sessions'],
  },
  'webhook.created': { when: 'A webhook endpoint was made', subject: 'webhook', data: ['after'] },
  'webhook.updated': { when: 'A webhook endpoint was changed', subject: 'webhook', data: ['before', 'after'] },
  'webhook.deleted': { when: 'A webhook endpoint was deleted', subject: 'webhook', data: ['before'] },
  'webhook.secret_regenerated': {
    when: 'A webhook endpoint got a new secret; the former one signs, too, for `grace_seconds`',
    subject: 'webhook',
    data: ['grace_seconds'],
  },
  'webhook.disabled': {
    when: 'The service turned a webhook endpoint off: its receiver answered 410 (`gone`), or nothing but failures for five days (`failing`)',
    subject: 'webhook',
    data: ['reason', 'host'],
  },
  'webhook.gap': {
    when: 'A webhook endpoint missed events: too many waited, or its log no longer had them. Told to the endpoint itself, once an hour at most',
    subject: 'webhook',
    data: ['events', 'from', 'to'],
  },
  'audit.exported': {
    when: 'Somebody exported the record, or a part of it',
    subject: 'user',
    data: ['format', 'filters'],
  },
  'audit.checkpoint': {
    when: 'The first block of an hour was signed: its head proves what the record was',
    subject: 'service',
    data: ['number', 'hash'],
  },
  'audit.restored': {
    when: 'The record no longer has a head that it once had: the database was restored, or changed',
    subject: 'service',
    data: ['lost'],
  },
  'compliance.assessed': {
    when: 'The controls of a day were computed. `failed` names those that did not hold, `not_tested` those that were not computed',
    subject: 'service',
    data: ['day', 'failed', 'not_tested'],
  },
  'compliance.report_created': {
    when: 'An admin made a report on a framework over a period',
    subject: 'service',
    data: ['report_id', 'framework', 'from', 'to'],
  },
  'compliance.retention_changed': {
    when: 'An admin changed how many days a kind is kept',
    subject: 'service',
    data: ['kind', 'before', 'after'],
  },
  'privacy.requested': {
    when: 'A user asked for access to their data, for its erasure, rectification, restriction, portability, or objected',
    subject: 'data request',
    data: ['type', 'due_at'],
  },
  'privacy.request_changed': {
    when: 'An admin answered a request about data, refused it, began with it, or extended it',
    subject: 'data request',
    data: ['before', 'after'],
  },
  'privacy.exported': {
    when: 'A user downloaded a data export, or one part of it',
    subject: 'data request',
    data: ['part', 'format'],
  },
  'privacy.consent_given': {
    when: 'A user consented to a purpose',
    subject: 'user',
    data: ['purpose', 'version'],
  },
  'privacy.consent_withdrawn': {
    when: 'A user withdrew the consent to a purpose',
    subject: 'user',
    data: ['purpose'],
  },
  'privacy.settings_changed': {
    when: 'A user changed privacy settings; null is a switch that was removed',
    subject: 'user',
    data: ['after'],
  },
  'privacy.hold_placed': {
    when: 'An admin of the platform placed a legal hold: nothing of the user or organization is erased or pruned; delivered to `platform` only',
    subject: 'legal hold',
    data: ['user_id', 'organization_id'],
  },
  'privacy.hold_released': {
    when: 'An admin of the platform released a legal hold: what waited for it goes on; delivered to `platform` only',
    subject: 'legal hold',
    data: ['user_id', 'organization_id'],
  },
  'localization.key_created': {
    when: "A key of an application's own texts was created. The subject is the key, here and below",
    subject: 'text',
    data: ['after'],
  },
  'localization.translation_updated': {
    when: 'A text of the service was overridden, or one of an application translated',
    subject: 'text',
    data: ['locale', 'before', 'after'],
  },
  'localization.translation_deleted': {
    when: 'An override or a translation was taken back',
    subject: 'text',
    data: ['locale', 'before'],
  },
}

/** The description of a recorded event's type; undefined for a name of an earlier release. */
export const findEventType = (name: string): EventType | undefined =>
  (EVENT_TYPES as Readonly<Record<string, EventType>>)[name]

/** A row that an object's outbox has set aside, without its content. */
export interface DeadLetter {
  readonly id: string
  /** The user whose object set it aside; null for the `platform` hub. */
  readonly userId: string | null
  readonly destination: string
  readonly attempts: number
  /** When it was set aside. Epoch milliseconds. */
  readonly createdAt: number
}

/** Events of organizations that named an address in earlier releases, whosever it is. */
export const NAMING_ADDRESSES: string[] = [
  'invitation.created',
  'invitation.revoked',
  'invitation.resent',
  'invitation.expired',
] satisfies EventName[]
