import { type Config, type OpenIdProvider, TENANT_ID } from '../../../config.ts'
import { ID_TOKEN_ALGORITHMS } from '../rules/metadata.ts'
import type { ClientAuthentication, Provider, ProviderEndpoints, ProviderMetadata, ReadIdentity } from '../types.ts'
import {
  readApple,
  readDiscord,
  readGitHub,
  readGoogle,
  readMicrosoft,
  readOpenId,
  readTwitter,
} from './read-identity.ts'

type Settings = Pick<Config, Extract<keyof Config, `OAUTH_${string}`>>

/** A fixed provider before its client is known. */
interface Row
  extends Omit<Provider, 'clientId' | 'authentication' | 'parameters' | 'promisesIssuer' | 'isFixed' | 'issuerOf'> {
  readonly parameters?: Provider['parameters']
  readonly issuerOf?: NonNullable<Provider['issuerOf']>
  readonly client: (settings: Settings) => { id: string | undefined; authentication: ClientAuthentication }
}

const secretOf = (method: 'basic' | 'post', secret: string | undefined): ClientAuthentication => ({
  method,
  secret: secret ?? '',
})

const MICROSOFT = 'https://login.microsoftonline.com'

/** `\n` in an environment variable stands for a line break. */
const toPem = (text: string | undefined): string => (text ?? '').replaceAll('\\n', '\n')

