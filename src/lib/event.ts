/** Who caused the event. For `system`, `id` names the part of Postern. */
export interface EventActor {
  readonly type: 'user' | 'client' | 'system'
  readonly id: string
}

/** An entry of the revocation feed, appended when its event is delivered. */
export type FeedEntry =
  | { readonly kind: 'session'; readonly id: string }
  | { readonly kind: 'claims'; readonly userId: string; readonly below: number }
  | { readonly kind: 'key'; readonly id: string }
  | { readonly kind: 'client'; readonly id: string }
  /** A machine's access token, by `jti`. */
  | { readonly kind: 'token'; readonly id: string }
  /** Tokens of an organization whose `org_ver` is lower are refused. */
  | { readonly kind: 'organization'; readonly id: string; readonly below: number }
  /** No token is refused: what custom roles of the scope (an organization's id, or `platform`) allow is read anew. */
  | { readonly kind: 'roles'; readonly id: string; readonly below: number }

/** The names of all events. `features/events/types.ts` describes them, `docs/events.md` does so for readers. */
export type EventName =
  | 'user.created'
  | 'user.signed_in'
  | 'user.signed_out'
  | 'user.updated'
  | 'user.email_verified'
  | 'user.email_changed'
  | 'user.email_change_refused'
  | 'user.password_changed'
  | 'user.password_dropped'
  | 'user.password_reset'
  | 'user.activity_reported'
  | 'user.suspended'
  | 'user.reactivated'
  | 'user.deactivated'
  | 'user.locked'
  | 'user.unlocked'
  | 'user.deleted'
  | 'user.restored'
  | 'user.erased'
  | 'users.imported'
  | 'session.created'
  | 'session.revoked'
  | 'session.expired'
  | 'session.stepped_up'
  | 'session.refresh_replayed'
  | 'session.reuse_detected'
  | 'mfa.enabled'
  | 'mfa.disabled'
  | 'backup_code.used'
  | 'backup_codes.regenerated'
  | 'passkey.registered'
  | 'passkey.renamed'
  | 'passkey.removed'
  | 'passkey.counter_regressed'
  | 'oauth.account.linked'
  | 'oauth.account.unlinked'
  | 'security.new_device'
  | 'security.sign_in_locked'
  | 'security.sign_in_unlocked'
  | 'notification.created'
  | 'admin.cache_cleared'
  | 'chatbot.interaction'
  | 'admin.maintenance_changed'
  | 'client.created'
  | 'client.disabled'
  | 'mail.requeued'
  | 'key.created'
  | 'key.rotated'
  | 'key.revoked'
  | 'organization.created'
  | 'organization.updated'
  | 'organization.deleted'
  | 'organization.member_added'
  | 'organization.member_removed'
  | 'organization.role_changed'
  | 'organization.ownership_transferred'
  | 'invitation.created'
  | 'invitation.accepted'
  | 'invitation.revoked'
  | 'invitation.resent'
  | 'invitation.updated'
  | 'invitation.expired'
  | 'role.created'
  | 'role.updated'
  | 'role.deleted'
  | 'role.assigned'
  | 'role.unassigned'
  | 'permissions.granted'
  | 'policy.created'
  | 'policy.updated'
  | 'policy.deleted'
  | 'directory.configuration.created'
  | 'directory.configuration.updated'
  | 'directory.configuration.deleted'
  | 'directory.user.created'
  | 'directory.user.updated'
  | 'directory.user.deactivated'
  | 'directory.user.reactivated'
  | 'directory.user.deleted'
  | 'directory.group.created'
  | 'directory.group.updated'
  | 'directory.group.deleted'
  | 'directory.membership.added'
  | 'directory.membership.removed'
  | 'sso.configuration.created'
  | 'sso.configuration.updated'
  | 'sso.configuration.deleted'
  | 'sso.certificate.added'
  | 'sso.certificate.removed'
  | 'sso.certificate.expiring'
  | 'sso.domain.verified'
  | 'sso.domain.lost'
  | 'sso.policy.changed'
  | 'sso.break_glass_used'
  | 'sso.sign_in_refused'
  | 'sso.logout'
  | 'webhook.created'
  | 'webhook.updated'
  | 'webhook.deleted'
  | 'webhook.secret_regenerated'
  | 'webhook.disabled'
  | 'webhook.gap'
  | 'audit.exported'
  | 'audit.checkpoint'
  | 'audit.restored'
  | 'compliance.assessed'
  | 'compliance.report_created'
  | 'compliance.retention_changed'
  | 'privacy.requested'
  | 'privacy.request_changed'
  | 'privacy.exported'
  | 'privacy.consent_given'
  | 'privacy.consent_withdrawn'
  | 'privacy.settings_changed'
  | 'privacy.hold_placed'
  | 'privacy.hold_released'
  | 'localization.key_created'
  | 'localization.translation_updated'
  | 'localization.translation_deleted'

/** An event as a feature declares it. Writing it adds id, time, IP address and user agent. */
export interface EventDraft {
  readonly type: EventName
  /** The id of the user or thing that the event is about. */
  readonly subject: string
  /** The user whose log it goes to. Null for an event that concerns no user: it goes to its organization's hub, and to `platform`. */
  readonly userId: string | null
  readonly actor: EventActor
  readonly sessionId?: string | null
  readonly organizationId?: string | null
  /** A change has `before` and `after`. Never a secret, never a token. */
  readonly data?: Readonly<Record<string, unknown>>
}

/** Whose log an event of the record goes to first: a user's, else an organization's, else (both null) the platform's. */
export interface EventOwner {
  readonly userId: string | null
  readonly organizationId: string | null
}

export const ownerOf = ({ userId, organizationId = null }: Pick<EventDraft, keyof EventOwner>): EventOwner =>
  userId === null ? { userId, organizationId } : { userId, organizationId: null }

/** An event as it is recorded. `ip` and `userAgent` are for audit and are never sent to clients. */
export interface RecordedEvent {
  readonly id: string
  /** A name of the vocabulary, of this release or of an earlier one. */
  readonly type: string
  /** Epoch milliseconds. */
  readonly time: number
  readonly subject: string
  readonly userId: string | null
  readonly actor: EventActor
  readonly sessionId: string | null
  readonly organizationId: string | null
  readonly data: Readonly<Record<string, unknown>>
  readonly ip: string | null
  readonly userAgent: string | null
  /** The organization's `version`, if the change raised it: subscriptions to it that were allowed at a lower one end. */
  readonly organizationVersion?: number
}

/** A queue message: events that an object recorded, to be written to D1. */
export interface ObjectEventsMessage {
  readonly events: readonly RecordedEvent[]
}

/**
 * The largest event, in bytes of JSON. A queue takes 128,000 bytes a message; an object's row (2 MB), KV and calls between
 * objects take more. The largest input that the API takes makes 72,000 bytes.
 */
export const MAX_EVENT_BYTES = 100_000

/** Throws RangeError for an event that no queue would ever take: a bug of ours, found where the event is made. */
export function requireDeliverable({ type, ...event }: Pick<EventDraft, 'type' | 'data'>): void {
  const size = new TextEncoder().encode(JSON.stringify(event)).length
  if (size > MAX_EVENT_BYTES) throw new RangeError(`${type} has ${size} bytes, more than ${MAX_EVENT_BYTES}`)
}
