import { actorOf, type PlaceCtx } from '../../../context.ts'
import { type CommittedEvent, commitAll } from '../../../db/commit.ts'
import { hashSecret } from '../../../lib/crypto.ts'
import { defineError } from '../../../lib/errors.ts'
import { DAY, HOUR, toIso } from '../../../lib/time.ts'
import { areAll, mapping, settleMapped } from '../../memberships/service/mapping.ts'
import { enterOrganization, limitReached } from '../../memberships/service.ts'
import { requireFreshFactor } from '../../sign-in/service/step-up.ts'
import { selectMapping } from '../../sso/service/role-mapping.ts'
import {
  countTokens,
  deleteConfig,
  insertConfig,
  insertToken,
  selectConfig,
  updateConfig,
} from '../store/directories.ts'
import { type LogQuery, selectCounters, selectLog } from '../store/log.ts'
import { mappedByGroups } from '../store/roles.ts'
import type { ScimToken } from '../tables.ts'
import type { GivenRank, RoleMapping } from '../types.ts'
import { newToken, shownOf } from './tokens.ts'

export const directoryConfigured = defineError(
  'DIRECTORY_CONFIGURED',
  'conflict',
  'The organization has a configuration of a directory already',
)
export const directoryNotConfigured = defineError(
  'DIRECTORY_NOT_CONFIGURED',
  'not_found',
  'The organization has no configuration of a directory',
)
export const directoryChanged = defineError(
  'DIRECTORY_CHANGED',
  'conflict',
  'The configuration was changed meanwhile; read it again',
)

const MAX_TOKENS = 10

export interface SeenDirectory {
  readonly id: string
  readonly organizationId: string
  readonly provider: string
  readonly enabled: boolean
  readonly baseUrl: string
  readonly bearerTokenPrefix: string | null
  readonly tokenExpiresAt: number | null
  readonly tokenLastUsedAt: number | null
  readonly defaultRole: GivenRank
  readonly roleMapping: readonly RoleMapping[]
  readonly configuration: Readonly<Record<string, unknown>>
  readonly createdAt: number
  readonly updatedAt: number
}

export interface DirectoryFields {
  readonly provider?: string | undefined
  readonly enabled?: boolean | undefined
  readonly defaultRole?: GivenRank | undefined
  readonly roleMapping?: readonly RoleMapping[] | undefined
  readonly configuration?: Readonly<Record<string, unknown>> | undefined
}

/** Where directories call. */
export const baseUrlOf = ({ config }: Pick<PlaceCtx, 'config'>): string => `${config.PUBLIC_URL}/api/v1/scim/v2`

/** Throws DIRECTORY_NOT_CONFIGURED. */
export async function getDirectory(ctx: PlaceCtx): Promise<SeenDirectory> {
  const { organizationId } = ctx.place
  const [config, roleMapping] = await Promise.all([
    selectConfig(ctx, organizationId),
    selectMapping(ctx, organizationId),
  ])
  if (!config) throw directoryNotConfigured()
  const { token, ...row } = config
  return {
    ...row,
    roleMapping,
    baseUrl: baseUrlOf(ctx),
    bearerTokenPrefix: token?.prefix ?? null,
    tokenExpiresAt: token?.expiresAt ?? null,
    tokenLastUsedAt: token?.lastUsedAt ?? null,
  }
}

async function makeToken(ctx: PlaceCtx, lifetimeDays: number): Promise<{ secret: string; row: ScimToken }> {
  const secret = newToken(ctx)
  const row = {
    id: ctx.newId(),
    organizationId: ctx.place.organizationId,
    tokenHash: await hashSecret(secret),
    prefix: shownOf(secret),
    createdBy: ctx.actor.id,
    createdAt: ctx.now(),
    expiresAt: ctx.now() + lifetimeDays * DAY,
    lastUsedAt: null,
  }
  return { secret, row }
}

/** Of a configuration, for events. */
const shown = ({ provider, enabled, defaultRole, roleMapping }: SeenDirectory) => ({
  provider,
  enabled,
  default_role: defaultRole,
  role_mapping: roleMapping,
})

const eventOf = (
  ctx: PlaceCtx,
  { id, type, data }: { id: string } & Pick<CommittedEvent, 'type'> & { data: CommittedEvent['data'] & object },
): CommittedEvent => ({
  type,
  subject: id,
  userId: null,
  organizationId: ctx.place.organizationId,
  actor: actorOf(ctx),
  data,
})

/** What groups map to changes with the mapping, in the batch of the change. */
const mapped = (ctx: PlaceCtx, mappingId: string) =>
  mapping(ctx, {
    organizationId: ctx.place.organizationId,
    mapped: mappedByGroups,
    actor: actorOf(ctx),
    mappingId,
    affected: areAll,
    when: areAll,
  })

/**
 * Lets a directory write people and groups of the organization; its first token is shown this once. For admins with a fresh factor.
 * Throws DIRECTORY_CONFIGURED, STEP_UP_REQUIRED, INSUFFICIENT_PERMISSIONS.
 */
