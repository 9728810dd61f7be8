import { and, desc, eq, gt, inArray, isNull, lt, lte, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx, PlaceCtx } from '../../../context.ts'
import { prune } from '../../../db/prune.ts'
import { MINUTE } from '../../../lib/time.ts'
import { updateOrganization } from '../../memberships/service.ts'
import { organizations, stillHas } from '../../memberships/tables.ts'
import { replaceMapping } from '../../sso/service/role-mapping.ts'
import { type ScimConfig, type ScimToken, scimConfigs, scimGroups, scimMembers, scimTokens } from '../tables.ts'
import { LIMITS, type RoleMapping } from '../types.ts'

type Store = Pick<Ctx, 'db' | 'now'>
type Acting = Store & Pick<PlaceCtx, 'place' | 'actor'>

const isOn = and(isNull(organizations.deletedAt), eq(organizations.directoryEnabled, true))

/** The organization whose directory has the token, while that is good. */
export const selectDirectory = ({ db, now }: Store, tokenHash: string) =>
  db
    .select({
      tokenId: scimTokens.id,
      lastUsedAt: scimTokens.lastUsedAt,
      organizationId: organizations.id,
      organizationName: organizations.name,
      slug: organizations.slug,
    })
    .from(scimTokens)
    .innerJoin(scimConfigs, eq(scimConfigs.organizationId, scimTokens.organizationId))
    .innerJoin(organizations, and(eq(organizations.id, scimTokens.organizationId), isOn))
    .where(and(eq(scimTokens.tokenHash, tokenHash), gt(scimTokens.expiresAt, now())))
    .get()

const TOUCHED_EVERY = MINUTE

export const touchToken = ({ db, now }: Store, id: string) =>
  db
    .update(scimTokens)
    .set({ lastUsedAt: now() })
    .where(
      and(eq(scimTokens.id, id), or(isNull(scimTokens.lastUsedAt), lt(scimTokens.lastUsedAt, now() - TOUCHED_EVERY))),
    )

export const isTouchDue = ({ now }: Pick<Ctx, 'now'>, lastUsedAt: number | null): boolean =>
  lastUsedAt === null || lastUsedAt < now() - TOUCHED_EVERY

/** The configuration, whether it is on, and its newest token that is still good. */
export async function selectConfig({ db, now }: Store, organizationId: string) {
  const [[config], [token]] = await db.batch([
    db
      .select({ config: scimConfigs, enabled: organizations.directoryEnabled })
      .from(scimConfigs)
      .innerJoin(organizations, eq(organizations.id, scimConfigs.organizationId))
      .where(eq(scimConfigs.organizationId, organizationId)),
    db
      .select({ prefix: scimTokens.prefix, expiresAt: scimTokens.expiresAt, lastUsedAt: scimTokens.lastUsedAt })
      .from(scimTokens)
      .where(and(eq(scimTokens.organizationId, organizationId), gt(scimTokens.expiresAt, now())))
      .orderBy(desc(scimTokens.createdAt), desc(scimTokens.expiresAt))
      .limit(1),
  ])
  return config && { ...config.config, enabled: config.enabled, token: token ?? null }
}

/** How much of the directory there is: kept by triggers, so that nothing is counted row by row. */
export const COUNTERS = {
  users: organizations.directoryUsers,
  activeUsers: organizations.directoryActiveUsers,
  groups: organizations.directoryGroups,
  members: organizations.directoryMembers,
  accounts: organizations.memberCount,
} as const

export const selectCounts = ({ db }: Pick<Ctx, 'db'>, organizationId: string) =>
  db.select(COUNTERS).from(organizations).where(eq(organizations.id, organizationId))

/** Holds while the directory may have so many more. */
export const hasRoomFor = (what: keyof typeof LIMITS, organizationId: string, more = 1): SQL =>
  sql`exists (select 1 from ${organizations} where ${organizations.id} = ${organizationId}
    and ${COUNTERS[what]} + ${more} <= ${LIMITS[what]})`

export const selectDefaultRole = async ({ db }: Pick<Ctx, 'db'>, organizationId: string) =>
  (
    await db
      .select({ role: scimConfigs.defaultRole })
      .from(scimConfigs)
      .where(eq(scimConfigs.organizationId, organizationId))
      .get()
  )?.role ?? 'member'

const isAdmin = ({ place, actor }: Acting): SQL => stillHas('admin', place, actor.id)

const isConfigured = (organizationId: string): SQL =>
  sql`exists (select 1 from scim_configs as there where there.organization_id = ${organizationId})`

const isAsRead = ({ id, updatedAt }: Pick<ScimConfig, 'id' | 'updatedAt'>): SQL =>
  sql`exists (select 1 from scim_configs as there where there.id = ${id} and there.updated_at = ${updatedAt})`

