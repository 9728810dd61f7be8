import type { Config } from '../../../config.ts'
import { cookiesNamed } from '../../../lib/cookies.ts'
import { DAY, HOUR, SECOND } from '../../../lib/time.ts'
import type { OpenedSession } from '../../sessions/types.ts'

type Settings = Pick<Config, 'PUBLIC_URL' | 'SESSION_ABSOLUTE_SECONDS' | 'SESSION_COOKIE' | 'SESSION_COOKIE_DOMAIN'>

/** Without "keep me signed in" the session goes with the browser, and unused for so long. */
export const FORGOTTEN_AFTER_SECONDS = (12 * HOUR) / SECOND
/** With it the settings alone bound it (SESSION_IDLE_SECONDS): this is more than they allow. */
export const KEPT_SECONDS = (366 * DAY) / SECOND

const SESSION = 'session'

const isSecure = ({ PUBLIC_URL }: Settings): boolean => PUBLIC_URL.startsWith('https:')

/** `__Host-` keeps a sibling host from planting one; a browser keeps none of that name without TLS. */
const nameOf = (settings: Settings, name: string): string => `${isSecure(settings) ? '__Host-' : ''}postern-${name}`

/** The browser's cookie of this name; null without one, or with another beside it, of which one was planted. */
export function soleCookie(settings: Settings, name: string, request: Request): string | null {
  const [found, ...others] = cookiesNamed(request.headers.get('cookie') ?? '', nameOf(settings, name))
  return found !== undefined && others.length === 0 ? found : null
}

/** What the pages know the browser by. */
export const browserTokenOf = (settings: Settings, request: Request): string | null =>
  soleCookie(settings, SESSION, request)

const cookie = (name: string, value: string, attributes: readonly string[]): string =>
  [`${name}=${value}`, 'Path=/', 'HttpOnly', 'SameSite=Lax', ...attributes].join('; ')

/** A cookie of our pages alone; `maxAge` in seconds, null for one that goes with the browser. */
export const cookieOf = (settings: Settings, name: string, value: string, maxAge: number | null): string =>
  cookie(nameOf(settings, name), value, [
    ...(isSecure(settings) ? ['Secure'] : []),
    ...(maxAge === null ? [] : [`Max-Age=${maxAge}`]),
  ])

/** Where the domain is our own host the cookie is host-only: good for other ports, and for no host below. */
const domainOf = ({ PUBLIC_URL, SESSION_COOKIE_DOMAIN: domain }: Settings): string[] =>
  domain === undefined || domain === new URL(PUBLIC_URL).hostname ? [] : [`Domain=${domain}`]

/** The cookies of a browser's session: that of pages, and that of gateways where there is a domain for it. */
export function sessionCookies(settings: Settings, { tokens, browserIdleSeconds }: OpenedSession): string[] {
  // Tokens of the API in a cookie would reach every host of the domain.
  if (browserIdleSeconds === undefined) throw new Error('this session is none of a browser')
  const isKept = browserIdleSeconds > FORGOTTEN_AFTER_SECONDS
  const own = cookieOf(settings, SESSION, tokens.refreshToken, isKept ? settings.SESSION_ABSOLUTE_SECONDS : null)
  if (settings.SESSION_COOKIE_DOMAIN === undefined) return [own]
  const attributes = ['Secure', `Max-Age=${tokens.expiresIn}`, ...domainOf(settings)]
  return [own, cookie(settings.SESSION_COOKIE, tokens.accessToken, attributes)]
}

/** Deletes them. */
export function deletedCookies(settings: Settings): string[] {
  const own = cookieOf(settings, SESSION, '', 0)
  if (settings.SESSION_COOKIE_DOMAIN === undefined) return [own]
  return [own, cookie(settings.SESSION_COOKIE, '', ['Secure', 'Max-Age=0', ...domainOf(settings)])]
}
