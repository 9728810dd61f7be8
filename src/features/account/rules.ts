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

export interface ImageKind {
  readonly mediaType: string
  readonly extension: string
}

/** What the bytes begin with, by offset (WHATWG MIME Sniffing 6.1), as Latin-1. SVG is not among them: it runs scripts. */
const IMAGES: readonly (ImageKind & { readonly begins: Readonly<Record<number, string>> })[] = [
  { mediaType: 'image/png', extension: 'png', begins: { 0: '\x89PNG\r\n\x1a\n' } },
  { mediaType: 'image/jpeg', extension: 'jpg', begins: { 0: '\xff\xd8\xff' } },
  { mediaType: 'image/webp', extension: 'webp', begins: { 0: 'RIFF', 8: 'WEBPVP' } },
  { mediaType: 'image/gif', extension: 'gif', begins: { 0: 'GIF87a' } },
  { mediaType: 'image/gif', extension: 'gif', begins: { 0: 'GIF89a' } },
]

export const IMAGE_TYPES: readonly string[] = [...new Set(IMAGES.map(({ mediaType }) => mediaType))]

/** Undefined for what browsers would not take for one of these images. The bytes alone decide: types and names are claims. */
export function imageKindOf(bytes: Uint8Array): ImageKind | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, 16))
  return IMAGES.find(({ begins }) => Object.entries(begins).every(([at, text]) => head.startsWith(text, Number(at))))
}

/** A picture of a user. `random` is unguessable, and another for each picture: what a name stands for never changes. */
export interface AvatarName {
  readonly userId: string
  readonly random: string
  readonly extension: string
}

const AVATARS_PATH = '/avatars/'
const AVATAR_NAME = /^([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})-([0-9a-f]{32})\.([a-z]{3,4})$/

export const avatarPath = ({ userId, random, extension }: AvatarName): string =>
  `${AVATARS_PATH}${userId}-${random}.${extension}`

export function parseAvatarName(name: string): AvatarName | undefined {
  const [, userId, random, extension] = AVATAR_NAME.exec(name) ?? []
  return userId && random && extension ? { userId, random, extension } : undefined
}

/** The picture of the user that an address in their profile names: it may be any address, also that of another's picture. */
export function ownAvatarAt(userId: string, url: string | null): AvatarName | undefined {
  const [, name] = url?.split(AVATARS_PATH) ?? []
  const avatar = parseAvatarName(name ?? '')
  return avatar?.userId === userId ? avatar : undefined
}
