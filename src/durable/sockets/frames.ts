import * as z from 'zod'
import { toIso } from '../../lib/time.ts'
import type { LoggedEvent, SocketIdentity } from '../rpc.ts'

/** Larger frames are refused: nothing that a client may say is this long. */
const MAX_FRAME_BYTES = 16 * 1024

/** Close codes of 4000 and above are ours (RFC 6455 7.4.2). */
export const CLOSE = {
  normal: 1000,
  policy: 1008,
  tooLarge: 1009,
  failed: 1011,
  tryLater: 1013,
  revoked: 4001,
  expired: 4002,
  slow: 4008,
} as const

/** The two dialects of Janua's clients: `nested` speaks of `authentication` and `data`, `flat` of `auth` and `channel`. */
export type Dialect = 'nested' | 'flat'

export type ClientFrame =
  | { readonly kind: 'auth'; readonly dialect: Dialect; readonly token: string }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly dialect: Dialect; readonly channel: string }
  | { readonly kind: 'publish' }
  | { readonly kind: 'ping'; readonly timestamp: number | string | null }
  | { readonly kind: 'resume'; readonly after: string }
  | { readonly kind: 'ack'; readonly cursor: string }

const Token = z.string().min(1).max(MAX_FRAME_BYTES)
const Channel = z.string().min(1).max(100)
const Target = z.object({ subscription_type: z.enum(['organization', 'topic']), target_id: Channel })

const channelOf = (target: z.infer<typeof Target>): string =>
  target.subscription_type === 'organization' ? `organization:${target.target_id}` : target.target_id

const Frame = z.discriminatedUnion('type', [
  z
    .object({ type: z.literal('authentication'), data: z.object({ token: Token }) })
    .transform(({ data }) => ({ kind: 'auth' as const, dialect: 'nested' as const, token: data.token })),
  z
    .object({ type: z.literal('auth'), token: Token })
    .transform(({ token }) => ({ kind: 'auth' as const, dialect: 'flat' as const, token })),
  z
    .object({ type: z.literal('subscription'), data: Target })
    .transform(({ data }) => ({ kind: 'subscribe' as const, dialect: 'nested' as const, channel: channelOf(data) })),
  z
    .object({ type: z.literal('subscribe'), channel: Channel })
    .transform(({ channel }) => ({ kind: 'subscribe' as const, dialect: 'flat' as const, channel })),
  z
    .object({ type: z.literal('unsubscription'), data: Target })
    .transform(({ data }) => ({ kind: 'unsubscribe' as const, dialect: 'nested' as const, channel: channelOf(data) })),
  z
    .object({ type: z.literal('unsubscribe'), channel: Channel })
    .transform(({ channel }) => ({ kind: 'unsubscribe' as const, dialect: 'flat' as const, channel })),
  z.object({ type: z.literal('message') }).transform(() => ({ kind: 'publish' as const })),
  z.object({ type: z.literal('publish') }).transform(() => ({ kind: 'publish' as const })),
  z
    .object({ type: z.literal('ping'), timestamp: z.union([z.number(), z.string().max(64)]).nullish() })
    .transform(({ timestamp }) => ({ kind: 'ping' as const, timestamp: timestamp ?? null })),
  z
    .object({ type: z.literal('resume'), after: z.string() })
    .transform(({ after }) => ({ kind: 'resume' as const, after })),
  z
    .object({ type: z.literal('ack'), cursor: z.string() })
    .transform(({ cursor }) => ({ kind: 'ack' as const, cursor })),
])

export const isTooLarge = (data: string | ArrayBuffer): boolean =>
  (typeof data === 'string' ? data.length : data.byteLength) > MAX_FRAME_BYTES

/** Returns undefined for anything that is no frame of either dialect, binary ones among it. */
export function parseFrame(data: string | ArrayBuffer): ClientFrame | undefined {
  if (typeof data !== 'string') return undefined
  try {
    const frame = Frame.safeParse(JSON.parse(data))
    return frame.success ? frame.data : undefined
  } catch {
    return undefined
  }
}

