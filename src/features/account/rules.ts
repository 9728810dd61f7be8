import type { SessionSnapshot } from '../../durable/rpc.ts'
import type { RecordedEvent } from '../../lib/event.ts'

/** A security alert for the user of an account. `time` is epoch milliseconds. */
export interface SecurityAlert {
  /** The event's type, or `multiple_locations`. */
  readonly type: string
  readonly severity: 'low' | 'medium' | 'high'
  readonly message: string
  /** ISO 3166-1 alpha-2 countries as the platform reports them; empty when there is none. */
  readonly locations: readonly string[]
  readonly sessionIds: readonly string[]
  readonly time: number
}

/** The latest activity of a session. */
export interface SessionActivity {
  readonly session: SessionSnapshot
  readonly type: 'signed_in' | 'session_active' | 'signed_out' | 'session_expired' | 'session_revoked'
  readonly time: number
}

type AlertKind = Pick<SecurityAlert, 'severity' | 'message'>

/** The events of a user's record that are shown as alerts. */
const ALERT_KINDS = new Map<string, AlertKind>([
  ['session.reuse_detected', { severity: 'high', message: 'A used refresh token was used again; its session ended' }],
  [
    'session.refresh_replayed',
    { severity: 'medium', message: 'A session was refreshed from two networks at the same time' },
  ],
  ['passkey.counter_regressed', { severity: 'high', message: 'A passkey may have been copied' }],
  ['user.activity_reported', { severity: 'high', message: 'Activity was reported as not yours; all sessions ended' }],
  ['user.locked', { severity: 'high', message: 'The account was locked' }],
  ['security.sign_in_locked', { severity: 'medium', message: 'Too many failed attempts to sign in' }],
  ['security.new_device', { severity: 'medium', message: 'A sign-in from a new device' }],
  ['mfa.disabled', { severity: 'medium', message: 'The second factor was removed' }],
  ['passkey.removed', { severity: 'medium', message: 'A passkey was removed' }],
  ['passkey.registered', { severity: 'low', message: 'A passkey was added' }],
  ['mfa.enabled', { severity: 'low', message: 'A second factor was added' }],
  ['user.password_changed', { severity: 'low', message: 'The password was changed' }],
  ['user.password_reset', { severity: 'low', message: 'The password was reset' }],
  ['user.email_changed', { severity: 'low', message: 'The email address was changed' }],
])

/** The types of events that can be alerts. */
export const ALERT_TYPES: readonly string[] = [...ALERT_KINDS.keys()]

/** A client that lost an answer and repeats its request is no reason for an alert. */
const isRetry = ({ type, data }: RecordedEvent): boolean =>
  type === 'session.refresh_replayed' && data.same_network === true

/** The alert about an event; undefined when there is none. */
export function alertOf(event: RecordedEvent): SecurityAlert | undefined {
  const kind = ALERT_KINDS.get(event.type)
  if (!kind || isRetry(event)) return undefined
  const { country } = event.data
  return {
    ...kind,
    type: event.type,
    locations: typeof country === 'string' ? [country] : [],
    sessionIds: event.sessionId === null ? [] : [event.sessionId],
    time: event.time,
  }
}

/** The alert about live sessions in several countries; undefined when at most one country is known. */
export function alertOfLocations(sessions: readonly SessionSnapshot[]): SecurityAlert | undefined {
  const located = sessions.filter(({ country }) => country !== null)
  const locations = [...new Set(located.flatMap(({ country }) => country ?? []))].sort()
  if (locations.length < 2) return undefined
  return {
    type: 'multiple_locations',
    severity: 'medium',
    message: 'Sessions are open in more than one country',
    locations,
    sessionIds: located.map(({ id }) => id),
    time: Math.max(...located.map(({ lastActiveAt }) => lastActiveAt)),
  }
}

function activityOf(session: SessionSnapshot): SessionActivity {
  const { endedAt, endReason, openedAt, lastActiveAt } = session
  if (endedAt !== null) {
    const type =
      endReason === 'signed_out' ? 'signed_out' : endReason === 'expired' ? 'session_expired' : 'session_revoked'
    return { session, type, time: endedAt }
  }
  return { session, type: lastActiveAt === openedAt ? 'signed_in' : 'session_active', time: lastActiveAt }
}

/** One activity for each session, newest first: only the last use of a session is stored. */
export const activitiesOf = (sessions: readonly SessionSnapshot[]): SessionActivity[] =>
  sessions.map(activityOf).sort((a, b) => b.time - a.time)
