import { type SQL, sql } from 'drizzle-orm'
import type { Ctx } from '../../../context.ts'
import {
  deletedRows,
  HIDDEN,
  listed,
  type ObjectData,
  type Piece,
  shownRows,
  type UserData,
} from '../../../db/user-data.ts'
import type {
  ActivateInput,
  ActivateResult,
  BrowserUseInput,
  BrowserUseResult,
  EndResult,
  EndSessionInput,
  InspectInput,
  InspectResult,
  OpenSessionInput,
  OpenSessionResult,
  RotateInput,
  RotateResult,
  SessionSnapshot,
  ShownTable,
  StepUpInput,
  StepUpResult,
} from '../../../durable/rpc.ts'
import { CONTENTS } from '../../../durable/user-authority/contents.ts'
import { toIso } from '../../../lib/time.ts'
import { memberships, needsSso, needsTwoFactors, organizations } from '../../memberships/tables.ts'
import { PLATFORM } from '../../memberships/types.ts'
import { grants, roleAssignments, roles } from '../../rbac/tables.ts'
import { insertedUser, selectUserRow } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { federatedSessions } from '../tables.ts'
import type { Standing } from '../types.ts'

export const userData: readonly UserData[] = [
  {
    ...deletedRows(federatedSessions, { userId: 'id' }, { also: ['subjectHash', 'sealed'] }),
    ...shownRows(federatedSessions, {
      part: 'sessions',
      by: { userId: 'id' },
      shows: ['sessionId', 'organizationId', 'connectionId', 'secondFactor', 'expiresAt'],
      hides: {
        [HIDDEN.secret]: ['sealed'],
        [HIDDEN.internal]: ['userId', 'subjectHash', 'providerSessionHash', 'hasLogout'],
      },
    }),
  },
]
export const organizationData = [federatedSessions.organizationId]

const toPiece = (row: Readonly<Record<string, string | number | null>>): Piece =>
  Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === 'number' && (name === 'at' || name.endsWith('_at')) ? toIso(value) : value,
    ]),
  )

/** What the user's object holds, table by table. */
export const objectData: readonly ObjectData[] = Object.entries(CONTENTS).map(([table, contents]) => ({
  of: `UserAuthority.${table}`,
  erased: 'by `erase`, before the rows of the database',
  exports: [
    'withheld' in contents
      ? contents
      : listed('sessions', table, contents.shows, async ({ objects }, { id: userId }) =>
          (await objects.user(userId).exportRows({ userId, table: table as ShownTable })).map(toPiece),
        ),
  ],
}))

// Only the user's object stores sessions. A call that fails or takes too long throws SERVICE_UNAVAILABLE.

type Store = Pick<Ctx, 'objects'>
type SessionKey = { readonly userId: string; readonly sessionId: string }

export const insertSession = ({ objects }: Store, input: OpenSessionInput): Promise<OpenSessionResult> =>
  objects.user(input.userId).open(input)

export const rotateSession = ({ objects }: Store, input: RotateInput): Promise<RotateResult> =>
  objects.user(input.userId).rotate(input)

export const stepUpSession = ({ objects }: Store, input: StepUpInput): Promise<StepUpResult> =>
  objects.user(input.userId).raise(input)

export const useBrowser = ({ objects }: Store, input: BrowserUseInput): Promise<BrowserUseResult> =>
  objects.user(input.userId).useBrowser(input)

export const inspectSession = ({ objects }: Store, input: InspectInput): Promise<InspectResult> =>
  objects.user(input.userId).inspect(input)

export const updateEnded = ({ objects }: Store, input: EndSessionInput): Promise<EndResult> =>
  objects.user(input.userId).endSession(input)

export const updateLastUse = ({ objects }: Store, input: SessionKey): Promise<SessionSnapshot | null> =>
  objects.user(input.userId).touchSession(input)

export const selectSession = ({ objects }: Store, input: SessionKey): Promise<SessionSnapshot | null> =>
  objects.user(input.userId).findSession(input)

export const selectSessions = (
  { objects }: Store,
  input: { readonly userId: string; readonly withEnded: boolean },
): Promise<readonly SessionSnapshot[]> => objects.user(input.userId).listSessions(input)

