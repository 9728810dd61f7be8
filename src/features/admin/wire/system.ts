import * as z from 'zod'
import type { Config } from '../../../config.ts'
import { bodyOrQuery } from '../../../http/input.ts'
import { DAY, MINUTE, SECOND } from '../../../lib/time.ts'
import { VERSION } from '../../../lib/version.ts'
import { listProviders } from '../../federation/service/providers.ts'
import type { Maintenance } from '../../maintenance/service.ts'
import { LINK_LIFETIME_MS } from '../../sign-in/service/magic-links.ts'
import { RESET_LIFETIME_MS } from '../../sign-in/service/reset-token.ts'
import type { RootKeyUse, Stats, SystemHealth } from '../types.ts'

export const StatsAnswer = z
  .object({
    total_users: z.int(),
    active_users: z.int(),
    suspended_users: z.int(),
    deleted_users: z.int(),
    total_organizations: z.int(),
    total_sessions: z.int(),
    active_sessions: z.int(),
    mfa_enabled_users: z.int(),
    oauth_accounts: z.int(),
    passkeys_registered: z.int(),
    users_last_24h: z.int(),
    sessions_last_24h: z.int(),
  })
  .meta({ id: 'AdminStats' })

export const statsToWire = (stats: Stats): z.infer<typeof StatsAnswer> => ({
  total_users: stats.users,
  active_users: stats.activeUsers,
  suspended_users: stats.suspendedUsers,
  deleted_users: stats.deletedUsers,
  total_organizations: stats.organizations,
  total_sessions: stats.sessionsOpened,
  active_sessions: stats.sessionsOpen,
  mfa_enabled_users: stats.usersWithSecondFactor,
  oauth_accounts: stats.identities,
  passkeys_registered: stats.passkeys,
  users_last_24h: stats.usersLastDay,
  sessions_last_24h: stats.sessionsLastDay,
})

export const CacheClearedAnswer = z.object({
  message: z.string(),
  cleared: z.int(),
  caches: z.record(z.string(), z.int()),
})

export const cacheClearedToWire = (caches: Record<string, number>): z.infer<typeof CacheClearedAnswer> => ({
  message: 'The caches of this isolate were cleared; those of other isolates expire by themselves',
  cleared: Object.values(caches).reduce((sum, count) => sum + count, 0),
  caches,
})

const condition = z.enum(['healthy', 'unhealthy'])

export const SystemHealthAnswer = z.object({
  status: z.enum(['healthy', 'degraded', 'unhealthy']),
  database: condition,
  cache: condition,
  storage: condition,
  email: z.enum(['healthy', 'degraded', 'not_configured']),
  uptime: z.int().meta({ description: 'Seconds since the first request of the isolate that answers' }),
  version: z.string(),
  environment: z.string(),
})

export const systemHealthToWire = (
  health: SystemHealth,
  config: Pick<Config, 'MODE'>,
): z.infer<typeof SystemHealthAnswer> => ({ ...health, version: VERSION, environment: config.MODE })

const RootKey = z
  .object({
    id: z.string().meta({ description: 'Begins what it has sealed' }),
    state: z.enum(['current', 'previous', 'unknown']),
    signing_keys: z.int().meta({ description: 'Of tokens, of the record, and of SAML' }),
    totp_secrets: z.int(),
    mails: z.int().meta({ description: 'Mails that wait to be sent' }),
    webhooks: z.int().meta({ description: 'Webhook endpoints' }),
    connections: z.int().meta({ description: 'Single sign-on of organizations' }),
  })
  .meta({ id: 'RootKeyUse' })

export const SystemConfigAnswer = z.object({
  environment: z.string(),
  app_name: z.string(),
  domain: z.string(),
  version: z.string(),
  features: z.record(z.string(), z.union([z.boolean(), z.array(z.string())])).meta({
    description: 'The names of the published client, and further ones',
  }),
  limits: z.record(z.string(), z.int()),
  root_keys: z.array(RootKey).meta({
    description:
      'What is sealed under ROOT_SECRET (`current`), ROOT_SECRET_PREVIOUS (`previous`), and neither (`unknown`)',
  }),
})

/** In the body, as the SDK sends it, or in the query, as an older server read it. */
export const MaintenanceInput = bodyOrQuery(
  'MaintenanceChange',
  { enabled: z.boolean(), message: z.string().max(500) },
  { enabled: z.stringbool() },
)

export const MaintenanceAnswer = z.object({
  message: z.string(),
  enabled: z.boolean(),
  maintenance_mode: z.boolean(),
  maintenance_message: z.string().nullable(),
  note: z.string(),
})

export const maintenanceToWire = ({ enabled, message }: Maintenance): z.infer<typeof MaintenanceAnswer> => ({
  message: enabled ? 'Maintenance mode is on: only admins sign in' : 'Maintenance mode is off',
  enabled,
  maintenance_mode: enabled,
  maintenance_message: message,
  note: 'Takes effect in every isolate within 3 seconds; sessions continue',
})

/** Lists each setting, so that a later one is not published by accident. */
export const systemConfigToWire = (
  config: Config,
  maintenance: Maintenance,
  rootKeys: readonly RootKeyUse[],
): z.infer<typeof SystemConfigAnswer> => ({
  environment: config.MODE,
  app_name: config.APP_NAME,
  domain: new URL(config.PUBLIC_URL).hostname,
  version: VERSION,
  features: {
    sign_ups: config.SIGNUPS_ENABLED,
    verified_email_required: config.REQUIRE_VERIFIED_EMAIL,
    hides_account_existence: config.HIDE_ACCOUNT_EXISTENCE,
    breached_password_check: config.BREACHED_PASSWORD_CHECK,
    admin_secret: config.ADMIN_SECRET_KEY !== undefined,
    mfa_enabled: true,
    passkeys_enabled: true,
    oauth_providers: listProviders(config).flatMap(({ name, isEnabled }) => (isEnabled ? [name] : [])),
    magic_links_enabled: true,
    organizations_enabled: true,
    maintenance: maintenance.enabled,
    surfaces: [...config.COMPAT],
  },
  limits: {
    requests_per_minute_anonymous: config.RATE_LIMIT_ANONYMOUS,
    requests_per_minute_authenticated: config.RATE_LIMIT_AUTHENTICATED,
    requests_per_minute_admin: config.RATE_LIMIT_ADMIN,
    max_sessions_per_user: config.MAX_SESSIONS_PER_USER,
    password_min_length: config.PASSWORD_MIN_LENGTH,
    access_token_seconds: config.ACCESS_TOKEN_SECONDS,
    session_timeout_minutes: Math.floor((config.SESSION_IDLE_SECONDS * SECOND) / MINUTE),
    session_idle_seconds: config.SESSION_IDLE_SECONDS,
    refresh_token_days: Math.ceil((config.SESSION_IDLE_SECONDS * SECOND) / DAY),
    session_absolute_seconds: config.SESSION_ABSOLUTE_SECONDS,
    password_reset_expire_minutes: RESET_LIFETIME_MS / MINUTE,
    magic_link_expire_minutes: LINK_LIFETIME_MS / MINUTE,
    deletion_grace_days: config.DELETION_GRACE_DAYS,
    event_retention_days: config.EVENT_RETENTION_DAYS,
  },
  root_keys: rootKeys.map(({ id, state, signingKeys, totpSecrets, mails, webhooks, connections }) => ({
    id,
    state,
    signing_keys: signingKeys,
    totp_secrets: totpSecrets,
    mails,
    webhooks,
    connections,
  })),
})
