import type { Config } from '../config.ts'

/** In local mode every client is loopback, unless tests let the client name its address. Never `X-Forwarded-For`. */
export function clientAddress(request: Request, config: Pick<Config, 'MODE' | 'TRUST_ADDRESS_HEADER'>): string {
  const header = request.headers.get('cf-connecting-ip')
  if (config.MODE === 'local' && !config.TRUST_ADDRESS_HEADER) return '127.0.0.1'
  return header ?? (config.MODE === 'local' ? '127.0.0.1' : '0.0.0.0')
}