export async function configureDirectory(
  ctx: PlaceCtx,
  { expiresInDays, ...fields }: DirectoryFields & { expiresInDays: number },
): Promise<SeenDirectory & { bearerToken: string }> {
  await requireFreshFactor(ctx)
  const { organizationId } = ctx.place
  const { secret, row: token } = await makeToken(ctx, expiresInDays)
  const now = ctx.now()
  const roleMapping = fields.roleMapping ?? (await selectMapping(ctx, organizationId))
  const config = {
    id: ctx.newId(),
    organizationId,
    provider: fields.provider ?? 'custom',
    enabled: fields.enabled ?? true,
    defaultRole: fields.defaultRole ?? 'member',
    configuration: { ...fields.configuration },
    createdAt: now,
    updatedAt: now,
  } as const
  const seen: SeenDirectory = {
    ...config,
    roleMapping,
    baseUrl: baseUrlOf(ctx),
    bearerTokenPrefix: token.prefix,
    tokenExpiresAt: token.expiresAt,
    tokenLastUsedAt: null,
  }
  const [made] = await commitAll(
    ctx,
    insertConfig(ctx, { ...config, roleMapping: fields.roleMapping }, token),
    eventOf(ctx, { id: config.id, type: 'directory.configuration.created', data: { after: shown(seen) } }),
  )
  if (made) return { ...seen, bearerToken: secret }
  await enterOrganization(ctx, { id: organizationId }, 'admin')
  throw directoryConfigured()
}

type Given = { readonly [K in keyof DirectoryFields]?: NonNullable<DirectoryFields[K]> }

const given = (fields: DirectoryFields): Given =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** Absent fields stay as they are. Switched off, every token ends at once. Throws as `configureDirectory`, and DIRECTORY_CHANGED. */
export async function changeDirectory(ctx: PlaceCtx, fields: DirectoryFields): Promise<SeenDirectory> {
  await requireFreshFactor(ctx)
  const { organizationId } = ctx.place
  const before = await getDirectory(ctx)
  const set = given(fields)
  const mappingId = ctx.newId()
  const { along, last } = updateConfig(ctx, configOf(before), set)
  const event = eventOf(ctx, {
    id: before.id,
    type: 'directory.configuration.updated',
    data: { before: shown(before), after: shown({ ...before, ...set }) },
  })
  const roles = set.roleMapping ? mapped(ctx, mappingId) : []
  const [done] = await commitAll(ctx, [...along, ...roles, last], event)
  if (!done) throw await changeRefused(ctx)
  if (set.roleMapping) await settleMapped(ctx, { organizationId, mappingId })
  return getDirectory(ctx)
}

const configOf = ({
  id,
  organizationId,
  provider,
  defaultRole,
  configuration,
  createdAt,
  updatedAt,
}: SeenDirectory) => ({
  id,
  organizationId,
  provider,
  defaultRole,
  configuration,
  createdAt,
  updatedAt,
})

async function changeRefused(ctx: PlaceCtx) {
  await enterOrganization(ctx, { id: ctx.place.organizationId }, 'admin')
  await getDirectory(ctx)
  return directoryChanged()
}

/** Its tokens end, its groups and the roles that they gave go; accounts and memberships stay as they are. Throws as `changeDirectory`. */
export async function removeDirectory(ctx: PlaceCtx): Promise<void> {
  await requireFreshFactor(ctx)
  const { organizationId } = ctx.place
  const before = await getDirectory(ctx)
  const mappingId = ctx.newId()
  const { along, last } = deleteConfig(ctx, configOf(before))
  const event = eventOf(ctx, {
    id: before.id,
    type: 'directory.configuration.deleted',
    data: { before: shown(before) },
  })
  const [done] = await commitAll(ctx, [...along, ...mapped(ctx, mappingId), last], event)
  if (!done) throw await changeRefused(ctx)
  await settleMapped(ctx, { organizationId, mappingId })
}

/**
 * A token beside those that there are, which end after `overlapHours`. Shown this once. Throws DIRECTORY_NOT_CONFIGURED,
 * LIMIT_REACHED, STEP_UP_REQUIRED.
 */
export async function addToken(
  ctx: PlaceCtx,
  { expiresInDays, overlapHours }: { expiresInDays: number; overlapHours: number },
): Promise<{ bearerToken: string; expiresAt: number }> {
  await requireFreshFactor(ctx)
  const { organizationId } = ctx.place
  const before = await getDirectory(ctx)
  if ((await countTokens(ctx, organizationId)) >= MAX_TOKENS) throw limitReached({ limit: MAX_TOKENS })
  const { secret, row } = await makeToken(ctx, expiresInDays)
  const token = { prefix: row.prefix, expires_at: toIso(row.expiresAt) }
  const [made] = await commitAll(
    ctx,
    insertToken(ctx, row, ctx.now() + overlapHours * HOUR),
    eventOf(ctx, { id: before.id, type: 'directory.configuration.updated', data: { token } }),
  )
  if (!made) throw await changeRefused(ctx)
  return { bearerToken: secret, expiresAt: row.expiresAt }
}

/** What the directory has made of the organization. Throws DIRECTORY_NOT_CONFIGURED. */
export async function getStatus(ctx: PlaceCtx) {
  const { organizationId } = ctx.place
  await getDirectory(ctx)
  return selectCounters(ctx, organizationId)
}

/** What the directory wrote and was refused, newest first; kept 90 days. */
export const listLog = (ctx: PlaceCtx, query: LogQuery) => selectLog(ctx, ctx.place.organizationId, query)
