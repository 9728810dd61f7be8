import { readUpTo } from './encoding.ts'
import { SECOND } from './time.ts'

const BOUND_MS = 5 * SECOND
const MAX_ANSWER_BYTES = 1024 * 1024

/** What a call needs of the context. */
export interface OutboundCtx {
  readonly config: { readonly MODE: 'production' | 'local'; readonly PUBLIC_URL: string }
  readonly fetch: typeof fetch
}

export interface OutboundOptions {
  /** For the whole call, body included. 5 seconds when absent. */
  readonly boundMs?: number
  /** 1 MiB when absent. */
  readonly maxBytes?: number
}

export type OutboundReason = 'address' | 'unreachable' | 'timeout' | 'redirect' | 'too_large'

/** A call to somebody else's server that brought no answer. `reason` is for the log. */
export class OutboundError extends Error {
  override readonly name = 'OutboundError'
  readonly reason: OutboundReason
  constructor(reason: OutboundReason, cause?: unknown) {
    super(`outbound call failed: ${reason}`, cause === undefined ? undefined : { cause })
    this.reason = reason
  }
}

const LOOPBACK_HOSTS: readonly string[] = ['localhost', '127.0.0.1', '[::1]']
/** Names that mean something inside a network alone (RFC 6761, 6762, 9476), and numbers, which the URL parser writes in this form. */
const INTERNAL_HOST = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|alt|onion|arpa)$|^[\d.]+$|^\[/

/** Without the dot of a name's absolute form. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/\.$/, '')
const isSameServer = (one: URL, other: URL): boolean => hostOf(one) === hostOf(other) && one.port === other.port

/**
 * An address that somebody else chose, if it may be called: https, a public name, no credentials, not our own host. In local mode
 * also http on loopback. Undefined otherwise.
 */
export function findOutboundAddress({ config }: Pick<OutboundCtx, 'config'>, address: string): URL | undefined {
  const url = URL.parse(address)
  if (!url) return undefined
  if (url.username !== '' || url.password !== '' || isSameServer(url, new URL(config.PUBLIC_URL))) return undefined
  if (config.MODE === 'local' && LOOPBACK_HOSTS.includes(url.hostname))
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
  const host = hostOf(url)
  return url.protocol === 'https:' && host.includes('.') && !INTERNAL_HOST.test(host) ? url : undefined
}

/** Statuses whose answer has no body (Fetch 2.2.3). */
const BODILESS: readonly number[] = [101, 204, 205, 304]

/**
 * Calls an address that somebody else chose: checked by `findOutboundAddress`, redirects not followed, bounded in time and size. The
 * answer, of any status but a redirect's, is read to its end. Throws OutboundError.
 */
export async function outbound(
  ctx: OutboundCtx,
  address: string | URL,
  init: RequestInit = {},
  { boundMs = BOUND_MS, maxBytes = MAX_ANSWER_BYTES }: OutboundOptions = {},
): Promise<Response> {
  const url = findOutboundAddress(ctx, String(address))
  if (!url) throw new OutboundError('address')
  const signal = AbortSignal.timeout(boundMs)
  try {
    // workerd does not know `error`.
    const response = await ctx.fetch(url.href, { ...init, redirect: 'manual', signal })
    if (response.status >= 300 && response.status < 400) throw new OutboundError('redirect')
    const body = await readUpTo(maxBytes, response.body)
    if (!body) throw new OutboundError('too_large')
    const { status, headers } = response
    return new Response(BODILESS.includes(status) ? null : body, { status, headers })
  } catch (cause) {
    if (cause instanceof OutboundError) throw cause
    throw new OutboundError(signal.aborted ? 'timeout' : 'unreachable', cause)
  }
}
