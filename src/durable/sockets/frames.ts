import * as z from 'zod/mini'
import { toIso } from '../../lib/time.ts'
import type { LoggedEvent, SocketIdentity } from '../rpc.ts'

/** Larger frames are refused: no valid frame is this long. */
const MAX_FRAME_BYTES = 16 * 1024

/** Codes from 4000 on are for private use (RFC 6455 7.4.2). */
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

/** The two dialects of Janua's clients: `nested` has `authentication` and `data`, `flat` has `auth` and `channel`. */
export type Dialect = 'nested' | 'flat'

export type ClientFrame =
  | { readonly kind: 'auth'; readonly dialect: Dialect; readonly token: string }
  | { readonly kind: 'subscribe' | 'unsubscribe'; readonly dialect: Dialect; readonly channel: string }
  | { readonly kind: 'publish' }
  | { readonly kind: 'ping'; readonly timestamp: number | string | null }
  | { readonly kind: 'resume'; readonly after: string }
  | { readonly kind: 'ack'; readonly cursor: string }

const Token = z.string().check(z.minLength(1), z.maxLength(MAX_FRAME_BYTES))
const Channel = z.string().check(z.minLength(1), z.maxLength(100))
const Target = z.object({ subscription_type: z.enum(['organization', 'topic']), target_id: Channel })

const channelOf = (target: z.infer<typeof Target>): string =>
  target.subscription_type === 'organization' ? `organization:${target.target_id}` : target.target_id

const Frame = z.discriminatedUnion('type', [
  z.object({ type: z.literal('authentication'), data: z.object({ token: Token }) }),
  z.object({ type: z.literal('auth'), token: Token }),
  z.object({ type: z.literal('subscription'), data: Target }),
  z.object({ type: z.literal('subscribe'), channel: Channel }),
  z.object({ type: z.literal('unsubscription'), data: Target }),
  z.object({ type: z.literal('unsubscribe'), channel: Channel }),
  z.object({ type: z.literal('message') }),
  z.object({ type: z.literal('publish') }),
  z.object({
    type: z.literal('ping'),
    timestamp: z.nullish(z.union([z.number(), z.string().check(z.maxLength(64))])),
  }),
  z.object({ type: z.literal('resume'), after: z.string() }),
  z.object({ type: z.literal('ack'), cursor: z.string() }),
])

function toClientFrame(frame: z.infer<typeof Frame>): ClientFrame {
  switch (frame.type) {
    case 'authentication':
      return { kind: 'auth', dialect: 'nested', token: frame.data.token }
    case 'auth':
      return { kind: 'auth', dialect: 'flat', token: frame.token }
    case 'subscription':
      return { kind: 'subscribe', dialect: 'nested', channel: channelOf(frame.data) }
    case 'subscribe':
      return { kind: 'subscribe', dialect: 'flat', channel: frame.channel }
    case 'unsubscription':
      return { kind: 'unsubscribe', dialect: 'nested', channel: channelOf(frame.data) }
    case 'unsubscribe':
      return { kind: 'unsubscribe', dialect: 'flat', channel: frame.channel }
    case 'message':
    case 'publish':
      return { kind: 'publish' }
    case 'ping':
      return { kind: 'ping', timestamp: frame.timestamp ?? null }
    case 'resume':
      return { kind: 'resume', after: frame.after }
    case 'ack':
      return { kind: 'ack', cursor: frame.cursor }
  }
}

export const isTooLarge = (data: string | ArrayBuffer): boolean =>
  (typeof data === 'string' ? data.length : data.byteLength) > MAX_FRAME_BYTES

/** Returns undefined for anything but a frame of one of the dialects; also for binary frames. */
export function parseFrame(data: string | ArrayBuffer): ClientFrame | undefined {
  if (typeof data !== 'string') return undefined
  try {
    const frame = Frame.safeParse(JSON.parse(data))
    return frame.success ? toClientFrame(frame.data) : undefined
  } catch {
    return undefined
  }
}

/** The one frame that the platform answers without waking the object, and its answer. */
export const PING = JSON.stringify({ type: 'ping' })
export const PONG = JSON.stringify({ type: 'pong', data: { timestamp: null } })

export const pong = (timestamp: number | string): string =>
  JSON.stringify({ type: 'pong', data: { timestamp }, timestamp })

/** Clients wait for a random part of this time before they reconnect. */
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

/** The channel is in `data`: clients of the flat dialect treat a frame with `channel` at the top level as an event. */
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

/** The events `from` to `to` of the channel are no longer available. `reset`: the cursor belongs to an earlier log. */
export const gap = (channel: string, from: number, to: number, reset: boolean): string =>
  JSON.stringify({ type: 'gap', channel, data: { from, to, reset } })

/** The event without the cursor, which differs by socket. Without IP address and user agent: those are for audit only. */
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

/** Adds the cursor: the socket's positions after this event. */
export const eventFrame = (body: string, cursor: string): string => `${body.slice(0, -1)},"cursor":"${cursor}"}`

/** RFC 6455 7.4.1: reported for a close without a code or without a close frame; they must not be sent. */
const UNSENDABLE: readonly number[] = [1005, 1006]
const NORMAL = 1000

/**
 * The code to answer a client's close frame with. The platform does not answer it, and the client would wait 10 s:
 * `webSocketClose` must call `close` with this code.
 */
export const codeOfAnswer = (code: number): number => (UNSENDABLE.includes(code) ? NORMAL : code)
