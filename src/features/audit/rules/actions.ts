import type { EventName } from '../../../lib/event.ts'

/** Names of Janua's audit actions and what they are here. */
const ALIASES: Readonly<Record<string, readonly EventName[]>> = {
  'auth.signin': ['user.signed_in'],
  'auth.signout': ['user.signed_out'],
  'auth.signup': ['user.created'],
  'auth.password_reset': ['user.password_reset'],
  'auth.password_change': ['user.password_changed'],
  'auth.mfa_enable': ['mfa.enabled'],
  'auth.mfa_disable': ['mfa.disabled'],
  'auth.passkey_add': ['passkey.registered'],
  'auth.passkey_remove': ['passkey.removed'],
  'session.create': ['session.created'],
  'session.refresh': ['session.refresh_replayed'],
  'session.revoke': ['session.revoked'],
  'session.expire': ['session.expired'],
  'user.create': ['user.created'],
  'user.update': ['user.updated'],
  'user.delete': ['user.deleted'],
  'user.suspend': ['user.suspended'],
  'user.reactivate': ['user.reactivated'],
  'org.create': ['organization.created'],
  'org.update': ['organization.updated'],
  'org.delete': ['organization.deleted'],
  'org.member_add': ['organization.member_added'],
  'org.member_remove': ['organization.member_removed'],
  'org.role_change': ['organization.role_changed'],
  'invitation.create': ['invitation.created'],
  'invitation.accept': ['invitation.accepted'],
  'invitation.revoke': ['invitation.revoked'],
  'invitation.resend': ['invitation.resent'],
  'api.key_create': ['client.created'],
  'api.key_rotate': ['key.rotated'],
  'api.key_revoke': ['client.disabled', 'key.revoked'],
  'security.brute_force': ['security.sign_in_locked'],
  'security.suspicious': ['security.new_device', 'session.reuse_detected', 'passkey.counter_regressed'],
  'policy.create': ['policy.created'],
  'policy.update': ['policy.updated'],
  'policy.delete': ['policy.deleted'],
  'role.create': ['role.created'],
  'role.assign': ['role.assigned'],
  'role.unassign': ['role.unassigned'],
  'data.export': ['audit.exported'],
}

/** The types of events that an action names: our name, or Janua's. A name of an earlier release stands for itself. */
export const typesOfAction = (action: string): readonly string[] =>
  Object.hasOwn(ALIASES, action) ? (ALIASES[action] ?? []) : [action]

export const ALIAS_NAMES: readonly string[] = Object.keys(ALIASES)
