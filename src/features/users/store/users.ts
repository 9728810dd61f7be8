import { and, eq, getTableColumns, is, isNotNull, lte, not, or, SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import { isUserHeld } from '../../../db/holds.ts'
import { deletedRows, HIDDEN, shownRows, type UserData } from '../../../db/user-data.ts'
import { toUserStatus } from '../rules.ts'
import { costlyHashes, formerAddresses, isReserved, type RowChange, type UserRow, users } from '../tables.ts'
import type { User } from '../types.ts'

type Store = Pick<Ctx, 'db' | 'now'>
export type NewUserRow = Omit<typeof users.$inferInsert, 'number'>

/** What other tables of this feature hold of a user; the row itself is deleted last (`deleteUserRow`). */
export const userData: readonly UserData[] = [
  {
    ...deletedRows(formerAddresses, { userId: 'id' }, { also: ['email', 'replacedBy', 'emailUnansweredSince'] }),
    ...shownRows(formerAddresses, {
      part: 'identities',
      by: { userId: 'id' },
      shows: ['email', 'replacedBy', 'changedAt', 'until'],
      hides: { [HIDDEN.internal]: ['id', 'userId', 'emailUnansweredSince'] },
    }),
  },
  {
    ...deletedRows(costlyHashes, { userId: 'id' }),
    ...shownRows(costlyHashes, {
      part: 'identities',
      name: 'imported_password',
      by: { userId: 'id' },
      shows: ['usedAt'],
      hides: { [HIDDEN.internal]: ['userId', 'costMs'] },
    }),
  },
  {
    table: users,
    // `deleteUserRow`: the whole row, last.
    erases: [],
    statements: () => [],
    ...shownRows(users, {
      part: 'profile',
      by: { id: 'id' },
      shows: [
        'number',
        'id',
        'email',
        'emailVerifiedAt',
        'emailUnansweredSince',
        'username',
        'role',
        'status',
        'externalId',
        'importedAt',
        'firstName',
        'lastName',
        'displayName',
        'profileImageUrl',
        'bio',
        'phoneNumber',
        'phoneVerified',
        'timezone',
        'locale',
        'metadata',
        'appMetadata',
        'mfaEnabled',
        'createdAt',
        'updatedAt',
        'lastSignInAt',
        'deletedAt',
        'eraseAt',
      ],
      hides: {
        [HIDDEN.secret]: ['passwordHash'],
        [HIDDEN.internal]: [
          'usernameKey',
          'authVersion',
          'keptSessionId',
          'factorVersion',
          'claimsVersion',
          'erasingSince',
          'userRestorable',
        ],
      },
    }),
  },
]

const toUser = ({ usernameKey: _key, status, ...row }: UserRow): User => ({ ...row, status: toUserStatus(status) })

const toFirstUser = ([row]: UserRow[]): User | undefined => (row ? toUser(row) : undefined)

export const selectUserRow = ({ db }: Pick<Store, 'db'>, id: string) =>
  db.select().from(users).where(eq(users.id, id)).limit(1)

export const selectUser = async (store: Store, id: string): Promise<User | undefined> =>
  toFirstUser(await selectUserRow(store, id))

/** `email` is normalized. */
export const selectUserByEmail = async ({ db }: Store, email: string): Promise<User | undefined> =>
  toFirstUser(await db.select().from(users).where(eq(users.email, email)).limit(1))

/** `usernameKey` is `normalizeUsername` of the name. */
export const selectUserByUsernameKey = async ({ db }: Store, usernameKey: string): Promise<User | undefined> =>
  toFirstUser(await db.select().from(users).where(eq(users.usernameKey, usernameKey)).limit(1))

export const selectUserByNumber = async ({ db }: Store, number: number): Promise<User | undefined> =>
  toFirstUser(await db.select().from(users).where(eq(users.number, number)).limit(1))

/** The values of a new row, in the order of the columns. */
const cellsOf = (row: Partial<typeof users.$inferInsert>): SQL[] =>
  Object.entries(getTableColumns(users)).map(([name, column]) => {
    const value = row[name as keyof typeof row] ?? column.default ?? null
    return is(value, SQL) ? value : sql`${sql.param(value, column)}`
  })

/** Inserts the rows of a query, without those whose email or username is taken. */
export const insertUsers = ({ db }: Pick<Store, 'db'>, rows: SQL) => db.insert(users).select(rows).onConflictDoNothing()

/** The statement returns no row when the email or the username is taken, the email is reserved, or the condition does not hold. */
export const insertUser = ({ db, now }: Store, row: NewUserRow, when: SQL = sql`true`) =>
  insertUsers(
    { db },
    sql`select ${sql.join(cellsOf(row), sql`, `)}
      where not ${isReserved(row.email, { userId: row.id, now: now() })} and ${when}`,
  ).returning(getTableColumns(users))

/** The user in the rows that a statement returned. */
export const insertedUser = toFirstUser

/** Changes many rows by a JSON list whose items are `row` in `set` and `when`. No sessions end; the caller writes the events. */
export const updateUsers = ({ db, now }: Store, list: string, { set, when }: RowChange) =>
  db
    .update(users)
    .set({ ...set, updatedAt: now() })
    .from(sql`json_each(${list}) as row`)
    .where(when)

/**
 * Begins to erase a deleted user whose grace period has ended, and whom no legal hold keeps. A hold that comes later is refused: of
 * the two statements one is first. No row when there is nothing to erase, or not yet.
 */
export const updateErasing = ({ db, now }: Store, id: string) =>
  db
    .update(users)
    .set({ erasingSince: sql`coalesce(${users.erasingSince}, ${now()})` })
    .where(
      and(
        eq(users.id, id),
        eq(users.status, 'deleted'),
        lte(users.eraseAt, now()),
        or(isNotNull(users.erasingSince), not(isUserHeld(users.id))),
      ),
    )
    .returning({ id: users.id })

/** For the batch that erases a user, as its last statement. */
export const deleteUserRow = ({ db }: Pick<Store, 'db'>, id: string, when: SQL) =>
  db
    .delete(users)
    .where(and(eq(users.id, id), when))
    .returning({ id: users.id })

/** Replaces the hash only if it is still `from`: a password that was changed meanwhile stays. */
export const updatePasswordHash = ({ db }: Store, input: { userId: string; from: string; to: string }) =>
  db
    .update(users)
    .set({ passwordHash: input.to })
    .where(and(eq(users.id, input.userId), eq(users.passwordHash, input.from)))

/** The time never moves back: deferred writes may arrive out of order. */
export const updateLastSignIn = ({ db }: Store, userId: string, at: number) =>
  db
    .update(users)
    .set({ lastSignInAt: sql`max(coalesce(${users.lastSignInAt}, 0), ${at})` })
    .where(eq(users.id, userId))
