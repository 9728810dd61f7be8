import { and, eq, isNotNull, isNull, lte, type SQL, sql } from 'drizzle-orm'
import type { SQLiteColumn } from 'drizzle-orm/sqlite-core'
import { type Ctx, type DirectoryCtx, directoryActorOf } from '../../../context.ts'
import type { Statement } from '../../../db/commit.ts'
import { prune } from '../../../db/prune.ts'
import { forgottenIn, HIDDEN, shownRows, type UserData } from '../../../db/user-data.ts'
import { DAY } from '../../../lib/time.ts'
import { isDomainOf, isManagedBy } from '../../domains/tables.ts'
import { revokeWhere } from '../../memberships/service.ts'
import { hasRoom, invitations, isJoined, isOpen, mayJoinMore } from '../../memberships/tables.ts'
import { isEmailFree } from '../../users/tables.ts'
import type { User } from '../../users/types.ts'
import { fold } from '../rules/schema.ts'
import { folded, isComplex } from '../rules/values.ts'
import {
  type ScimUserRow,
  scimConfigs,
  scimGroups,
  scimLog,
  scimMembers,
  scimTokens,
  scimUserEmails,
  scimUsers,
} from '../tables.ts'
import type { UserAttributes } from '../types.ts'
import { hasRoomFor } from './directories.ts'

type Store = Pick<Ctx, 'db' | 'now'>

export const userData: readonly UserData[] = [
  {
    ...forgottenIn(scimUsers, ['userId']),
    keeps: { userNameKey: "the directory's own", attributes: "the directory's own", folded: "the directory's own" },
    ...shownRows(scimUsers, {
      part: 'memberships',
      name: 'directory_records',
      by: { userId: 'id' },
      shows: ['id', 'organizationId', 'externalId', 'active', 'attributes', 'createdAt', 'updatedAt', 'deletedAt'],
      hides: {
        [HIDDEN.internal]: ['userId', 'invitationId', 'userNameKey', 'displayNameKey', 'folded', 'version', 'writeId'],
      },
    }),
  },
  {
    ...forgottenIn(scimTokens, ['createdBy'], { organizations: [scimTokens.organizationId] }),
    ...shownRows(scimTokens, {
      part: 'memberships',
      name: 'directory_tokens_you_made',
      by: { createdBy: 'id' },
      shows: ['id', 'organizationId', 'createdAt', 'expiresAt'],
      hides: { [HIDDEN.secret]: ['tokenHash', 'prefix'], [HIDDEN.internal]: ['createdBy', 'lastUsedAt'] },
    }),
  },
  {
    table: scimUserEmails,
    erases: [],
    keeps: { email: "the directory's own" },
    statements: () => [],
    ...shownRows(scimUserEmails, {
      part: 'memberships',
      name: 'directory_addresses',
      by: {
        recordId: ({ id }) => sql`${scimUserEmails.recordId} in (select id from scim_users where user_id = ${id})`,
      },
      shows: ['organizationId', 'email'],
      hides: { [HIDDEN.internal]: ['recordId'] },
    }),
  },
  {
    // Who is in a group is the directory's own, as its record is, which forgets whose account it was.
    table: scimGroups,
    erases: [],
    statements: () => [],
    ...shownRows(scimGroups, {
      part: 'memberships',
      name: 'directory_groups',
      by: {
        id: ({ id }) => sql`${scimGroups.id} in (select group_id from scim_members
          where record_id in (select id from scim_users where user_id = ${id}))`,
      },
      shows: ['id', 'organizationId', 'displayName', 'externalId', 'createdAt', 'updatedAt', 'deletedAt'],
      hides: { [HIDDEN.internal]: ['displayNameKey', 'version', 'writeId'] },
    }),
  },
]

/** What is by a record is its account's, too. */
const ofRecord = (recordId: SQLiteColumn) => ({ users: [sql`(select user_id from scim_users where id = ${recordId})`] })

export const organizationData = [
  scimConfigs.organizationId,
  scimTokens.organizationId,
  { by: scimMembers.organizationId, of: ofRecord(scimMembers.recordId) },
  scimGroups.organizationId,
  { by: scimUserEmails.organizationId, of: ofRecord(scimUserEmails.recordId) },
  scimUsers.organizationId,
  scimLog.organizationId,
]

/** A user as the directory describes it. */
export type ScimUser = Omit<ScimUserRow, 'userNameKey' | 'displayNameKey' | 'folded' | 'writeId' | 'deletedAt'>

export const recordColumns = {
  id: scimUsers.id,
  organizationId: scimUsers.organizationId,
  userId: scimUsers.userId,
  invitationId: scimUsers.invitationId,
  externalId: scimUsers.externalId,
  active: scimUsers.active,
  attributes: scimUsers.attributes,
  version: scimUsers.version,
  createdAt: scimUsers.createdAt,
  updatedAt: scimUsers.updatedAt,
}

interface Key {
  readonly id: string
  readonly organizationId: string
}

