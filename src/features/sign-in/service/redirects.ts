import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { isLoopbackHost } from '../../../lib/network.ts'
import { findNewestOneTimeToken } from '../../links/service.ts'
import type { OneTimePurpose, OneTimeToken } from '../../links/types.ts'
import { redirectNotAllowed } from '../errors.ts'

/**
 * An absolute http(s) URL of one of `origins`; undefined for anything else. The parsed URL is compared, not the text:
 * `https:\\evil`, `//evil` and user-info tricks mean to browsers what they mean to the parser.
 */
export function findAllowedRedirect(
  address: string,
  { origins, isLoopbackAllowed }: { origins: readonly string[]; isLoopbackAllowed: boolean },
): URL | undefined {
  // URL parsers drop tabs and line breaks, so these can hide what an address is.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\x00-\x20\x7f\\]/.test(address)) return undefined
  const url = URL.parse(address)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined
  if (url.username !== '' || url.password !== '') return undefined
  if (origins.includes(url.origin)) return url
  return isLoopbackAllowed && isLoopbackHost(url.hostname) ? url : undefined
}

/** An address of a scheme that an app owns and REDIRECT_ORIGINS lists: `com.example.app:/signed-in` (RFC 8252 7.1). */
export function findAppRedirect({ config }: Pick<Ctx, 'config'>, address: string): URL | undefined {
  const url = /^[\x21-\x7e]+$/.test(address) && !address.includes('\\') ? URL.parse(address) : null
  return url && url.username === '' && config.REDIRECT_ORIGINS.includes(url.protocol) ? url : undefined
}

const findRedirect = ({ config }: Pick<Ctx, 'config'>, address: string): URL | undefined =>
  findAllowedRedirect(address, {
    origins: [config.PUBLIC_URL, ...config.CORS_ORIGINS, ...config.REDIRECT_ORIGINS],
    isLoopbackAllowed: config.MODE === 'local',
  })

const Redirecting = z.object({ redirectUrl: z.string().nullish(), search: z.string().default('') })

/** Where a mailed link leads in the end, if that is still allowed: the settings may have changed since it was mailed. */
export function redirectOf(ctx: Pick<Ctx, 'config'>, { data }: Pick<OneTimeToken, 'data'>): string | null {
  const { redirectUrl } = Redirecting.parse(data)
  return redirectUrl ? (findRedirect(ctx, redirectUrl)?.href ?? null) : null
}

/** The query that our pages carry, of a link that was asked for on one. */
export const carriedBy = ({ data }: Pick<OneTimeToken, 'data'>): string => Redirecting.parse(data).search

/** The redirect of the newest link to an address that was mailed after `since`. */
export async function findLastRedirect(
  ctx: Ctx,
  purpose: OneTimePurpose,
  mailed: { email: string; since: number },
): Promise<string | null> {
  const last = await findNewestOneTimeToken(ctx, purpose, mailed)
  return last ? redirectOf(ctx, last) : null
}

/**
 * The URL, if its origin is PUBLIC_URL or in CORS_ORIGINS or REDIRECT_ORIGINS, or loopback in local mode. Throws
 * REDIRECT_NOT_ALLOWED: people and tokens must not be sent anywhere else.
 */
export function requireAllowedRedirect(ctx: Pick<Ctx, 'config'>, address: string): URL {
  const url = findRedirect(ctx, address)
  if (!url) throw redirectNotAllowed({ field: 'redirect_url' })
  return url
}

/** As `requireAllowedRedirect`, for an address that need not be given. */
export const allowedRedirectOf = (ctx: Pick<Ctx, 'config'>, address: string | null | undefined): string | null =>
  address ? requireAllowedRedirect(ctx, address).href : null
