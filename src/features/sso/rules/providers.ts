import type { Attribute, Provider } from '../types.ts'

const USUAL = {
  email: 'email',
  first_name: 'given_name',
  last_name: 'family_name',
  display_name: 'name',
  groups: 'groups',
} as const satisfies Record<Attribute, string>

interface ProviderRow {
  readonly mapping: Readonly<Record<Attribute, string>>
  /** The only issuer that there is. */
  readonly issuer?: string
}

const GOOGLE = 'https://accounts.google.com'

export const PROVIDER_ROWS: Readonly<Record<Provider, ProviderRow>> = {
  oidc: { mapping: USUAL },
  okta: { mapping: USUAL },
  azure_ad: { mapping: USUAL },
  // One issuer for all: who signs in is of the organization by `hd`.
  google_workspace: { mapping: USUAL, issuer: GOOGLE },
}

/** The tenant of Microsoft accounts that people make themselves. */
const CONSUMERS = '9188040d-6c67-4c5b-b112-36a304b66dad'
const MANY_TENANTS = new RegExp(`^/(?:common|organizations|consumers|${CONSUMERS})(?:/|$)`)
const MICROSOFT =
  /^(?:login\.microsoftonline\.(?:com|us)|login\.partner\.microsoftonline\.cn|login\.windows\.net|sts\.windows\.net)$/
const FOR_EVERYBODY: readonly string[] = [
  'appleid.apple.com',
  'account.apple.com',
  'login.yahoo.com',
  'api.login.yahoo.com',
]

/** Whether one issuer speaks for many organizations, or for everybody who makes an account there. */
export function isSharedIssuer(provider: Provider, issuer: URL): boolean {
  const { hostname, pathname } = issuer
  if (hostname === new URL(GOOGLE).hostname) return PROVIDER_ROWS[provider].issuer !== GOOGLE
  // A template, as Microsoft's metadata have it: `{tenantid}`.
  if (/[{}]|%7[bd]/i.test(pathname)) return true
  if (MICROSOFT.test(hostname)) return MANY_TENANTS.test(pathname.toLowerCase())
  return FOR_EVERYBODY.includes(hostname)
}
