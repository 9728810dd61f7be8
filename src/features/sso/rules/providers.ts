import type { Attribute, Claim, OpenidProvider, SamlProvider } from '../types.ts'

const USUAL = {
  email: 'email',
  first_name: 'given_name',
  last_name: 'family_name',
  display_name: 'name',
  groups: 'groups',
} as const satisfies Record<Claim, string>

interface ProviderRow {
  readonly mapping: Readonly<Record<Claim, string>>
  /** The only issuer that there is. */
  readonly issuer?: string
}

const GOOGLE = 'https://accounts.google.com'

export const PROVIDER_ROWS: Readonly<Record<OpenidProvider, ProviderRow>> = {
  oidc: { mapping: USUAL },
  okta: { mapping: USUAL },
  azure_ad: { mapping: USUAL },
  // One issuer for all: who signs in is of the organization by `hd`.
  google_workspace: { mapping: USUAL, issuer: GOOGLE },
}

const CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/'
const MICROSOFT_CLAIMS = 'http://schemas.microsoft.com/'

/** What Okta, Google and others write, then the names of Entra and AD FS, then those of eduPerson: the first that is there counts. */
const ATTRIBUTE_NAMES: Readonly<Record<Attribute, readonly string[]>> = {
  email: ['email', 'mail', `${CLAIMS}emailaddress`, 'urn:oid:0.9.2342.19200300.100.1.3'],
  first_name: ['firstName', 'first_name', 'given_name', `${CLAIMS}givenname`, 'urn:oid:2.5.4.42'],
  last_name: ['lastName', 'last_name', 'family_name', `${CLAIMS}surname`, 'urn:oid:2.5.4.4'],
  display_name: [
    'displayName',
    'display_name',
    'name',
    `${MICROSOFT_CLAIMS}identity/claims/displayname`,
    'urn:oid:2.16.840.1.113730.3.1.241',
  ],
  groups: [
    'groups',
    `${MICROSOFT_CLAIMS}ws/2008/06/identity/claims/groups`,
    'http://schemas.xmlsoap.org/claims/Group',
    'urn:oid:1.3.6.1.4.1.5923.1.5.1.1',
  ],
  external_id: [],
}

/** Names of attributes in assertions. Entra has an id for a person that no change of an address moves. */
export const attributeNamesOf = (provider: SamlProvider): Readonly<Record<Attribute, readonly string[]>> =>
  provider === 'azure_ad'
    ? { ...ATTRIBUTE_NAMES, external_id: [`${MICROSOFT_CLAIMS}identity/claims/objectidentifier`] }
    : ATTRIBUTE_NAMES

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
export function isSharedIssuer(provider: OpenidProvider, issuer: URL): boolean {
  const { hostname, pathname } = issuer
  if (hostname === new URL(GOOGLE).hostname) return PROVIDER_ROWS[provider].issuer !== GOOGLE
  // A template, as Microsoft's metadata have it: `{tenantid}`.
  if (/[{}]|%7[bd]/i.test(pathname)) return true
  if (MICROSOFT.test(hostname)) return MANY_TENANTS.test(pathname.toLowerCase())
  return FOR_EVERYBODY.includes(hostname)
}
