import { readStart, readUpTo } from './encoding.ts'
import { isLoopbackHost } from './network.ts'
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

/** Names that mean something inside a network alone (RFC 6761, 6762, 9476), and numbers, which the URL parser writes in this form. */
const INTERNAL_HOST = /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|alt|onion|arpa)$|^[\d.]+$|^\[/

/** Without the dot of a name's absolute form. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/\.$/, '')
const isLoopback = (url: URL): boolean => isLoopbackHost(hostOf(url))

/** In production by name alone: whatever listens at other ports of our host is inside. In local mode everything is on one host. */
function isOurs({ MODE, PUBLIC_URL }: OutboundCtx['config'], url: URL): boolean {
  const own = new URL(PUBLIC_URL)
  if (MODE === 'production') return hostOf(url) === hostOf(own)
  const isOurName = hostOf(url) === hostOf(own) || (isLoopback(url) && isLoopback(own))
  return isOurName && url.port === own.port
}

/**
 * An address that somebody else chose, if it may be called: https, a public name, no credentials, not our own host. In local mode
 * also http on loopback. Undefined otherwise.
 */
export function findOutboundAddress({ config }: Pick<OutboundCtx, 'config'>, address: string): URL | undefined {
  const url = URL.parse(address)
  if (!url) return undefined
  if (url.username !== '' || url.password !== '' || isOurs(config, url)) return undefined
  if (config.MODE === 'local' && isLoopbackHost(url.hostname))
    return url.protocol === 'http:' || url.protocol === 'https:' ? url : undefined
  const host = hostOf(url)
  return url.protocol === 'https:' && host.includes('.') && !host.split('.').includes('') && !INTERNAL_HOST.test(host)
    ? url
    : undefined
}

/** Statuses whose answer has no body (Fetch 2.2.3). */
const BODILESS: readonly number[] = [101, 204, 205, 304]

/**
 * Sends the request to an address that `findOutboundAddress` accepts, follows no redirect, and lets `read` take what it needs of the
 * answer, all within `boundMs`. Throws OutboundError.
 */
async function call<T>(
  ctx: OutboundCtx,
  address: string | URL,
  init: RequestInit,
  { boundMs, read }: { readonly boundMs: number; read(response: Response): Promise<T> },
): Promise<T> {
  const url = findOutboundAddress(ctx, String(address))
  if (!url) throw new OutboundError('address')
  // Not `AbortSignal.timeout`: its timer goes on when the call is over, and keeps an object in memory.
  const bound = new AbortController()
  const timer = setTimeout(() => bound.abort(), boundMs)
  const { signal } = bound
  try {
    // workerd does not know `error`.
    return await read(await ctx.fetch(url.href, { ...init, redirect: 'manual', signal }))
  } catch (cause) {
    if (cause instanceof OutboundError) throw cause
    throw new OutboundError(signal.aborted ? 'timeout' : 'unreachable', cause)
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Calls an address that somebody else chose: checked by `findOutboundAddress`, redirects not followed, bounded in time and size. The
 * answer, of any status but a redirect's, is read to its end. Throws OutboundError.
 */
export const outbound = (
  ctx: OutboundCtx,
  address: string | URL,
  init: RequestInit = {},
  { boundMs = BOUND_MS, maxBytes = MAX_ANSWER_BYTES }: OutboundOptions = {},
): Promise<Response> =>
  call(ctx, address, init, {
    boundMs,
    async read(response) {
      if (response.status >= 300 && response.status < 400) throw new OutboundError('redirect')
      const body = await readUpTo(maxBytes, response.body)
      if (!body) throw new OutboundError('too_large')
      const { status, headers } = response
      return new Response(BODILESS.includes(status) ? null : body, { status, headers })
    },
  })

/** The beginning of an answer, of whatever status. */
export interface AnswerStart {
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
}

/** As `outbound`, but reads `maxBytes` of the answer at most and cancels the rest; a redirect is an answer like others. */
export const outboundStart = (
  ctx: OutboundCtx,
  address: string | URL,
  init: RequestInit,
  { boundMs, maxBytes }: Required<OutboundOptions>,
): Promise<AnswerStart> =>
  call(ctx, address, init, {
    boundMs,
    read: async ({ status, headers, body }) => ({ status, headers, bytes: await readStart(maxBytes, body) }),
  })