export const updateOrganization = ({ objects }: Store, input: ActivateInput): Promise<ActivateResult> =>
  objects.user(input.userId).activate(input)

/** Whose standing, and of which session; null for one that is to be opened. */
interface StandingKey {
  readonly userId: string
  readonly sessionId: string | null
}

const keysOf = (userId: string, scope: SQL): SQL => sql`(select json_group_array(key) from
  (select ${roles.key} as key from ${roleAssignments} join ${roles} on ${roles.id} = ${roleAssignments.roleId}
    where ${roleAssignments.userId} = ${userId} and ${roleAssignments.scope} = ${scope} order by key))`

const grantedTo = (userId: string, scope: SQL): SQL => sql`(select json_group_array(permission) from
  (select ${grants.permission} as permission from ${grants}
    where ${grants.userId} = ${userId} and ${grants.scope} = ${scope} order by permission))`

const isOfProvider = (sessionId: string | null): SQL =>
  sql`exists (select 1 from ${federatedSessions} where ${federatedSessions.sessionId} = ${sessionId}
    and ${federatedSessions.connectionId} is not null)`

/**
 * The memberships that the user has taken up, oldest first, and a row without id for what is platform-wide, where `needs_sso` says
 * whether an organization's provider opened the session. `keys` and `granted` are lists in JSON.
 */
const selectStandingRows = ({ db }: Pick<Ctx, 'db'>, { userId, sessionId }: StandingKey) =>
  db
    .select({
      id: sql<string | null>`id`,
      role: sql<string>`role`,
      version: sql<number>`version`,
      requires: sql<number>`requires`,
      needsSso: sql<number>`needs_sso`,
      keys: sql<string>`keys`,
      granted: sql<string>`granted`,
    })
    .from(sql`(
    select null as id, '' as role, 0 as version, 0 as requires, ${isOfProvider(sessionId)} as needs_sso,
      ${keysOf(userId, sql`${PLATFORM}`)} as keys, ${grantedTo(userId, sql`${PLATFORM}`)} as granted
    union all select * from (
      select ${organizations.id}, ${memberships.role}, ${organizations.version}, ${needsTwoFactors(sessionId)},
        ${needsSso(sessionId)},
        ${keysOf(userId, sql`${organizations.id}`)}, ${grantedTo(userId, sql`${organizations.id}`)}
      from ${memberships} join ${organizations} on ${organizations.id} = ${memberships.organizationId}
      where ${memberships.userId} = ${userId} and ${memberships.takenUpAt} is not null and ${memberships.removedAt} is null
        and ${organizations.deletedAt} is null
      order by ${memberships.joinedAt})) as standing`)

type StandingRow = Awaited<ReturnType<typeof selectStandingRows>>[number]

function toStanding(rows: readonly StandingRow[]): Standing {
  const listOf = (json: string) => JSON.parse(json) as string[]
  const platform = rows.find(({ id }) => id === null)
  return {
    places: rows.flatMap(({ id, role, version, requires, needsSso, keys, granted }) =>
      id === null
        ? []
        : [
            {
              id,
              role,
              version,
              requiresTwoFactors: requires === 1,
              needsSso: needsSso === 1,
              roles: listOf(keys),
              permissions: listOf(granted),
            },
          ],
    ),
    roles: listOf(platform?.keys ?? '[]'),
    permissions: listOf(platform?.granted ?? '[]'),
    isOfProvider: platform?.needsSso === 1,
  }
}

/** For a user whose row was read before: a removal in between only makes the token outdated. */
export const selectStanding = async (store: Pick<Ctx, 'db'>, key: StandingKey): Promise<Standing> =>
  toStanding(await selectStandingRows(store, key))

/** The user's row with what it holds in organizations, of one moment: a token that a removal overtook is refused by its `ver`. */
export async function selectUserWithStanding(
  store: Pick<Ctx, 'db'>,
  key: StandingKey,
): Promise<{ user: User; standing: Standing } | undefined> {
  const [row, standing] = await store.db.batch([selectUserRow(store, key.userId), selectStandingRows(store, key)])
  const user = insertedUser(row)
  return user && { user, standing: toStanding(standing) }
}