/** The providers that everybody knows, as their documents have them in 2026. */
const rowsOf = (settings: Settings): readonly Row[] => [
  {
    name: 'google',
    label: 'Google',
    issuer: 'https://accounts.google.com',
    endpoints: {
      authorization: 'https://accounts.google.com/o/oauth2/v2/auth',
      token: 'https://oauth2.googleapis.com/token',
      userinfo: 'https://openidconnect.googleapis.com/v1/userinfo',
      keys: 'https://www.googleapis.com/oauth2/v3/certs',
    },
    algorithms: ['RS256'],
    scopes: ['openid', 'email', 'profile'],
    parameters: settings.OAUTH_GOOGLE_HOSTED_DOMAIN ? { hd: settings.OAUTH_GOOGLE_HOSTED_DOMAIN } : {},
    needsVerifiedEmail: true,
    read: readGoogle(settings.OAUTH_GOOGLE_HOSTED_DOMAIN ?? null),
    client: (it) => ({
      id: it.OAUTH_GOOGLE_CLIENT_ID,
      authentication: secretOf('post', it.OAUTH_GOOGLE_CLIENT_SECRET),
    }),
  },
  {
    name: 'github',
    label: 'GitHub',
    issuer: 'https://github.com/login/oauth',
    endpoints: {
      authorization: 'https://github.com/login/oauth/authorize',
      token: 'https://github.com/login/oauth/access_token',
      userinfo: 'https://api.github.com/user',
      keys: null,
      emails: 'https://api.github.com/user/emails',
    },
    algorithms: [],
    scopes: ['read:user', 'user:email'],
    needsVerifiedEmail: false,
    read: readGitHub,
    client: (it) => ({
      id: it.OAUTH_GITHUB_CLIENT_ID,
      authentication: secretOf('post', it.OAUTH_GITHUB_CLIENT_SECRET),
    }),
  },
  {
    name: 'microsoft',
    label: 'Microsoft',
    issuer: `${MICROSOFT}/{tenantid}/v2.0`,
    issuerOf: ({ tid }) => `${MICROSOFT}/${String(tid)}/v2.0`,
    endpoints: {
      authorization: `${MICROSOFT}/${settings.OAUTH_MICROSOFT_TENANT}/oauth2/v2.0/authorize`,
      token: `${MICROSOFT}/${settings.OAUTH_MICROSOFT_TENANT}/oauth2/v2.0/token`,
      userinfo: 'https://graph.microsoft.com/oidc/userinfo',
      keys: `${MICROSOFT}/${settings.OAUTH_MICROSOFT_TENANT}/discovery/v2.0/keys`,
    },
    algorithms: ['RS256'],
    scopes: ['openid', 'email', 'profile'],
    needsVerifiedEmail: false,
    read: readMicrosoft({ tenant: settings.OAUTH_MICROSOFT_TENANT, tenants: settings.OAUTH_MICROSOFT_TENANTS }),
    client: (it) => ({
      id: it.OAUTH_MICROSOFT_CLIENT_ID,
      authentication: secretOf('post', it.OAUTH_MICROSOFT_CLIENT_SECRET),
    }),
  },
  {
    name: 'discord',
    label: 'Discord',
    issuer: 'https://discord.com',
    endpoints: {
      authorization: 'https://discord.com/oauth2/authorize',
      token: 'https://discord.com/api/oauth2/token',
      userinfo: 'https://discord.com/api/users/@me',
      keys: null,
    },
    algorithms: [],
    scopes: ['identify', 'email'],
    needsVerifiedEmail: false,
    read: readDiscord,
    client: (it) => ({
      id: it.OAUTH_DISCORD_CLIENT_ID,
      authentication: secretOf('basic', it.OAUTH_DISCORD_CLIENT_SECRET),
    }),
  },
  {
    name: 'twitter',
    label: 'X',
    issuer: 'https://x.com',
    endpoints: {
      authorization: 'https://x.com/i/oauth2/authorize',
      token: 'https://api.x.com/2/oauth2/token',
      userinfo: 'https://api.x.com/2/users/me?user.fields=confirmed_email',
      keys: null,
    },
    algorithms: [],
    scopes: ['tweet.read', 'users.read', 'users.email'],
    needsVerifiedEmail: false,
    read: readTwitter,
    client: (it) => ({
      id: it.OAUTH_TWITTER_CLIENT_ID,
      authentication: secretOf('basic', it.OAUTH_TWITTER_CLIENT_SECRET),
    }),
  },
  {
    name: 'apple',
    label: 'Apple',
    issuer: 'https://appleid.apple.com',
    endpoints: {
      authorization: 'https://appleid.apple.com/auth/authorize',
      token: 'https://appleid.apple.com/auth/token',
      userinfo: null,
      keys: 'https://appleid.apple.com/auth/keys',
    },
    algorithms: ['RS256'],
    scopes: ['openid', 'name', 'email'],
    parameters: { response_mode: 'form_post' },
    needsVerifiedEmail: true,
    read: readApple,
    client: (it) => ({
      id: it.OAUTH_APPLE_CLIENT_ID,
      authentication: {
        method: 'apple',
        teamId: it.OAUTH_APPLE_TEAM_ID ?? '',
        keyId: it.OAUTH_APPLE_KEY_ID ?? '',
        privateKey: toPem(it.OAUTH_APPLE_PRIVATE_KEY),
      },
    }),
  },
]