/** The one frame that is answered without waking the object, and its answer. */
export const PING = JSON.stringify({ type: 'ping' })
export const PONG = JSON.stringify({ type: 'pong', data: { timestamp: null } })

export const pong = (timestamp: number | string): string =>
  JSON.stringify({ type: 'pong', data: { timestamp }, timestamp })

/** Clients wait a random part of this before they connect again. */
const RECONNECT_SPREAD_MS = 5000

export const connection = (connectionId: string, authenticated: boolean, cursor: string | null): string =>
  JSON.stringify({
    type: 'connection',
    data: {
      connection_id: connectionId,
      status: 'connected',
      authenticated,
      cursor,
      reconnect_spread_ms: RECONNECT_SPREAD_MS,
    },
  })

export type FrameError =
  | 'malformed_frame'
  | 'frame_too_large'
  | 'publishing_not_allowed'
  | 'invalid_cursor'
  | 'invalid_token'
  | 'insufficient_scope'
  | 'not_authenticated'
  | 'forbidden_channel'
  | 'too_many_channels'
  | 'too_many_connections'
  | 'unavailable'

export const failure = (error: FrameError, channel?: string): string =>
  JSON.stringify({ type: 'error', data: { error, ...(channel === undefined ? {} : { channel }) } })

export function authenticated(dialect: Dialect, { principal }: SocketIdentity): string {
  const data =
    principal.type === 'user'
      ? { status: 'success', user_id: principal.userId, email: principal.email }
      : { status: 'success', user_id: null, email: null, client_id: principal.clientId }
  return JSON.stringify({ type: dialect === 'nested' ? 'authentication' : 'auth', data })
}

export const authenticationFailed = (dialect: Dialect, error: FrameError): string =>
  JSON.stringify({ type: dialect === 'nested' ? 'authentication' : 'auth', data: { status: 'failed', error } })

/** The channel stands in `data`: the flat dialect's clients hand a frame that names it on top to the channel's handler. */
export function subscription(
  dialect: Dialect,
  status: 'subscribed' | 'unsubscribed',
  channel: string,
  cursor: string,
): string {
  if (dialect === 'flat') return JSON.stringify({ type: status, data: { status, channel, cursor } })
  const [kind, id] = channel.split(':', 2)
  const type = kind === 'organization' ? 'organization' : 'topic'
  const target = type === 'organization' ? id : channel
  const name = status === 'subscribed' ? 'subscription' : 'unsubscription'
  return JSON.stringify({ type: name, data: { status, type, target, channel, cursor } })
}

export const resumed = (channels: readonly string[], cursor: string): string =>
  JSON.stringify({ type: 'resume', data: { status: 'resumed', channels, cursor } })

/** Events `from` to `to` of the channel are no longer held. `reset`: the log is not the one that the cursor was of. */
export const gap = (channel: string, from: number, to: number, reset: boolean): string =>
  JSON.stringify({ type: 'gap', channel, data: { from, to, reset } })

/** The event without its cursor, which differs by socket. Never address and user agent: those are for audit. */
export function eventBody(channel: string, { seq, event }: LoggedEvent): string {
  const { id, type, time, subject, actor, sessionId, organizationId, data } = event
  return JSON.stringify({
    id,
    seq,
    type,
    event: type,
    channel,
    time: toIso(time),
    timestamp: time,
    subject,
    actor,
    session_id: sessionId,
    organization_id: organizationId,
    data,
  })
}

/** The cursor is the socket's position once it has this event. */
export const eventFrame = (body: string, cursor: string): string => `${body.slice(0, -1)},"cursor":"${cursor}"}`

/** RFC 6455 7.4.1: said of a close that came without a code, or not at all; never sent. */
const UNSENDABLE: readonly number[] = [1005, 1006]
const NORMAL = 1000

/**
 * The code that answers a client's close frame. A socket does not answer by itself, and its client would wait 10 s:
 * whoever gets a close calls `close` with this.
 */
export const codeOfAnswer = (code: number): number => (UNSENDABLE.includes(code) ? NORMAL : code)