const isLive = ({ id, organizationId }: Key) =>
  and(eq(scimUsers.id, id), eq(scimUsers.organizationId, organizationId), isNull(scimUsers.deletedAt))

export const selectRecord = ({ db }: Pick<Store, 'db'>, key: Key): Promise<ScimUser | undefined> =>
  db.select(recordColumns).from(scimUsers).where(isLive(key)).get()

/** Which record has a name, or an account. */
export const selectRecordIdBy = async (
  { db }: Pick<Store, 'db'>,
  { organizationId, ...by }: { organizationId: string } & ({ userName: string } | { userId: string }),
): Promise<string | undefined> => {
  const isIt = 'userName' in by ? eq(scimUsers.userNameKey, fold(by.userName)) : eq(scimUsers.userId, by.userId)
  const row = await db
    .select({ id: scimUsers.id })
    .from(scimUsers)
    .where(and(eq(scimUsers.organizationId, organizationId), isIt, isNull(scimUsers.deletedAt)))
    .get()
  return row?.id
}

const textOf = (value: unknown): string | null => (typeof value === 'string' ? value : null)

const columnsOf = (attributes: UserAttributes) => ({
  userNameKey: fold(attributes.userName),
  externalId: textOf(attributes.externalId),
  displayNameKey: typeof attributes.displayName === 'string' ? fold(attributes.displayName) : null,
  active: attributes.active,
  attributes,
  folded: JSON.stringify(folded(attributes)),
})

const emailsOf = ({ emails }: UserAttributes): string[] =>
  Array.isArray(emails)
    ? emails.flatMap((email) => (isComplex(email) && typeof email.value === 'string' ? [fold(email.value)] : []))
    : []

/** Holds once the batch has written the record. */
export const isWritten = (id: string, writeId: string): SQL =>
  sql`exists (select 1 from scim_users as written where written.id = ${id} and written.write_id = ${writeId})`

const isNameFree = ({ id, organizationId }: Key, userName: string): SQL =>
  sql`not exists (select 1 from scim_users as named where named.organization_id = ${organizationId}
    and named.user_name_key = ${fold(userName)} and named.deleted_at is null and named.id <> ${id})`

const isAccountFree = ({ id, organizationId }: Key, userId: string | null): SQL =>
  userId === null
    ? sql`true`
    : sql`not exists (select 1 from scim_users as linked where linked.organization_id = ${organizationId}
        and linked.user_id = ${userId} and linked.deleted_at is null and linked.id <> ${id})`

export interface RecordWrite extends Key {
  readonly attributes: UserAttributes
  readonly userId: string | null
  readonly invitationId: string | null
  readonly writeId: string
  /** What else must hold. */
  readonly when: SQL
}

/** Writes nothing unless name and account are free in the organization and the condition holds. */
export function insertRecord(store: Store, write: RecordWrite): readonly Statement[] {
  const { db, now } = store
  const { id, organizationId, attributes, userId, invitationId, writeId, when } = write
  const row = columnsOf(attributes)
  return [
    db
      .insert(scimUsers)
      .select(
        sql`select ${id}, ${organizationId}, ${userId}, ${invitationId}, ${row.userNameKey}, ${row.externalId}, ${row.displayNameKey},
          ${Number(row.active)}, ${JSON.stringify(attributes)}, ${row.folded}, 1, ${writeId}, ${now()}, ${now()}, null
          where ${isNameFree(write, attributes.userName)} and ${isAccountFree(write, userId)} and ${hasRoomFor('users', organizationId)}
          and ${when}`,
      )
      .onConflictDoNothing(),
    ...insertEmails(store, write),
  ]
}

/** As `insertRecord`, of a record that has the version that was read. */
export function updateRecord(store: Store, write: RecordWrite & { readonly version: number }): readonly Statement[] {
  const { attributes, userId, invitationId, writeId, when, version } = write
  return [
    store.db
      .update(scimUsers)
      .set({
        ...columnsOf(attributes),
        userId,
        invitationId,
        version: version + 1,
        writeId,
        updatedAt: sql`max(${store.now()}, ${scimUsers.updatedAt})`,
      })
      .where(
        and(
          isLive(write),
          eq(scimUsers.version, version),
          isNameFree(write, attributes.userName),
          isAccountFree(write, userId),
          when,
        ),
      ),
    deleteEmails(store, write),
    ...insertEmails(store, write),
  ]
}

/** The row stays for the log, with its name; what else was said of the person goes. */
export function deleteRecord(store: Store, write: Omit<RecordWrite, 'attributes'> & { readonly version: number }) {
  const { id, writeId, when, version } = write
  return [
    store.db
      .update(scimUsers)
      .set({
        deletedAt: store.now(),
        active: false,
        attributes: sql`json_object('userName', ${scimUsers.attributes} ->> '$.userName', 'active', json('false'))`,
        folded: '{}',
        displayNameKey: null,
        version: version + 1,
        writeId,
      })
      .where(and(isLive(write), eq(scimUsers.version, version), when)),
    deleteEmails(store, write),
    store.db.delete(scimMembers).where(and(eq(scimMembers.recordId, id), isWritten(id, writeId))),
  ] as const
}