/** `https://host/path` is asked for as `<origin>/host/path`. */
const standIn = (address: string, origin: string | undefined): string =>
  origin === undefined ? address : address.replace(/^https:\//, origin)

function standInFor(endpoints: ProviderEndpoints, origin: string | undefined): ProviderEndpoints {
  const moved = Object.entries(endpoints).map(([name, address]) => [name, address && standIn(address, origin)])
  return Object.fromEntries(moved) as ProviderEndpoints
}

/** A fixed provider as the settings have it; null where it is not configured, undefined for another name. */
export function findFixedProvider(settings: Settings, name: string): Provider | null | undefined {
  const row = rowsOf(settings).find((it) => it.name === name)
  if (!row) return undefined
  const { client, ...rest } = row
  const { id, authentication } = client(settings)
  if (id === undefined) return null
  const endpoints = standInFor(row.endpoints, settings.OAUTH_STAND_IN)
  const read = trusting(row.read, settings.OAUTH_TRUST_EMAIL.includes(name))
  return {
    parameters: {},
    ...rest,
    read,
    endpoints,
    clientId: id,
    authentication,
    promisesIssuer: false,
    isFixed: true,
  }
}

/** A reading whose every address stands for an account that is here already, where the deployment says so. */
const trusting = (read: ReadIdentity, isTrusted: boolean): ReadIdentity =>
  isTrusted
    ? (answers) => {
        const identity = read(answers)
        return identity && { ...identity, speaksForEmail: true }
      }
    : read

/** Whether `iss` of a callback names the provider (RFC 9207 2.4); Microsoft's has a tenant in it. */
export const isIssuerOf = ({ issuer }: Pick<Provider, 'issuer'>, iss: string): boolean => {
  const [head = '', tail] = issuer.split('{tenantid}')
  if (tail === undefined) return iss === issuer
  return iss.startsWith(head) && iss.endsWith(tail) && TENANT_ID.test(iss.slice(head.length, -tail.length))
}

export interface ListedProvider {
  readonly name: string
  readonly label: string
  readonly isEnabled: boolean
}

/** Every provider of the settings; fixed ones also where they are not configured. */
export const listProviders = (settings: Settings): ListedProvider[] => [
  ...rowsOf(settings).map(({ name, label, client }) => ({ name, label, isEnabled: client(settings).id !== undefined })),
  ...settings.OAUTH_PROVIDERS.map((it) => ({ name: it.name, label: labelOf(it), isEnabled: true })),
]

const labelOf = ({ name, display_name: label }: OpenIdProvider): string => label ?? name

/** ID tokens signed by keys that the provider alone has. */
/** Those of its algorithms that are accepted of ID tokens: a snapshot may be older than the list. */
const algorithmsOf = ({ id_token_signing_alg_values_supported: named }: ProviderMetadata): string[] =>
  (named ?? ['RS256']).filter((it) => ID_TOKEN_ALGORITHMS.includes(it))

/** A client of a provider that is known by its metadata. */
export interface OpenIdClient {
  readonly name: string
  readonly label: string
  readonly clientId: string
  readonly clientSecret: string
  readonly scopes: readonly string[]
  readonly parameters?: Readonly<Record<string, string>>
  readonly needsVerifiedEmail: boolean
  readonly read: ReadIdentity
}

/** RFC 8414 2: without a list the provider takes `client_secret_basic`. */
const methodOf = ({ token_endpoint_auth_methods_supported: methods }: ProviderMetadata): 'basic' | 'post' =>
  methods && !methods.includes('client_secret_basic') ? 'post' : 'basic'

export const toOpenIdProvider = (metadata: ProviderMetadata, client: OpenIdClient): Provider => {
  const { name, label, clientId, clientSecret, scopes, parameters = {}, needsVerifiedEmail, read } = client
  return {
    name,
    label,
    clientId,
    scopes,
    parameters,
    needsVerifiedEmail,
    read,
    issuer: metadata.issuer,
    endpoints: {
      authorization: metadata.authorization_endpoint,
      token: metadata.token_endpoint,
      userinfo: metadata.userinfo_endpoint ?? null,
      keys: metadata.jwks_uri,
    },
    promisesIssuer: metadata.authorization_response_iss_parameter_supported ?? false,
    isFixed: false,
    algorithms: algorithmsOf(metadata),
    authentication: secretOf(methodOf(metadata), clientSecret),
  }
}

/** The client that OAUTH_PROVIDERS describes. */
export const toClient = (entry: OpenIdProvider, settings: Settings): OpenIdClient => ({
  name: entry.name,
  label: labelOf(entry),
  clientId: entry.client_id,
  clientSecret: entry.client_secret,
  scopes: entry.scopes,
  needsVerifiedEmail: entry.require_verified_email,
  read: trusting(readOpenId(entry.issuer), entry.trust_email || settings.OAUTH_TRUST_EMAIL.includes(entry.name)),
})
