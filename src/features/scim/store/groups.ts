import { and, eq, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import type { Statement } from '../../../db/commit.ts'
import { prune } from '../../../db/prune.ts'
import { DAY } from '../../../lib/time.ts'
import type { MemberChange } from '../rules/members.ts'
import { fold } from '../rules/schema.ts'
import { type ScimGroupRow, scimGroups, scimMembers } from '../tables.ts'
import type { GroupAttributes } from '../types.ts'
import { hasRoomFor } from './directories.ts'
import { groupColumns } from './lists.ts'

type Store = Pick<Ctx, 'db' | 'now'>

/** A group as the directory describes it, without its members. */
export type ScimGroup = Omit<ScimGroupRow, 'displayNameKey' | 'writeId' | 'deletedAt'>

interface Key {
  readonly id: string
  readonly organizationId: string
}

const isLive = ({ id, organizationId }: Key) =>
  and(eq(scimGroups.id, id), eq(scimGroups.organizationId, organizationId), isNull(scimGroups.deletedAt))

export const selectGroup = ({ db }: Pick<Store, 'db'>, key: Key): Promise<ScimGroup | undefined> =>
  db.select(groupColumns).from(scimGroups).where(isLive(key)).get()

export const selectGroupIdByName = async (
  { db }: Pick<Store, 'db'>,
  { organizationId, displayName }: { organizationId: string; displayName: string },
): Promise<string | undefined> =>
  (
    await db
      .select({ id: scimGroups.id })
      .from(scimGroups)
      .where(
        and(
          eq(scimGroups.organizationId, organizationId),
          eq(scimGroups.displayNameKey, fold(displayName)),
          isNull(scimGroups.deletedAt),
        ),
      )
      .get()
  )?.id

/** Holds once the batch has written the group. */
export const isGroupWritten = (id: string, writeId: string): SQL =>
  sql`exists (select 1 from scim_groups as written where written.id = ${id} and written.write_id = ${writeId})`

const isNameFree = ({ id, organizationId }: Key, displayName: string): SQL =>
  sql`not exists (select 1 from scim_groups as named where named.organization_id = ${organizationId}
    and named.display_name_key = ${fold(displayName)} and named.deleted_at is null and named.id <> ${id})`

/** Which of the ids are users of the organization. `CROSS JOIN`: else the planner walks all users for each. */
const known = (organizationId: string, ids: readonly string[]): SQL =>
  sql`from json_each(${JSON.stringify(ids)}) as named cross join scim_users as record on record.id = named.value
    where record.organization_id = ${organizationId} and record.deleted_at is null`

/** Ids that are no users of the organization. */
export async function findUnknown(
  { db }: Pick<Store, 'db'>,
  organizationId: string,
  ids: readonly string[],
): Promise<string[]> {
  if (ids.length === 0) return []
  const rows = await db.all<{ id: string }>(sql`select record.id as id ${known(organizationId, ids)}`)
  const found = new Set(rows.map(({ id }) => id))
  return ids.filter((id) => !found.has(id))
}

export interface GroupWrite extends Key {
  readonly writeId: string
  readonly attributes: GroupAttributes
  /** Users that the change names: the group is not written unless all are there. */
  readonly names: readonly string[]
}

const areThere = ({ organizationId, names }: GroupWrite): SQL =>
  names.length === 0
    ? sql`true`
    : sql`(select count(*) ${known(organizationId, names)}) = ${names.length} and ${hasRoomFor('members', organizationId, names.length)}`

export const insertGroup = ({ db, now }: Store, write: GroupWrite) => {
  const { id, organizationId, attributes, writeId } = write
  return db
    .insert(scimGroups)
    .select(
      sql`select ${id}, ${organizationId}, ${attributes.displayName}, ${fold(attributes.displayName)}, ${attributes.externalId ?? null},
        1, ${writeId}, ${now()}, ${now()}, null where ${isNameFree(write, attributes.displayName)} and ${areThere(write)}
          and ${hasRoomFor('groups', organizationId)}`,
    )
    .onConflictDoNothing()
}

/** `version`: that the group must have; null for any, where only members change. */
export const updateGroup = ({ db, now }: Store, write: GroupWrite & { readonly version: number | null }) => {
  const { attributes, writeId, version } = write
  return db
    .update(scimGroups)
    .set({
      ...(version !== null && {
        displayName: attributes.displayName,
        displayNameKey: fold(attributes.displayName),
        externalId: attributes.externalId ?? null,
      }),
      version: sql`${scimGroups.version} + 1`,
      writeId,
      updatedAt: sql`max(${now()}, ${scimGroups.updatedAt})`,
    })
    .where(
      and(
        isLive(write),
        version === null ? undefined : eq(scimGroups.version, version),
        version === null ? undefined : isNameFree(write, attributes.displayName),
        areThere(write),
      ),
    )
}

/** The row stays for the log; its members go. */
export const deleteGroup = (
  { db, now }: Store,
  { version, writeId, ...key }: Key & { version: number; writeId: string },
) => [
  db
    .update(scimGroups)
    .set({ deletedAt: now(), version: version + 1, writeId })
    .where(and(isLive(key), eq(scimGroups.version, version))),
  db.delete(scimMembers).where(and(eq(scimMembers.groupId, key.id), isGroupWritten(key.id, writeId))),
]

const idsIn = (ids: readonly string[]): SQL => sql`(select value from json_each(${JSON.stringify(ids)}))`

/** Changes members once the group is written. Rows that are there stay: nobody is doubled, and nobody whom others add is lost. */
export function changeMembers({ db }: Store, write: GroupWrite, { op, ids }: MemberChange): readonly Statement[] {
  const { id, organizationId, writeId } = write
  const written = isGroupWritten(id, writeId)
  const insert = () =>
    db
      .insert(scimMembers)
      .select(sql`select ${organizationId}, ${id}, record.id, ${writeId} ${known(organizationId, ids)} and ${written}`)
      .onConflictDoNothing()
  const isIn = sql`${scimMembers.recordId} in ${idsIn(ids)}`
  const remove = (condition: SQL | undefined) =>
    db.delete(scimMembers).where(and(eq(scimMembers.groupId, id), condition, written))
  if (op === 'remove') return [remove(isIn)]
  const added = ids.length === 0 ? [] : [insert()]
  return op === 'add' ? added : [remove(sql`not ${isIn}`), ...added]
}

export const selectMemberIds = async ({ db }: Pick<Store, 'db'>, groupId: string): Promise<string[]> =>
  (await db.select({ id: scimMembers.recordId }).from(scimMembers).where(eq(scimMembers.groupId, groupId))).map(
    ({ id }) => id,
  )

/** Which of the ids are members. */
export const selectMembersAmong = async (
  { db }: Pick<Store, 'db'>,
  groupId: string,
  ids: readonly string[],
): Promise<string[]> =>
  (
    await db.all<{ id: string }>(sql`select member.record_id as id from json_each(${JSON.stringify(ids)}) as named
      cross join scim_members as member on member.group_id = ${groupId} and member.record_id = named.value`)
  ).map(({ id }) => id)

/** How long a deleted group is kept. */
export const deleteGroups = (store: Store & Pick<Ctx, 'config'>): Promise<void> =>
  prune(store, {
    table: scimGroups,
    key: scimGroups.id,
    where: and(
      isNotNull(scimGroups.deletedAt),
      lte(scimGroups.deletedAt, store.now() - store.config.EVENT_RETENTION_DAYS * DAY),
    ),
    of: { organizations: [scimGroups.organizationId] },
    order: scimGroups.deletedAt,
  })
