/** Where a browser may be sent, as the settings say. */
export interface ReturnSettings {
  readonly PUBLIC_URL: string
  readonly REDIRECT_ORIGINS: readonly string[]
  readonly SESSION_COOKIE_DOMAIN?: string | undefined
}

/** Whether the gateway's cookie reaches this host: of the domain, or below it; where the domain is our own host, of that alone. */
function isOfDomain({ PUBLIC_URL, SESSION_COOKIE_DOMAIN: domain }: ReturnSettings, { hostname }: URL): boolean {
  if (domain === undefined) return false
  const isHostOnly = domain === new URL(PUBLIC_URL).hostname
  return hostname === domain || (!isHostOnly && hostname.endsWith(`.${domain}`))
}

/**
 * Characters of an address. In a query it may be three times as long, and still fits what gateways and the platform take of a
 * request.
 */
export const MAX_RETURN = 4096

/**
 * An address that a browser may be sent to: a path of ours, an origin of REDIRECT_ORIGINS, or an application behind the gateway.
 * Undefined for anything else. The parsed address is compared, not the text: `//evil` and `https:evil` mean to a browser what they
 * mean to the parser.
 */
export function findReturn(settings: ReturnSettings, given: string): URL | undefined {
  if (given.length > MAX_RETURN) return undefined
  // Browsers leave a backslash in a query as it is; before that URL parsers take it for a slash.
  const address = given.replace(/\?.*$/s, (rest) => rest.replaceAll('\\', '%5C'))
  // URL parsers drop tabs and line breaks.
  if (!/^[\x21-\x5b\x5d-\x7e]+$/.test(address)) return undefined
  const own = new URL(settings.PUBLIC_URL)
  const isPath = address.startsWith('/')
  const url = isPath ? URL.parse(address, own) : URL.parse(address)
  if (url?.username !== '' || url.password !== '') return undefined
  // The origin of `blob:https://auth.example.com/x` is that of our own.
  if (url.protocol !== 'https:' && url.protocol !== 'http:') return undefined
  if (isPath || url.origin === own.origin) return url.origin === own.origin ? url : undefined
  if (settings.REDIRECT_ORIGINS.includes(url.origin)) return url
  // Where we are reached without TLS ourselves, in local mode, so is the gateway.
  return isOfDomain(settings, url) && (url.protocol === 'https:' || own.protocol === 'http:') ? url : undefined
}
