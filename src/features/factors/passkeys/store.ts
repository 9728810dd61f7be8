import { and, desc, eq, gte, lt, ne, or, type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { deletedRows, HIDDEN, shownRows, type UserData } from '../../../db/user-data.ts'
import { type RowChange, users } from '../../users/tables.ts'
import { passkeyHandles, passkeys } from './tables.ts'
import type { Passkey } from './types.ts'

export const userData: readonly UserData[] = [
  {
    ...deletedRows(passkeys, { userId: 'id' }),
    ...shownRows(passkeys, {
      part: 'identities',
      by: { userId: 'id' },
      shows: [
        'id',
        'credentialId',
        'publicKey',
        'signCount',
        'transports',
        'attachment',
        'deviceType',
        'backedUp',
        'aaguid',
        'rpId',
        'name',
        'createdAt',
        'lastUsedAt',
      ],
      hides: { [HIDDEN.internal]: ['userId'] },
    }),
  },
  {
    ...deletedRows(passkeyHandles, { userId: 'id' }),
    ...shownRows(passkeyHandles, {
      part: 'identities',
      by: { userId: 'id' },
      shows: ['handle'],
      hides: { [HIDDEN.internal]: ['userId'] },
    }),
  },
]

type Storing = Pick<Ctx, 'db'>

const own = (userId: string, id: string): SQL | undefined => and(eq(passkeys.id, id), eq(passkeys.userId, userId))

/** Newest first. */
export const selectPasskeys = ({ db }: Storing, userId: string): Promise<Passkey[]> =>
  db.select().from(passkeys).where(eq(passkeys.userId, userId)).orderBy(desc(passkeys.createdAt), passkeys.id)

export async function selectPasskey({ db }: Storing, userId: string, id: string): Promise<Passkey | undefined> {
  const [row] = await db.select().from(passkeys).where(own(userId, id)).limit(1)
  return row
}

/** Of any user: the credential determines who signs in. */
export async function selectPasskeyByCredential({ db }: Storing, credentialId: string): Promise<Passkey | undefined> {
  const [row] = await db.select().from(passkeys).where(eq(passkeys.credentialId, credentialId)).limit(1)
  return row
}

/**
 * Returns no row when the credential is registered for any user, when the user has `limit` passkeys, or when the user's
 * credentials were changed since `authVersion`: a ceremony begun in a stolen session must end with it.
 */
export function insertPasskey(
  { db }: Storing,
  row: Passkey,
  { limit, authVersion }: { limit: number; authVersion: number },
) {
  const isAllowed = sql`(select count(*) from ${passkeys} where ${passkeys.userId} = ${row.userId}) < ${limit}
    and exists (select 1 from ${users} where ${users.id} = ${row.userId} and ${users.authVersion} = ${authVersion})`
  return db
    .insert(passkeys)
    .select(
      sql`select ${row.id}, ${row.userId}, ${row.credentialId}, ${row.publicKey}, ${row.signCount},
        ${JSON.stringify(row.transports)}, ${row.attachment}, ${row.deviceType}, ${row.backedUp ? 1 : 0}, ${row.aaguid},
        ${row.rpId}, ${row.name}, ${row.createdAt}, ${row.lastUsedAt} where ${isAllowed}`,
    )
    .onConflictDoNothing()
    .returning({ id: passkeys.id })
}

/**
 * Records a use (WebAuthn 6.1.1). Returns no row when the passkey was removed, or its count is not above the stored one, as of
 * a copied key. An authenticator that does not count always reports 0.
 */
export const updateSignCount = (
  { db, now }: Pick<Ctx, 'db' | 'now'>,
  { id, signCount, backedUp }: Pick<Passkey, 'id' | 'signCount' | 'backedUp'>,
) =>
  db
    .update(passkeys)
    .set({ signCount, backedUp, lastUsedAt: now() })
    .where(
      and(
        eq(passkeys.id, id),
        or(lt(passkeys.signCount, signCount), signCount === 0 ? eq(passkeys.signCount, 0) : undefined),
      ),
    )
    .returning({ id: passkeys.id })

/** Writes the row unchanged if its count is not below `signCount`, so that an event can be committed with it. */
export const confirmRegression = ({ db }: Storing, { id, signCount }: Pick<Passkey, 'id' | 'signCount'>) =>
  db
    .update(passkeys)
    .set({ signCount: sql`${passkeys.signCount}` })
    .where(and(eq(passkeys.id, id), gte(passkeys.signCount, signCount), ne(passkeys.signCount, 0)))
    .returning({ signCount: passkeys.signCount })

export const updateName = ({ db }: Storing, { userId, id, name }: Pick<Passkey, 'userId' | 'id' | 'name'>) =>
  db.update(passkeys).set({ name }).where(own(userId, id)).returning()

export const deletePasskey = ({ db }: Storing, { userId, id }: Pick<Passkey, 'userId' | 'id'>) =>
  db.delete(passkeys).where(own(userId, id)).returning()

/** A change of the user that applies only if the statement before it in the batch removed a row. */
export const ifRemoved: RowChange = { set: {}, when: sql`changes() > 0` }

/** The user's handle; stores `handle` if there is none. */
export async function upsertHandle({ db }: Storing, userId: string, handle: string): Promise<string> {
  const rows = await db
    .insert(passkeyHandles)
    .values({ userId, handle })
    .onConflictDoUpdate({ target: passkeyHandles.userId, set: { handle: sql`${passkeyHandles.handle}` } })
    .returning({ handle: passkeyHandles.handle })
  return rows[0]?.handle ?? handle
}

export async function selectHandle({ db }: Storing, userId: string): Promise<string | undefined> {
  const [row] = await db.select().from(passkeyHandles).where(eq(passkeyHandles.userId, userId)).limit(1)
  return row?.handle
}
