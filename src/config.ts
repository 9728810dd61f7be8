import * as z from 'zod/mini'
import en from 'zod/v4/locales/en.js'
import { MIN_PASSWORD_LENGTH } from './lib/password-hash/length.ts'
import { importRootKeys, type RootKeys } from './lib/root-keys.ts'

/** The Worker's bindings and variables, as `wrangler.toml`, secrets and `.dev.vars` give them. */
export interface Env {
  readonly DB: D1Database
  readonly KV: KVNamespace
  readonly ASSETS: Fetcher
  readonly USER_AUTHORITY: DurableObjectNamespace
  readonly SIGN_IN_GUARD: DurableObjectNamespace
  readonly REVOCATION_FEED: DurableObjectNamespace
  readonly EVENT_HUB: DurableObjectNamespace
  readonly WEBHOOK_ENDPOINT: DurableObjectNamespace
  readonly OBJECT_EVENTS: Queue<unknown>
  readonly MAIL: Queue<unknown>
  readonly SEND_EMAIL?: SendEmail
  readonly RATE_LIMITER?: RateLimit
}

/** The documented systems whose own paths are served. */
export const SURFACES = ['janux', 'auth-service', 'users-api', 'gateway-auth'] as const
export type SurfaceName = (typeof SURFACES)[number]

z.config(en())

// Each rule has a message of its own: an operator reads it, not a programmer.
const flag = (fallback: boolean) => z._default(z.stringbool('must be true or false'), fallback)
const wholeNumber = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`
  return z.coerce.number(message).check(z.int(message), z.minimum(min, message), z.maximum(max, message))
}
const integer = (fallback: number, min: number, max: number) => z._default(wholeNumber(min, max), fallback)
const oneOf = <const T extends readonly string[]>(...names: T) => z.enum(names, `must be ${orList(names)}`)
const orList = (names: readonly string[]): string =>
  names.length === 1 ? `${names[0]}` : `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`
const itemsOf = (text: string): string[] =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')
const list = z.pipe(z._default(z.string(), ''), z.transform(itemsOf))
const secret = z.string('is missing').check(z.minLength(32, 'must have at least 32 characters'))
const MAILBOX = /^(?:((?:[^<>"\p{C}]|"(?:[^"\\\p{C}]|\\\P{C})*")*) *<)?([^\s\p{C}<>"(),:;@[\]\\]+@[A-Za-z0-9.-]+)(>?)$/u

/** A display name without the quotes and backslashes of its quoted strings (RFC 5322 3.2.4). */
const unquote = (phrase: string): string =>
  phrase.replace(/"((?:[^"\\]|\\.)*)"/gu, (_, quoted: string) => quoted.replace(/\\(.)/gu, '$1')).trim()

/** `postern@example.com`, `Postern <postern@example.com>` or `"Postern, Inc." <postern@example.com>` (RFC 5322 3.4). */
const addressed = z
  .pipe(
    z.string(),
    z.transform((text) => MAILBOX.exec(text.trim())),
  )
  .check(
    z.refine((match) => match !== null && (match[1] === undefined) === (match[3] === ''), 'must be a mail address'),
  )
const mailbox = z
  .pipe(
    addressed,
    z.transform((match) => ({ name: unquote(match?.[1] ?? '') || null, address: match?.[2] ?? '' })),
  )
  .check(z.refine(({ name }) => (name ?? '').length <= 80, 'must have a name of at most 80 characters'))
const origin = z.pipe(
  z
    .url({
      protocol: /^https?$/,
      error: ({ input }) => (input === undefined ? 'is missing' : 'must be an http(s) address'),
      abort: true,
    })
    .check(
      z.regex(/^[^?#@]*?:\/\/[^/?#@]+\/?$/, { error: 'must have a scheme, a host and a port alone', abort: true }),
    ),
  z.transform((url) => new URL(url).origin),
)
/** As browsers write an origin, for it is compared as text; an app's own (`capacitor://localhost`) has no other form. */
const toOrigin = (text: string): string => {
  const parsed = URL.parse(text)?.origin ?? 'null'
  return parsed === 'null' ? text.replace(/\/$/, '') : parsed
}
const originsLike = (form: RegExp, message: string) =>
  z.pipe(list, z.array(z.pipe(z.string().check(z.regex(form, message)), z.transform(toOrigin))))