const deleteEmails = ({ db }: Store, { id, writeId }: Pick<RecordWrite, 'id' | 'writeId'>) =>
  db.delete(scimUserEmails).where(and(eq(scimUserEmails.recordId, id), isWritten(id, writeId)))

function insertEmails({ db }: Store, { id, organizationId, attributes, writeId }: RecordWrite): readonly Statement[] {
  const emails = emailsOf(attributes)
  if (emails.length === 0) return []
  return [
    db
      .insert(scimUserEmails)
      .select(
        sql`select ${organizationId}, value, ${id} from json_each(${JSON.stringify(emails)}) where ${isWritten(id, writeId)}`,
      )
      .onConflictDoNothing(),
  ]
}

/** Holds while the account is as it was read, and managed or not as it was then. */
export const isAsRead = (
  { id, email, authVersion, status }: User,
  { organizationId, isManaged }: { organizationId: string; isManaged: boolean },
): SQL =>
  sql`(exists (select 1 from users as read_one where read_one.id = ${id} and read_one.email = ${email}
    and read_one.auth_version = ${authVersion} and read_one.status = ${status})
    and ${isManaged ? isManagedBy(organizationId, id) : sql`not ${isManagedBy(organizationId, id)}`})`

/** Holds while the account is a member who has taken that up, below an owner, and no platform admin. */
export const isPlainMember = (organizationId: string, userId: string): SQL =>
  sql`exists (select 1 from memberships as plain join users as member on member.id = plain.user_id
    where plain.organization_id = ${organizationId} and plain.user_id = ${userId} and ${isJoined('plain')}
      and plain.role <> 'owner' and member.role <> 'admin')`

/**
 * Holds while the account owns no organization, nor was offered one. Whoever gets its mail can reset its password: an admin who holds
 * the token would become an owner by it.
 */
export const isNoOwner = (userId: string): SQL =>
  sql`not exists (select 1 from memberships as owned where owned.user_id = ${userId} and owned.role = 'owner'
    and owned.removed_at is null)`

/** Holds while the account is no platform admin's and its address is the organization's, deleted or not. */
export const isOfDomains = (organizationId: string, userId: string): SQL =>
  sql`exists (select 1 from users as person where person.id = ${userId} and person.role <> 'admin'
    and ${isDomainOf(organizationId, sql`substr(person.email, instr(person.email, '@') + 1)`)})`

export const isFree = (store: Pick<Ctx, 'now'>, email: string, userId: string): SQL =>
  isEmailFree(email, { userId, now: store.now() })

export const all = (...conditions: readonly (SQL | undefined)[]): SQL => and(...conditions) ?? sql`true`
export const always: SQL = sql`true`
export { isDomainOf, isManagedBy }

/** Holds while the user may become a member, or, where a membership is there, one again. */
export const joining = (of: { organizationId: string; userId: string; isThere?: true }): SQL =>
  sql`(${isOpen(of.organizationId)} and ${hasRoom(of.organizationId)} and ${mayJoinMore(of.userId)} and ${
    of.isThere
      ? always
      : sql`not exists (select 1 from memberships as there where there.organization_id = ${of.organizationId}
          and there.user_id = ${of.userId} and there.removed_at is null)`
  })`

/** Nobody comes by an invitation that its record no longer has, unless another record has it. */
export const revokeInvitation = (
  ctx: DirectoryCtx,
  { id, recordId }: { id: string; recordId: string },
  written: SQL,
): readonly Statement[] => {
  const isLast = sql`not exists (select 1 from scim_users as other where other.invitation_id = ${id}
    and other.id <> ${recordId} and other.deleted_at is null)`
  return revokeWhere(ctx, directoryActorOf(ctx), and(eq(invitations.id, id), isLast, written), 'left')
}

/** Whether a live record has the invitation: then the directory made it. */
export const isOfRecord = (store: Pick<Store, 'db'>, organizationId: string, invitationId: string): Promise<boolean> =>
  holds(
    store,
    sql`exists (select 1 from scim_users as invited where invited.invitation_id = ${invitationId}
      and invited.organization_id = ${organizationId} and invited.deleted_at is null)`,
  )

/** Whether a condition holds now. */
export async function holds({ db }: Pick<Store, 'db'>, condition: SQL): Promise<boolean> {
  const row = await db.get<{ holds: number }>(sql`select ${condition} as holds`)
  return row?.holds === 1
}

/** How long a deleted record is kept. */
export const deleteRecords = (store: Store & Pick<Ctx, 'config'>): Promise<void> =>
  prune(store, {
    table: scimUsers,
    key: scimUsers.id,
    where: and(
      isNotNull(scimUsers.deletedAt),
      lte(scimUsers.deletedAt, store.now() - store.config.EVENT_RETENTION_DAYS * DAY),
    ),
    of: { users: [scimUsers.userId], organizations: [scimUsers.organizationId] },
    order: scimUsers.deletedAt,
  })
