import type { Config } from '../../../../config.ts'

/** WebAuthn 4. */
export interface RelyingParty {
  /** A domain: passkeys work on it, its subdomains, and related origins. */
  readonly id: string
  readonly name: string
  /** Exact origins, and patterns with `*`. */
  readonly origins: readonly string[]
}

type Settings = Pick<
  Config,
  'MODE' | 'PUBLIC_URL' | 'APP_NAME' | 'PASSKEY_RP_ID' | 'PASSKEY_RP_NAME' | 'PASSKEY_ORIGINS'
>

const isAddress = (hostname: string): boolean => hostname.startsWith('[') || /^[\d.]+$/.test(hostname)

/** An IP address cannot be a relying party id (WebAuthn 5.1.3 step 8): the local service at 127.0.0.1 uses `localhost`. */
function defaultId(publicUrl: string): string {
  const { hostname } = new URL(publicUrl)
  return isAddress(hostname) ? 'localhost' : hostname
}

export function relyingPartyOf(settings: Settings): RelyingParty {
  const local = settings.MODE === 'local' ? ['http://localhost:*'] : []
  return {
    id: settings.PASSKEY_RP_ID ?? defaultId(settings.PUBLIC_URL),
    name: settings.PASSKEY_RP_NAME ?? settings.APP_NAME,
    origins: settings.PASSKEY_ORIGINS.length > 0 ? settings.PASSKEY_ORIGINS : [settings.PUBLIC_URL, ...local],
  }
}

/** `https://*.host` matches every subdomain but not the host itself; `http://localhost:*` matches every port. */
function matches(pattern: string, origin: string): boolean {
  if (!pattern.includes('*')) return pattern === origin
  const url = URL.parse(origin)
  // An origin has one spelling (RFC 6454 6.2), without path, user, upper case or default port.
  if (url?.origin !== origin) return false
  if (pattern === 'http://localhost:*') return url.protocol === 'http:' && url.hostname === 'localhost'
  const [scheme = '', host = ''] = pattern.split('*.')
  const labels = url.host.endsWith(`.${host}`) ? url.host.slice(0, -host.length - 1) : ''
  return origin.startsWith(scheme) && /^[\w-]+(?:\.[\w-]+)*$/.test(labels)
}

export const isExpectedOrigin = ({ origins }: RelyingParty, origin: string): boolean =>
  origins.some((pattern) => matches(pattern, origin))

/** The content of `/.well-known/webauthn` (WebAuthn 5.11.1), which has neither patterns nor origins of apps. */
export const relatedOrigins = ({ origins }: RelyingParty): string[] =>
  origins.filter((origin) => /^https?:/.test(origin) && !origin.includes('*'))
