import type { Config } from '../config.ts'

/** `X-Forwarded-For` is never read. In local mode every client is loopback, unless tests trust the header. */
export function clientAddress(request: Request, config: Pick<Config, 'MODE' | 'TRUST_ADDRESS_HEADER'>): string {
  const header = request.headers.get('cf-connecting-ip')
  if (config.MODE === 'local' && !config.TRUST_ADDRESS_HEADER) return '127.0.0.1'
  return header ?? (config.MODE === 'local' ? '127.0.0.1' : '0.0.0.0')
}

/** A country of ISO 3166, or Cloudflare's T1 for Tor; null for anything else, because lists and mails show it. */
export function clientCountry(request: Request): string | null {
  const header = request.headers.get('cf-ipcountry') ?? ''
  return /^[A-Z][A-Z0-9]$/.test(header) ? header : null
}

/**
 * The path that routes are matched with. A URL object is slow, so only paths that the URL parser would rewrite go through it.
 */
export function pathOf(url: string): string {
  const start = url.indexOf('/', url.indexOf('://') + 3)
  const end = url.slice(start).search(/[?#]/)
  const path = start < 0 ? '/' : url.slice(start, end < 0 ? undefined : start + end)
  return /\/\.|%2e|\\/i.test(path) ? new URL(url).pathname : path
}

/** The query with its question mark; empty without one. */
export function searchOf(url: string): string {
  const start = url.indexOf('?')
  if (start < 0) return ''
  return url.includes('#') ? new URL(url).search : url.slice(start)
}
