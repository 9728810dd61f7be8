import type { Ctx } from '../../../context.ts'
import { redirectNotAllowed } from '../errors.ts'

const LOOPBACK_HOSTS: readonly string[] = ['127.0.0.1', 'localhost', '[::1]']

/**
 * An absolute http(s) address of one of `origins`, compared as the URL parser reads it, never as text: browsers read
 * `https:\\evil`, `//evil` and user-info tricks as the parser does. Undefined for anything else.
 */
export function findAllowedRedirect(
  address: string,
  { origins, isLoopbackAllowed }: { origins: readonly string[]; isLoopbackAllowed: boolean },
): URL | undefined {
  // Tabs and line breaks are dropped by parsers; nobody writes them into an address in good faith.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused.
  if (/[\x00-\x20\x7f\\]/.test(address)) return undefined
  const url = URL.parse(address)
  if (!url || (url.protocol !== 'https:' && url.protocol !== 'http:')) return undefined
  if (url.username !== '' || url.password !== '') return undefined
  if (origins.includes(url.origin)) return url
  return isLoopbackAllowed && LOOPBACK_HOSTS.includes(url.hostname) ? url : undefined
}

const findRedirect = ({ config }: Pick<Ctx, 'config'>, address: string): URL | undefined =>
  findAllowedRedirect(address, {
    origins: [config.PUBLIC_URL, ...config.CORS_ORIGINS, ...config.REDIRECT_ORIGINS],
    isLoopbackAllowed: config.MODE === 'local',
  })

/** As `requireAllowedRedirect`, for an address that nobody who waits for the answer has given. */
export const isAllowedRedirect = (ctx: Pick<Ctx, 'config'>, address: string): boolean =>
  findRedirect(ctx, address) !== undefined

/**
 * The address, if this deployment may send people and tokens there: PUBLIC_URL, CORS_ORIGINS, REDIRECT_ORIGINS, and
 * loopback in local mode. Throws REDIRECT_NOT_ALLOWED.
 */
export function requireAllowedRedirect(ctx: Pick<Ctx, 'config'>, address: string): URL {
  const url = findRedirect(ctx, address)
  if (!url) throw redirectNotAllowed({ field: 'redirect_url' })
  return url
}
