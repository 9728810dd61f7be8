import type { Config } from '../config.ts'

/** In local mode every client is loopback, unless tests let the client name its address. Never `X-Forwarded-For`. */
export function clientAddress(request: Request, config: Pick<Config, 'MODE' | 'TRUST_ADDRESS_HEADER'>): string {
  const header = request.headers.get('cf-connecting-ip')
  if (config.MODE === 'local' && !config.TRUST_ADDRESS_HEADER) return '127.0.0.1'
  return header ?? (config.MODE === 'local' ? '127.0.0.1' : '0.0.0.0')
}

/** ISO 3166's two letters, or the platform's own T1 for Tor. Lists and mails show it, so nothing else passes for a country. */
export function clientCountry(request: Request): string | null {
  const header = request.headers.get('cf-ipcountry') ?? ''
  return /^[A-Z][A-Z0-9]$/.test(header) ? header : null
}