const origins = originsLike(
  /^[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@*]+\/?$/i,
  'must list origins, such as https://app.example.com',
)
/** As `origins`; a scheme that an app owns, which has a dot in it (RFC 8252 7.1), is compared as a scheme. */
const returnOrigins = originsLike(
  /^(?:[a-z][a-z0-9+.-]*:\/\/[^\s/\\?#@*]+\/?|[a-z][a-z0-9+-]*(?:\.[a-z0-9+-]+)+:)$/i,
  'must list origins, such as https://app.example.com, or schemes of apps, such as com.example.app:',
)
const domain = z.string().check(z.regex(/^(?:[a-z0-9-]+\.)*[a-z][a-z0-9-]*$/, 'must be a domain in lower case'))
/** What a browser or an app says of itself in a passkey; `*` stands for every subdomain, or every port of localhost. */
const passkeyOrigin = z
  .string()
  .check(
    z.regex(
      /^(?:https:\/\/(?:\*\.)?[a-z0-9.-]+(?::\d+)?|http:\/\/localhost(?::(?:\d+|\*))?|android:apk-key-hash:[\w-]+)$/,
      'must list https://host, https://*.host, http://localhost:port or android:apk-key-hash:…',
    ),
  )
/** A colour as style sheets write it, in lower case. */
const color = z.pipe(
  z.string().check(z.regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #1d4ed0')),
  z.transform((text) => text.toLowerCase()),
)
const secureAddress = z.pipe(
  z.url({ protocol: /^https$/, error: 'must be an https address' }),
  z.transform((text) => new URL(text).href),
)
/** In its normal form. */
const webAddress = z.pipe(
  z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }),
  z.transform((text) => new URL(text).href),
)
const NOT_PROVIDERS = 'must be a JSON list of providers with name, issuer, client_id and client_secret'
/** A provider of other people's sign-ins, as settings and paths name it. */
export const PROVIDER_NAME = /^[a-z][a-z0-9-]{0,31}$/
/** A directory of Microsoft. */
export const TENANT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/
/** Names that are paths of the authorization server, or of fixed providers. */
const TAKEN_PROVIDERS: readonly string[] = [
  ...['authorize', 'token', 'introspect', 'revoke', 'userinfo', 'exchange', 'link', 'clients', 'consent'],
  ...['providers', 'accounts', 'callback', 'unlink', 'continue', 'sso'],
  ...['google', 'github', 'microsoft', 'discord', 'twitter', 'apple'],
]
const OpenIdProvider = z.strictObject({
  name: z.string(NOT_PROVIDERS).check(
    z.regex(PROVIDER_NAME, 'has a name that is not 1 to 32 of a-z, 0-9 and -'),
    z.refine((name) => !TAKEN_PROVIDERS.includes(name), 'has a name that is taken'),
  ),
  display_name: z.optional(z.string().check(z.maxLength(60))),
  issuer: z.url({ protocol: /^https?$/, error: 'has an issuer that is no address' }),
  client_id: z.string(NOT_PROVIDERS),
  client_secret: z.string(NOT_PROVIDERS),
  scopes: z._default(z.array(z.string()), ['openid', 'email', 'profile']),
  trust_email: z._default(z.boolean(), false),
  require_verified_email: z._default(z.boolean(), true),
})
export type OpenIdProvider = z.infer<typeof OpenIdProvider>
const openIdProviders = z.pipe(
  z.pipe(
    z._default(z.string(), '[]'),
    z.transform((text, { issues }) => {
      try {
        return JSON.parse(text) as unknown
      } catch {
        issues.push({ code: 'custom', message: NOT_PROVIDERS, input: text })
        return z.NEVER
      }
    }),
  ),
  z
    .array(OpenIdProvider, NOT_PROVIDERS)
    .check(z.refine((all) => new Set(all.map(({ name }) => name)).size === all.length, 'has a name twice')),
)
/** An empty one counts as not set. */
const text = (max: number) => z.string().check(z.maxLength(max, `must have at most ${max} characters`))

const isCookieDomain = (domain: string | undefined, host: string): boolean =>
  domain === undefined ||
  domain === host ||
  (host.endsWith(`.${domain}`) && domain.includes('.') && !/^[\d.]+$/.test(host))

// The comments are `docs/settings.md`, whose headings are the lines of `//`: `npm run docs` writes it.
const Variables = z
  .object({
    // The service
    /** `local` mounts `/dev/*` for a loopback host and keeps mails in the mailbox */
    MODE: z._default(oneOf('production', 'local'), 'production'),
    /** where the service is reached: issuer of tokens, origin of links; `https` in production */
    PUBLIC_URL: origin,
    /** every key is derived from it (docs/operations.md#secrets) */
    ROOT_SECRET: secret,
    /** the secret before a change of `ROOT_SECRET`, while anything sealed under it lives */
    ROOT_SECRET_PREVIOUS: z.optional(secret),
    /** the name that people see, in mails, on pages and in authenticator apps */
    APP_NAME: z._default(text(60), 'Postern'),
    /** the language of people whose own is not known, or has no texts: `de`, `pt-BR` */
    DEFAULT_LOCALE: z._default(
      z.string().check(z.regex(/^[a-z]{2}(-[A-Z]{2})?$/, 'must be a language, as `de` or `pt-BR`')),
      'en',
    ),
    /** the application's address, to which pages and mails lead on; `https` in production */
    APP_URL: z.optional(webAddress),
    /** the colour of buttons and links on pages, `#rrggbb`. Text on it is black or white, and links get a legible shade of it */
    BRAND_COLOR: z.optional(color),
    /** a picture in place of `APP_NAME` above pages; `https`, on any host */
    BRAND_LOGO_URL: z.optional(
      secureAddress.check(
        // Its origin stands in the pages' policy.
        z.refine((url) => /^[a-z0-9.-]+$/.test(new URL(url).hostname), 'must have a host of letters, digits, - and .'),
      ),
    ),
    /** where people get help, linked below pages: `https:` or `mailto:` */
    SUPPORT_URL: z.optional(
      z.pipe(
        z.url({ protocol: /^(?:https|mailto)$/, error: 'must be an https or mailto address' }),
        z.transform((text) => new URL(text).href),
      ),
    ),
    /** the terms of use, linked where people sign up; `https` */
    TERMS_URL: z.optional(secureAddress),
    /** what becomes of people's data, linked where they sign up; `https` */
    PRIVACY_URL: z.optional(secureAddress),
    /** the documented systems whose own paths are served (docs/compat.md); empty for none */
    COMPAT: z.pipe(
      z.pipe(
        z.pipe(z._default(z.string(), SURFACES.join(',')), z.transform(itemsOf)),
        z.array(z.enum(SURFACES, `must list ${SURFACES.join(', ')}, or be empty`)),
      ),
      z.transform((names) => [...new Set(names)]),
    ),
    /** where objects live. Fixed for a deployment; none in local mode */
    JURISDICTION: z.optional(oneOf('eu', 'fedramp')),
    /** local mode believes `CF-Connecting-IP`: for tests */
    TRUST_ADDRESS_HEADER: flag(false),
    /** answers carry `Server-Timing` */
    SERVER_TIMING: flag(false),
    // Tokens and keys
    /** `aud` of access tokens */
    AUDIENCE: z._default(z.string(), 'postern'),
    /** life of an access token */
    ACCESS_TOKEN_SECONDS: integer(600, 60, 3600),
    /** access tokens have the claim `ext`: the id of the system that the user was imported from */
    EXTERNAL_ID_CLAIM: flag(false),
    /** what new signing keys use */
    JWT_ALG: z._default(oneOf('RS256', 'ES256', 'EdDSA'), 'RS256'),
    /** how long verifiers may keep the public keys; a new key is published that long before it signs */
    JWKS_CACHE_SECONDS: integer(300, 30, 86_400),
    /** age at which a signing key is replaced */
    KEY_ROTATION_DAYS: integer(30, 1, 365),
    // Sessions
    /** how long a used refresh token still gets its successor, without the `Idempotency-Key` of its use */
    REFRESH_REPLAY_SECONDS: integer(10, 0, 60),
    /** a session that is not refreshed for so long expires */
    SESSION_IDLE_SECONDS: integer(7 * 86_400, 60, 365 * 86_400),
    /** the longest life of a session */
    SESSION_ABSOLUTE_SECONDS: integer(30 * 86_400, 60, 365 * 86_400),
    /** beyond it the oldest session ends */
    MAX_SESSIONS_PER_USER: integer(10, 1, 100),
    // Checks of gateways
    /**
     * seconds that `/validate` may answer from its last view when nothing else answers; 5 keeps the bound of
     * revocation and answers 503 instead
     */
    VALIDATE_MAX_STALE: integer(60, 5, 600),
    /** past `VALIDATE_MAX_STALE`, accept tokens until they expire instead of 503 */
    VALIDATE_FAIL_OPEN: flag(false),
    /** checks a minute per client credential; 0 is no limit */
    VALIDATE_LIMIT: integer(0, 0, 10_000_000),
    /** the cookie in which gateways look for an access token */
    SESSION_COOKIE: z._default(
      z.string().check(z.regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, 'must be a cookie name')),
      '__Secure-postern',
    ),
    /**
     * the host of `PUBLIC_URL`, or a domain above it with two labels or more: pages then set `SESSION_COOKIE` for it, and every
     * host under it gets the cookie and could use it at the others (docs/pages.md). Empty: nothing sets it
     */
    SESSION_COOKIE_DOMAIN: z.optional(
      z.string().check(z.regex(/^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/, 'must be a host or a domain in lower case')),
    ),
    // Browsers
    /**
     * origins that browsers may call from, comma separated, app shells too (`capacitor://localhost`). What pages of
     * other sites send is refused; local mode adds loopback
     */
    CORS_ORIGINS: origins,
    /**
     * more origins to which links in mails and sign-ins by other providers may send people and tokens (`redirect_url`),
     * comma separated, besides `PUBLIC_URL` and `CORS_ORIGINS`. For such sign-ins also schemes that apps own
     * (`com.example.app:`)
     */
    REDIRECT_ORIGINS: returnOrigins,
    // Accounts
    /** people may sign up */
    SIGNUPS_ENABLED: flag(true),
    /** no answer says whether an address has an account */
    HIDE_ACCOUNT_EXISTENCE: flag(false),
    /**
     * sign-in needs a verified address, and a second factor or passkey one whose holder has said that the account is
     * theirs
     */
    REQUIRE_VERIFIED_EMAIL: flag(false),
    /** who knows it may register admins; without it only admins may (docs/admin.md#registering-admins) */
    ADMIN_SECRET_KEY: z.optional(z.string()),
    /** how long a deleted account can be restored before it is erased; 0 erases it within a minute */
    DELETION_GRACE_DAYS: integer(30, 0, 365),
    /** how long the event record is kept */
    EVENT_RETENTION_DAYS: integer(90, 1, 3650),
    // Organizations
    /** who may make organizations: `users` with a verified address, or `admins` alone */
    ORGANIZATIONS_CREATED_BY: z._default(oneOf('users', 'admins'), 'users'),
    /**
     * an invitation makes an account also where sign-ups are closed. On when empty where admins alone make
     * organizations, else off: there anybody could invite anybody
     */
    INVITED_SIGNUPS: z.optional(z.stringbool('must be true or false')),
    // Single sign-on
    /**
     * two resolvers of DNS over HTTPS with answers in JSON, comma separated. They read the record that proves a domain,
     * and must agree
     */
    DOH_URLS: z.pipe(
      z.pipe(
        z._default(z.string(), 'https://cloudflare-dns.com/dns-query,https://dns.google/resolve'),
        z.transform(itemsOf),
      ),
      z
        .tuple([webAddress, webAddress], 'must list two addresses')
        .check(z.refine(([one, other]) => new URL(one).host !== new URL(other).host, 'must list two different hosts')),
    ),
    // Passwords
    /** the fewest characters of a new password */
    PASSWORD_MIN_LENGTH: integer(MIN_PASSWORD_LENGTH, MIN_PASSWORD_LENGTH, 64),
    /** refuse passwords known from breaches, asked by a part of their hash; passes when the list does not answer */
    BREACHED_PASSWORD_CHECK: flag(false),
    /**
     * how long an imported password hash that is slower than ours is kept while nobody signs in with it; then it is
     * dropped and its user mailed a link (docs/import.md#what-a-hash-may-cost)
     */
    FOREIGN_HASH_DAYS: integer(365, 1, 3650),
    // Passkeys
    /**
     * the domain that passkeys are made for, the host of `PUBLIC_URL` when empty; they work on its subdomains too.
     * Another one later makes all passkeys useless
     */
    PASSKEY_RP_ID: z.optional(domain),
    /** the name that browsers show with a passkey, `APP_NAME` when empty */
    PASSKEY_RP_NAME: z.optional(text(64)),
    /**
     * pages that may use passkeys, comma separated; `PUBLIC_URL` when empty, and in local mode every port of
     * `localhost`
     */
    PASSKEY_ORIGINS: z.pipe(list, z.array(passkeyOrigin)),
    /** whether an authenticator asks for a PIN or a finger. Without it a passkey counts as one factor */
    PASSKEY_USER_VERIFICATION: z._default(oneOf('required', 'preferred', 'discouraged'), 'preferred'),
    // Signing in with other providers
    /** where a browser goes after a sign-in that named no `redirect_to`; without it a page shows the code */
    DEFAULT_RETURN_URL: z.optional(webAddress),
    /** the client at Google (docs/social.md) */
    OAUTH_GOOGLE_CLIENT_ID: z.optional(z.string()),
    /** its secret */
    OAUTH_GOOGLE_CLIENT_SECRET: z.optional(z.string()),
    /** only accounts of this Google Workspace domain */
    OAUTH_GOOGLE_HOSTED_DOMAIN: z.optional(domain),
    /** the client at GitHub */
    OAUTH_GITHUB_CLIENT_ID: z.optional(z.string()),
    /** its secret */
    OAUTH_GITHUB_CLIENT_SECRET: z.optional(z.string()),
    /** the client at Microsoft */
    OAUTH_MICROSOFT_CLIENT_ID: z.optional(z.string()),
    /** its secret */
    OAUTH_MICROSOFT_CLIENT_SECRET: z.optional(z.string()),
    /** `common`, `organizations`, `consumers` or the id of a tenant */
    OAUTH_MICROSOFT_TENANT: z._default(
      z
        .string()
        .check(
          z.regex(
            /^(?:common|organizations|consumers|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/,
            'must be common, organizations, consumers or the id of a tenant',
          ),
        ),
      'common',
    ),
    /** ids of the only tenants whose people may sign in, comma separated; all when empty */
    OAUTH_MICROSOFT_TENANTS: z.pipe(list, z.array(z.string().check(z.regex(TENANT_ID, 'must list ids of tenants')))),
    /** the client at Discord */
    OAUTH_DISCORD_CLIENT_ID: z.optional(z.string()),
    /** its secret */
    OAUTH_DISCORD_CLIENT_SECRET: z.optional(z.string()),
    /** the client at X */
    OAUTH_TWITTER_CLIENT_ID: z.optional(z.string()),
    /** its secret */
    OAUTH_TWITTER_CLIENT_SECRET: z.optional(z.string()),
    /** the services id at Apple */
    OAUTH_APPLE_CLIENT_ID: z.optional(z.string()),
    /** the team that it belongs to */
    OAUTH_APPLE_TEAM_ID: z.optional(z.string()),
    /** the id of the key below */
    OAUTH_APPLE_KEY_ID: z.optional(z.string()),
    /** a P-256 key as PEM (the `.p8` file); `\\n` stands for a line break */
    OAUTH_APPLE_PRIVATE_KEY: z.optional(
      z.string().check(z.regex(/^\s*-----BEGIN PRIVATE KEY-----/, 'must be PEM that begins with BEGIN PRIVATE KEY')),
    ),
    /** any OpenID providers, as a list in JSON (docs/social.md#any-openid-provider) */
    OAUTH_PROVIDERS: openIdProviders,
    /**
     * providers whose verified addresses stand for an account that is here already, comma separated. Whoever names a
     * provider here believes it about every address in the world
     */
    OAUTH_TRUST_EMAIL: z.pipe(list, z.array(z.string().check(z.regex(PROVIDER_NAME, 'must list names of providers')))),
    /** local mode: where `https://host/path` of the fixed providers is asked for as `/host/path`, for tests */
    OAUTH_STAND_IN: z.optional(origin),
    // Mail
    /**
     * how mail leaves. `mailbox` keeps it, in local mode only, where it is the default. Without a transport, calls
     * that send mail answer 503 `CONFIGURATION_ERROR`, and a sign-up says `verification_email: "unavailable"`
     */
    MAIL_TRANSPORT: z.optional(oneOf('mailbox', 'smtp', 'http', 'binding')),
    /**
     * the sender: `gate@example.com`, `Postern <gate@example.com>` or `"Postern, Inc." <gate@example.com>`. Needed by
     * every transport but the mailbox
     */
    MAIL_FROM: z.optional(mailbox),
    /** the pause after the first failed attempt; it doubles, up to an hour */
    MAIL_RETRY_SECONDS: integer(15, 0, 3600),
    /** the server by name */
    SMTP_HOST: z.optional(text(253)),
    /** 465 when empty, 587 with STARTTLS. The platform opens no connection to port 25 */
    SMTP_PORT: z.optional(wholeNumber(1, 65_535)),
    /** `none` in local mode only */
    SMTP_SECURITY: z._default(oneOf('tls', 'starttls', 'none'), 'tls'),
    /** the login, if the server wants one */
    SMTP_USERNAME: z.optional(z.string()),
    /** its password */
    SMTP_PASSWORD: z.optional(z.string()),
    /** the API of `http`, in the shape of Resend's `POST /emails` */
    MAIL_API_URL: z.pipe(
      z._default(z.url({ protocol: /^https?$/, error: 'must be an http(s) address' }), 'https://api.resend.com'),
      z.transform((url) => url.replace(/\/+$/, '')),
    ),
    /** its key */
    MAIL_API_KEY: z.optional(z.string()),
    // Limits
    /** requests a minute by address */
    RATE_LIMIT_ANONYMOUS: integer(100, 1, 1_000_000),
    /** requests a minute by user or machine */
    RATE_LIMIT_AUTHENTICATED: integer(1000, 1, 1_000_000),
    /** requests a minute by admin */
    RATE_LIMIT_ADMIN: integer(5000, 1, 1_000_000),
    /**
     * signed-in calls an hour that write events (profiles, notifications, the chatbot), by user; admins and machines
     * have twenty times as many. What ends sessions, takes rights away or changes a credential or factor is never
     * refused by it
     */
    RATE_LIMIT_WRITES_HOURLY: integer(600, 1, 1_000_000),
    /** requests an hour by user on `/api/v1/users` with an integer id, `skip` or `limit`, beside those a minute */
    RATE_LIMIT_USERS_HOURLY: integer(1000, 1, 1_000_000),
  })
  .check(
    z.refine((value) => value.SESSION_IDLE_SECONDS <= value.SESSION_ABSOLUTE_SECONDS, {
      path: ['SESSION_IDLE_SECONDS'],
      message: 'must not exceed SESSION_ABSOLUTE_SECONDS',
    }),
    z.refine((value) => value.MODE === 'local' || value.PUBLIC_URL.startsWith('https://'), {
      path: ['PUBLIC_URL'],
      message: 'must be https in production',
    }),
    z.refine((value) => value.MODE === 'local' || (value.APP_URL?.startsWith('https://') ?? true), {
      path: ['APP_URL'],
      message: 'must be https in production',
    }),
    z.refine((value) => value.MODE === 'local' || (value.ADMIN_SECRET_KEY?.length ?? 16) >= 16, {
      path: ['ADMIN_SECRET_KEY'],
      message: 'must have at least 16 characters in production',
    }),
    z.refine((value) => value.MODE === 'local' || value.MAIL_API_URL.startsWith('https://'), {
      path: ['MAIL_API_URL'],
      message: 'must be https in production',
    }),
    z.refine((value) => value.MODE === 'local' || value.DOH_URLS.every((url) => url.startsWith('https://')), {
      path: ['DOH_URLS'],
      message: 'must be https in production',
    }),
    z.refine((value) => value.MODE === 'local' || !value.PASSKEY_ORIGINS.some((entry) => entry.startsWith('http:')), {
      path: ['PASSKEY_ORIGINS'],
      message: 'must be https in production',
    }),
    z.refine((value) => value.MODE === 'local' || (value.DEFAULT_RETURN_URL?.startsWith('https://') ?? true), {
      path: ['DEFAULT_RETURN_URL'],
      message: 'must be https in production',
    }),
    z.refine((value) => value.MODE === 'local' || value.OAUTH_PROVIDERS.every((it) => it.issuer.startsWith('https:')), {
      path: ['OAUTH_PROVIDERS'],
      message: 'must have issuers with https in production',
    }),
    z.refine((value) => isCookieDomain(value.SESSION_COOKIE_DOMAIN, new URL(value.PUBLIC_URL).hostname), {
      path: ['SESSION_COOKIE_DOMAIN'],
      message: 'must be the host of PUBLIC_URL, or a domain above it with two labels or more',
    }),
    z.refine(
      ({ SESSION_COOKIE: name, SESSION_COOKIE_DOMAIN: domain, PUBLIC_URL }) =>
        domain === undefined || domain === new URL(PUBLIC_URL).hostname || !/^__host-/i.test(name),
      {
        path: ['SESSION_COOKIE'],
        message:
          'must not begin with __Host- where SESSION_COOKIE_DOMAIN is above the host: browsers drop such a cookie',
      },
    ),
    z.refine((value) => !value.OAUTH_TRUST_EMAIL.includes('microsoft'), {
      path: ['OAUTH_TRUST_EMAIL'],
      message: 'must not name microsoft: any admin of any tenant writes the addresses there',
    }),
    z.refine((value) => value.MODE === 'local' || value.OAUTH_STAND_IN === undefined, {
      path: ['OAUTH_STAND_IN'],
      message: 'is for local mode',
    }),
    ...(['GOOGLE', 'GITHUB', 'MICROSOFT', 'DISCORD', 'TWITTER'] as const).map((name) =>
      z.refine<Readonly<Record<string, unknown>>>(
        (value) =>
          (value[`OAUTH_${name}_CLIENT_ID`] === undefined) === (value[`OAUTH_${name}_CLIENT_SECRET`] === undefined),
        { path: [`OAUTH_${name}_CLIENT_SECRET`], message: `goes with OAUTH_${name}_CLIENT_ID` },
      ),
    ),
    z.refine(
      (value) =>
        new Set(
          (['CLIENT_ID', 'TEAM_ID', 'KEY_ID', 'PRIVATE_KEY'] as const).map(
            (part) => value[`OAUTH_APPLE_${part}`] === undefined,
          ),
        ).size === 1,
      {
        path: ['OAUTH_APPLE_CLIENT_ID'],
        message: 'goes with OAUTH_APPLE_TEAM_ID, OAUTH_APPLE_KEY_ID and OAUTH_APPLE_PRIVATE_KEY',
      },
    ),
    z.refine((value) => value.MODE !== 'local' || value.JURISDICTION === undefined, {
      path: ['JURISDICTION'],
      message: 'is for a deployment: the local runtime has none',
    }),
  )

export type Variables = z.infer<typeof Variables>

/** Every setting, with the keys that are derived from `ROOT_SECRET` in its place. */
export interface Config extends Omit<Variables, 'ROOT_SECRET' | 'ROOT_SECRET_PREVIOUS'> {
  readonly rootKeys: RootKeys
}

/** A deployment that cannot be served: names of the settings that are missing or malformed, never their values. */
export interface BrokenConfig {
  readonly broken: readonly { readonly name: string; readonly reason: string }[]
}

/** Every setting's name, as the environment has it. */
export const SETTING_NAMES: readonly string[] = Object.keys(Variables.shape)

/** TOML and JSON have numbers and booleans; what else an environment holds are bindings. */
const isVariable = (value: unknown): value is string | number | boolean =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'

// An empty string is how a shell unsets a variable; it means "not set" for all but COMPAT, where it means none.
const parseVariables = (env: object) =>
  Variables.safeParse(
    Object.fromEntries(
      Object.entries(env)
        .filter(([name, value]) => isVariable(value) && (value !== '' || name === 'COMPAT'))
        .map(([name, value]) => [name, String(value)]),
    ),
  )

const toBroken = (error: z.core.$ZodError): BrokenConfig['broken'] => {
  const found = error.issues.map((issue) => ({ name: String(issue.path[0] ?? ''), reason: issue.message }))
  // A list has the same reason once for each of its entries.
  return [...new Map(found.map((each) => [`${each.name} ${each.reason}`, each])).values()]
}

const STAND_INS = { PUBLIC_URL: 'https://example.com', ROOT_SECRET: '-'.repeat(32) }

/** What two settings say of each other, which is looked at only where each is good by itself. */
function findMisfits(env: object, broken: BrokenConfig['broken']): BrokenConfig['broken'] {
  const names = new Set(broken.map(({ name }) => name))
  const good = Object.fromEntries(Object.entries(env).filter(([name]) => !names.has(name)))
  const result = parseVariables({ ...STAND_INS, ...good })
  if (result.success) return []
  return toBroken(result.error).filter(
    ({ name, reason }) => !names.has(name) && ![...names].some((other) => reason.includes(other)),
  )
}

/** The settings as scripts read them before they start or deploy a Worker, or everything that keeps them from being served. */
export function readVariables(env: object): Variables | BrokenConfig {
  const result = parseVariables(env)
  if (result.success) return result.data
  const broken = toBroken(result.error)
  return { broken: [...broken, ...findMisfits(env, broken)] }
}

/** What keeps these variables from being served; empty when nothing does. */
export function findBrokenVariables(env: object): BrokenConfig['broken'] {
  const result = readVariables(env)
  return 'broken' in result ? result.broken : []
}

const parsed = new WeakMap<object, Promise<Config | BrokenConfig>>()

async function parse(env: object): Promise<Config | BrokenConfig> {
  const result = parseVariables(env)
  if (!result.success) return { broken: toBroken(result.error) }
  const { ROOT_SECRET, ROOT_SECRET_PREVIOUS, ...rest } = result.data
  return { ...rest, rootKeys: await importRootKeys({ current: ROOT_SECRET, previous: ROOT_SECRET_PREVIOUS ?? null }) }
}

/** The configuration of this isolate: parsed once for each `env`. */
export function loadConfig(env: Env): Promise<Config | BrokenConfig> {
  const known = parsed.get(env) ?? parse(env)
  parsed.set(env, known)
  return known
}

export const isBroken = (config: Config | BrokenConfig): config is BrokenConfig => 'broken' in config

/** For what has no request to answer: objects, cron, queues. Throws the names of the settings that are wrong. */
export async function requireConfig(env: Env): Promise<Config> {
  const config = await loadConfig(env)
  if (isBroken(config)) throw new Error(`not configured: ${config.broken.map(({ name }) => name).join(', ')}`)
  return config
}