const insertTokenRow = ({ db }: Pick<Store, 'db'>, row: ScimToken, when: SQL) =>
  db
    .insert(scimTokens)
    .select(
      sql`select ${row.id}, ${row.organizationId}, ${row.tokenHash}, ${row.prefix}, ${row.createdBy}, ${row.createdAt}, ${row.expiresAt},
        null where ${when}`,
    )
    .returning({ id: scimTokens.id })

interface Setting {
  readonly enabled?: boolean | undefined
  readonly roleMapping?: readonly RoleMapping[] | undefined
}

/** What a configuration says that is written elsewhere. */
const settings = (ctx: Acting, { enabled, roleMapping }: Setting, when: SQL) => [
  ...(roleMapping ? replaceMapping(ctx, ctx.place.organizationId, roleMapping, when) : []),
  ...(enabled === undefined
    ? []
    : [updateOrganization(ctx, ctx.place.organizationId, { set: { directoryEnabled: enabled }, when })]),
]

/** The last statement returns no row when there is a configuration, or the caller is no admin any more. */
export function insertConfig(ctx: Acting, row: ScimConfig & Setting, token: ScimToken) {
  const when = sql`${isAdmin(ctx)} and not ${isConfigured(row.organizationId)}`
  return [
    ...settings(ctx, row, when),
    insertTokenRow(ctx, token, when),
    ctx.db
      .insert(scimConfigs)
      .select(
        sql`select ${row.id}, ${row.organizationId}, ${row.provider}, ${row.defaultRole}, ${JSON.stringify(row.configuration)},
          ${row.createdAt}, ${row.updatedAt} where ${when}`,
      )
      .onConflictDoNothing()
      .returning({ id: scimConfigs.id }),
  ] as const
}

/** `last` returns no row when it was changed since it was read, or the caller is no admin any more. */
export function updateConfig(
  ctx: Acting,
  before: ScimConfig,
  { enabled, roleMapping, configuration, ...own }: Partial<Omit<ScimConfig, 'configuration'>> & Setting & Configuration,
) {
  const when = sql`${isAdmin(ctx)} and ${isAsRead(before)}`
  const last = ctx.db
    .update(scimConfigs)
    .set({
      ...own,
      ...(configuration && { configuration: { ...configuration } }),
      updatedAt: Math.max(ctx.now(), before.updatedAt + 1),
    })
    .where(and(eq(scimConfigs.id, before.id), when))
    .returning({ id: scimConfigs.id })
  return { along: settings(ctx, { enabled, roleMapping }, when), last }
}

interface Configuration {
  readonly configuration?: Readonly<Record<string, unknown>>
}

/** As `updateConfig`. Tokens and groups go with it; the records of people stay for a directory that comes later. */
export function deleteConfig(ctx: Acting, before: ScimConfig) {
  const when = sql`${isAdmin(ctx)} and ${isAsRead(before)}`
  const { organizationId } = before
  const along = [
    ...settings(ctx, { enabled: false }, when),
    ctx.db.delete(scimTokens).where(and(eq(scimTokens.organizationId, organizationId), when)),
    ctx.db.delete(scimMembers).where(and(eq(scimMembers.organizationId, organizationId), when)),
    ctx.db.delete(scimGroups).where(and(eq(scimGroups.organizationId, organizationId), when)),
  ]
  const last = ctx.db
    .delete(scimConfigs)
    .where(and(eq(scimConfigs.id, before.id), when))
    .returning({ id: scimConfigs.id })
  return { along, last }
}

/** A token beside those that there are, which end then. The last statement returns no row without a configuration, or a right. */
export function insertToken(ctx: Acting, row: ScimToken, othersEndAt: number) {
  const when = sql`${isAdmin(ctx)} and ${isConfigured(row.organizationId)}`
  const others = and(eq(scimTokens.organizationId, row.organizationId), gt(scimTokens.expiresAt, othersEndAt), when)
  return [
    ctx.db.update(scimTokens).set({ expiresAt: othersEndAt }).where(others),
    insertTokenRow(ctx, row, when),
  ] as const
}

/** Deletes a limited number of tokens that have ended. */
export const deleteEndedTokens = (store: Store): Promise<void> =>
  prune(store, {
    table: scimTokens,
    key: scimTokens.id,
    where: lte(scimTokens.expiresAt, store.now()),
    of: { organizations: [scimTokens.organizationId] },
  })

export const countTokens = async ({ db, now }: Store, organizationId: string): Promise<number> =>
  db.$count(scimTokens, and(inArray(scimTokens.organizationId, [organizationId]), gt(scimTokens.expiresAt, now())))
