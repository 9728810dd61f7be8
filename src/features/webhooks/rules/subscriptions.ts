import type { WebhookSubscription } from '../../../durable/rpc.ts'
import { matchesPattern } from '../../../lib/matching.ts'

/** Janua's names, and what they mean here. Those without a meaning are accepted, and never happen. */
const ALIASES: Readonly<Record<string, readonly string[]>> = {
  'user.verified': ['user.email_verified'],
  'organization.member.added': ['organization.member_added'],
  'organization.member.removed': ['organization.member_removed'],
  'organization.member.role_changed': ['organization.role_changed'],
  'security.mfa.enabled': ['mfa.enabled'],
  'security.mfa.disabled': ['mfa.disabled'],
  'security.passkey.registered': ['passkey.registered'],
  'security.passkey.removed': ['passkey.removed'],
  'security.password.changed': ['user.password_changed'],
  'security.password.reset': ['user.password_reset'],
  'security.suspicious_activity': ['session.reuse_detected', 'security.new_device', 'security.sign_in_locked'],
  'admin.action': ['admin.maintenance_changed', 'admin.cache_cleared'],
  'system.alert': [],
  'payment.*': [],
  'subscription.*': [],
}

/** Every name that an endpoint may ask for, besides patterns. */
export const listNames = (types: readonly string[]): string[] => [
  ...types,
  ...Object.keys(ALIASES).filter((alias) => !alias.includes('*')),
]

const PATTERN = /^(?:[a-z_]+\.)+\*$/

/** Whether it is `*`, the beginning of names as in `organization.*`, a name, or an alias. */
export function isSubscribable(types: readonly string[], name: string): boolean {
  if (name === '*' || Object.hasOwn(ALIASES, name) || types.includes(name)) return true
  return PATTERN.test(name) && listNames(types).some((known) => matchesPattern(name, known))
}

/** What the names mean: an exact name first, for the first that matches an event says what the event is called. */
export function toSubscriptions(names: readonly string[]): WebhookSubscription[] {
  const exact = names.filter((name) => !name.includes('*') && !Object.hasOwn(ALIASES, name))
  const patterns = names.filter((name) => name.includes('*') && !Object.hasOwn(ALIASES, name))
  const aliased = Object.entries(ALIASES).filter(
    ([alias]) => names.includes(alias) || patterns.some((pattern) => pattern !== '*' && matchesPattern(pattern, alias)),
  )
  return [
    ...exact.map((pattern) => ({ pattern, alias: null })),
    ...aliased.flatMap(([alias, types]) => types.map((pattern) => ({ pattern, alias }))),
    ...patterns.map((pattern) => ({ pattern, alias: null })),
  ]
}
