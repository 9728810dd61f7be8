import { and, asc, eq, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { deletedRows, HIDDEN, shownRows, type UserData } from '../../../db/user-data.ts'
import { insertedUser } from '../../users/service/users.ts'
import { users } from '../../users/tables.ts'
import type { User } from '../../users/types.ts'
import { passkeys } from '../passkeys/tables.ts'
import { identities } from './tables.ts'
import type { Identity, IdentityKey } from './types.ts'

export const userData: readonly UserData[] = [
  {
    ...deletedRows(identities, { userId: 'id' }, { also: ['subject', 'email'] }),
    ...shownRows(identities, {
      part: 'identities',
      by: { userId: 'id' },
      shows: ['id', 'provider', 'connectionId', 'issuer', 'subject', 'email', 'label', 'createdAt', 'lastUsedAt'],
      hides: { [HIDDEN.internal]: ['userId'] },
    }),
  },
]

type Store = Pick<Ctx, 'db' | 'now'>

const isKey = ({ connectionId, issuer, subject }: IdentityKey): SQL | undefined =>
  connectionId === null
    ? and(isNull(identities.connectionId), eq(identities.issuer, issuer), eq(identities.subject, subject))
    : and(eq(identities.connectionId, connectionId), eq(identities.subject, subject))

export const selectIdentity = ({ db }: Store, key: IdentityKey): Promise<Identity | undefined> =>
  db.select().from(identities).where(isKey(key)).get()

/** With its user's row, of one moment. */
export async function selectIdentityWithUser(
  { db }: Store,
  key: IdentityKey,
): Promise<{ identity: Identity; user: User } | undefined> {
  const [row] = await db
    .select({ identity: identities, user: users })
    .from(identities)
    .innerJoin(users, eq(users.id, identities.userId))
    .where(isKey(key))
    .limit(1)
  const user = row && insertedUser([row.user])
  return user && { identity: row.identity, user }
}

/** In the order in which they were linked. */
export const selectIdentities = ({ db }: Pick<Store, 'db'>, userId: string): Promise<Identity[]> =>
  db.select().from(identities).where(eq(identities.userId, userId)).orderBy(asc(identities.createdAt), identities.id)

/** A condition of a statement; none when undefined. */
export type Condition = SQL | undefined

/** For later statements of a batch: nobody has the identity yet. */
export const isUnknown = (key: IdentityKey): SQL => sql`not exists (select 1 from ${identities} where ${isKey(key)})`

/** No row when somebody has the identity, the user has another one of its provider, or `when` does not hold. */
export const insertIdentity = ({ db }: Pick<Store, 'db'>, row: Identity, when: Condition) =>
  db
    .insert(identities)
    .select(
      sql`select ${row.id}, ${row.userId}, ${row.provider}, ${row.connectionId}, ${row.issuer}, ${row.subject}, ${row.email},
        ${row.label}, ${row.createdAt}, ${row.lastUsedAt} where ${when}`,
    )
    .onConflictDoNothing()
    .returning()

/** Records a sign-in, and how the provider shows the person now. */
export const updateIdentity = ({ db, now }: Store, { id, email, label }: Pick<Identity, 'id' | 'email' | 'label'>) =>
  db.update(identities).set({ email, label, lastUsedAt: now() }).where(eq(identities.id, id))

/** Whether the user has a way to sign in beside this one. A mailed link is none: mail may be switched off. */
const hasAnotherWay = (userId: string, provider: string, open: readonly string[]): SQL | undefined =>
  or(
    sql`exists (select 1 from ${users} where ${users.id} = ${userId} and ${users.passwordHash} is not null)`,
    sql`exists (select 1 from ${passkeys} where ${passkeys.userId} = ${userId})`,
    sql`exists (select 1 from ${identities} as other where other.user_id = ${userId} and other.provider <> ${provider}
      and (other.connection_id is not null or other.provider in (select value from json_each(${JSON.stringify(open)}))))`,
  )

/** No row when the user has no such identity, or no other way in: racing calls cannot remove the last two. `open`: providers that are configured. */
export const deleteIdentity = (
  { db }: Pick<Store, 'db'>,
  { userId, provider, open }: Pick<Identity, 'userId' | 'provider'> & { open: readonly string[] },
) =>
  db
    .delete(identities)
    .where(
      and(
        eq(identities.userId, userId),
        eq(identities.provider, provider),
        isNull(identities.connectionId),
        hasAnotherWay(userId, provider, open),
      ),
    )
    .returning()
