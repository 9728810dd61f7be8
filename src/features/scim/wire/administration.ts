import * as z from 'zod'
import { from, instant, instantOrNull, shape } from '../../../http/answers.ts'
import { bytesUpTo, integerParam } from '../../../http/input.ts'
import { arrayOf } from '../../../http/list.ts'
import { GIVEN_RANKS } from '../../sso/types.ts'
import { RoleMappingField } from '../../sso/wire/configurations.ts'
import { isPlainText } from '../../users/service/users.ts'
import type { addToken, configureDirectory, getStatus, listLog, SeenDirectory } from '../service/configuration.ts'
import { LOG_STATUSES, OPERATIONS, RESOURCE_TYPES } from '../types.ts'

const textOrNull = z.string().nullable()
const Role = z.enum(GIVEN_RANKS)
const Secret = z.string().meta({ description: 'Shown this once' })

const fields = {
  id: z.uuid(),
  organization_id: z.uuid(),
  provider: z.string(),
  enabled: z.boolean(),
  base_url: z.string().meta({ description: 'What the directory is given as the address of this service' }),
  bearer_token_prefix: textOrNull,
  token_expires_at: instantOrNull,
  token_last_used_at: instantOrNull,
  default_role: Role,
  role_mapping: from(z.array(z.object({ group: z.string(), role: Role })), ({ roleMapping }: SeenDirectory) => [
    ...roleMapping,
  ]),
  configuration: z.record(z.string(), z.unknown()),
  created_at: instant,
  updated_at: instant,
} as const

export const DirectoryShape = shape<SeenDirectory>()('SCIMConfig', fields)

export const NewDirectoryShape = shape<Awaited<ReturnType<typeof configureDirectory>>>()('NewSCIMConfig', {
  ...fields,
  bearer_token: Secret,
})

const TOKEN_DAYS = 365
const MAX_TOKEN_DAYS = 1095
const OVERLAP_HOURS = 24
const MAX_OVERLAP_HOURS = 720
const MAX_CONFIGURATION = 8 * 1024

export const DirectoryBody = z
  .object({
    provider: z.string().trim().min(1).max(50).refine(isPlainText, 'must not have control characters').optional(),
    enabled: z.boolean().optional(),
    default_role: Role.optional().meta({ description: 'Of whoever joins by the directory' }),
    role_mapping: RoleMappingField.optional(),
    configuration: z
      .record(z.string(), z.unknown())
      .refine(...bytesUpTo(MAX_CONFIGURATION))
      .optional(),
  })
  .meta({ id: 'SCIMConfigChange' })

const expiresInDays = z.int().min(1).max(MAX_TOKEN_DAYS).default(TOKEN_DAYS)

export const NewDirectoryBody = DirectoryBody.extend({ expires_in_days: expiresInDays }).meta({
  id: 'NewSCIMConfigBody',
})

export const NewTokenBody = z
  .object({
    expires_in_days: expiresInDays,
    overlap_hours: z
      .number()
      .min(0)
      .max(MAX_OVERLAP_HOURS)
      .default(OVERLAP_HOURS)
      .meta({ description: 'How long the tokens from before stay good' }),
  })
  .meta({ id: 'NewSCIMToken' })

export const TokenShape = shape<Awaited<ReturnType<typeof addToken>> & { message: string }>()('SCIMToken', {
  bearer_token: Secret,
  expires_at: instant,
  message: z.string(),
})

export const toFields = (body: z.output<typeof DirectoryBody>) => ({
  provider: body.provider,
  enabled: body.enabled,
  defaultRole: body.default_role,
  roleMapping: body.role_mapping,
  configuration: body.configuration,
})

const number = z.int()

export const StatusShape = shape<Awaited<ReturnType<typeof getStatus>>>()('SCIMStatus', {
  total_users: number,
  active_users: number,
  inactive_users: number,
  total_groups: number,
  total_memberships: number,
  created_24h: number,
  updated_24h: number,
  deactivated_24h: number,
  deleted_24h: number,
  errors_24h: number,
  last_sync_at: instantOrNull,
  last_error_at: instantOrNull,
})

type LogRow = Awaited<ReturnType<typeof listLog>>[number]

export const LogList = arrayOf(
  shape<LogRow>()('SCIMLog', {
    id: z.uuid(),
    organization_id: z.uuid(),
    at: instant,
    created_at: from(z.iso.datetime(), ({ at }: LogRow) => instant.write(at)),
    token_id: z.uuid(),
    operation: z.enum(OPERATIONS),
    resource_type: z.enum(RESOURCE_TYPES),
    resource_id: textOrNull,
    status: z.enum(LOG_STATUSES),
    http_status: number,
    scim_type: textOrNull,
    detail: textOrNull,
    changed: z.array(z.string()).meta({ description: 'Names of attributes, never their values' }),
  }),
)

export const LogQuery = z.object({
  limit: integerParam(1, 1000).default(100),
  offset: integerParam(0, 1_000_000).default(0),
  status: z.enum(LOG_STATUSES).optional(),
  resource_type: z.enum(RESOURCE_TYPES).optional(),
})
