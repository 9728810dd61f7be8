import { and, asc, desc, eq, getTableColumns, gt, inArray, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { ActorCtx, Ctx, Place } from '../../context.ts'
import { type EventRow, toRecorded } from '../../db/delivery.ts'
import { listPage, type Range } from '../../db/list.ts'
import { events } from '../../db/tables.ts'
import { deletedRows, forgottenIn, HIDDEN, shownRows, type UserData } from '../../db/user-data.ts'
import type { RecordedEvent } from '../../lib/event.ts'
import { ADMIN, isAdmin } from '../../lib/roles.ts'
import { isOpen, isOpenTo, isTakenUp, memberships, organizations, stillHas } from '../memberships/tables.ts'
import { users } from '../users/tables.ts'
import { type WebhookRow, webhookEndpoints } from './tables.ts'
import { LIMITS } from './types.ts'

type Store = Pick<Ctx, 'db'>

export const userData: readonly UserData[] = [
  {
    ...deletedRows(webhookEndpoints, { userId: 'id' }),
    ...shownRows(webhookEndpoints, {
      part: 'webhooks',
      by: { userId: 'id' },
      shows: [
        'id',
        'url',
        'events',
        'description',
        'headers',
        'ordered',
        'batch',
        'isActive',
        'disabledReason',
        'createdAt',
        'updatedAt',
      ],
      hides: {
        [HIDDEN.secret]: ['authorizationSealed', 'secretSealed', 'formerSecretSealed'],
        [HIDDEN.internal]: [
          'organizationId',
          'userId',
          'formerSecretUntil',
          'audit',
          'version',
          'toldVersion',
          'createdBy',
          'authorLossToldAt',
        ],
      },
    }),
  },
  {
    ...forgottenIn(webhookEndpoints, ['createdBy'], {
      users: [webhookEndpoints.userId],
      organizations: [webhookEndpoints.organizationId],
    }),
    ...shownRows(webhookEndpoints, {
      part: 'webhooks',
      name: 'webhooks_you_made',
      by: { createdBy: 'id' },
      shows: ['id', 'organizationId', 'createdAt'],
    }),
  },
]

/** By the column that names the organization. */
export const organizationData = [webhookEndpoints.organizationId]

/** Who acts on an endpoint: in an organization (`place`), on the platform's, or on their own. */
export interface Acting {
  readonly actorId: string
  readonly place: Place | null
  readonly isOwn: boolean
}

const maySignIn = (userId: string): SQL =>
  sql`exists (select 1 from users as acting where acting.id = ${userId} and acting.status in ('active', 'pending'))`

/** Rights may be lost between check and write. */
const mayChange = ({ actorId, place, isOwn }: Acting): SQL =>
  isOwn ? maySignIn(actorId) : stillHas('admin', place, actorId)

const isOfPlatform = and(isNull(webhookEndpoints.organizationId), isNull(webhookEndpoints.userId))

function hasRoom({ organizationId, userId }: WebhookRow): SQL {
  const counted = (where: SQL, limit: number) =>
    sql`(select count(*) from webhook_endpoints as counted where ${where}) < ${limit}`
  if (organizationId !== null)
    return counted(sql`counted.organization_id = ${organizationId}`, LIMITS.endpointsPerScope)
  if (userId !== null) return counted(sql`counted.user_id = ${userId}`, LIMITS.endpointsPerUser)
  return counted(sql`counted.organization_id is null and counted.user_id is null`, LIMITS.endpointsPerScope)
}

/** The SQL of `isEmailConfirmed`. */
const isConfirmed = (userId: string): SQL =>
  sql`exists (select 1 from users as maker where maker.id = ${userId} and maker.email_verified_at is not null
    and maker.email_unanswered_since is null)`

/** Inserts nothing when the caller lost the right, their account is not confirmed (any more), or there are as many as there may be. */
export function insertEndpoint({ db }: Store, row: WebhookRow, acting: Acting) {
  const cells = Object.entries(getTableColumns(webhookEndpoints)).map(
    ([name, column]) => sql`${sql.param(row[name as keyof WebhookRow], column)}`,
  )
  return db
    .insert(webhookEndpoints)
    .select(
      sql`select ${sql.join(cells, sql`, `)} where ${mayChange(acting)} and ${isConfirmed(acting.actorId)} and ${hasRoom(row)}`,
    )
    .returning(getTableColumns(webhookEndpoints))
}

type Known = Pick<WebhookRow, 'id' | 'version'>

const isUnmoved = ({ id, version }: Known): SQL | undefined =>
  and(eq(webhookEndpoints.id, id), eq(webhookEndpoints.version, version))

type Changed = Partial<Omit<WebhookRow, 'id' | 'version' | 'organizationId' | 'userId'>>

const changed = ({ db }: Store, known: Known, set: Changed, when: SQL | undefined) =>
  db
    .update(webhookEndpoints)
    .set({ ...set, version: known.version + 1 })
    .where(and(isUnmoved(known), when))
    .returning(getTableColumns(webhookEndpoints))

/** Changes nothing when the endpoint was changed since it was read, or the caller lost the right. */
export const updateEndpoint = (store: Store, known: Known, { set, acting }: { set: Changed; acting: Acting }) =>
  changed(store, known, set, mayChange(acting))

/** As the service itself turns one off. Changes nothing when it is off already. */
export const disableEndpoint = (store: Store, known: Known, set: Changed) =>
  changed(store, known, set, eq(webhookEndpoints.isActive, true))

export const deleteEndpoint = ({ db }: Store, id: string, acting: Acting) =>
  db
    .delete(webhookEndpoints)
    .where(and(eq(webhookEndpoints.id, id), mayChange(acting)))
    .returning({ id: webhookEndpoints.id })

/** Wherever it belongs: whoever calls it asks next whether it is the caller's. */
export const findEndpointOfAny = ({ db }: Store, id: string): Promise<WebhookRow | undefined> =>
  db.select().from(webhookEndpoints).where(eq(webhookEndpoints.id, id)).get()

/** An endpoint whose organization or user is there; `isOpen` is false while its user may not sign in. */
export async function findLiveEndpoint(
  { db }: Store,
  id: string,
): Promise<{ row: WebhookRow; isOpen: boolean } | undefined> {
  const found = await db
    .select({ row: getTableColumns(webhookEndpoints), status: users.status })
    .from(webhookEndpoints)
    .leftJoin(users, eq(users.id, webhookEndpoints.userId))
    .where(
      and(
        eq(webhookEndpoints.id, id),
        or(isNull(webhookEndpoints.organizationId), isOpen(sql`${webhookEndpoints.organizationId}`)),
        or(isNull(webhookEndpoints.userId), isNotNull(users.id)),
      ),
    )
    .get()
  if (!found) return undefined
  const { row, status } = found
  return { row, isOpen: row.userId === null || status === 'active' || status === 'pending' }
}

interface ListFilter extends Range {
  readonly isActive?: boolean | undefined
}

/** Those that a user may change: their own, those of organizations whose admin they are, and, of an admin, the platform's. */
export function selectChangeable(
  store: Pick<ActorCtx, 'db' | 'actor'>,
  { organizationId, isActive, ...range }: ListFilter & { organizationId?: string | undefined },
) {
  const { actor } = store
  const administered = store.db
    .select({ id: memberships.organizationId })
    .from(memberships)
    .innerJoin(organizations, eq(organizations.id, memberships.organizationId))
    .where(
      and(
        eq(memberships.userId, actor.id),
        inArray(memberships.role, ['admin', 'owner']),
        isTakenUp(),
        isNull(organizations.deletedAt),
        isOpenTo(actor),
      ),
    )
  const own = or(
    eq(webhookEndpoints.userId, actor.id),
    inArray(webhookEndpoints.organizationId, administered),
    isAdmin(actor) ? isOfPlatform : undefined,
  )
  const where = and(
    organizationId === undefined ? own : eq(webhookEndpoints.organizationId, organizationId),
    isActive === undefined ? undefined : eq(webhookEndpoints.isActive, isActive),
  )
  const order = [desc(webhookEndpoints.createdAt), webhookEndpoints.id]
  return listPage(store, { table: webhookEndpoints, columns: getTableColumns(webhookEndpoints), where, order }, range)
}

/** The object has been told of this version. */
export const markTold = ({ db }: Store, { id, version }: Known) =>
  db
    .update(webhookEndpoints)
    .set({ toldVersion: version })
    .where(and(eq(webhookEndpoints.id, id), lt(webhookEndpoints.toldVersion, version)))

export const selectUntold = ({ db }: Store, limit: number): Promise<Known[]> =>
  db
    .select({ id: webhookEndpoints.id, version: webhookEndpoints.version })
    .from(webhookEndpoints)
    .where(sql`told_version < version`)
    .orderBy(sql`random()`)
    .limit(limit)

const isStillAuthor = sql`exists (select 1 from users as author where author.id = ${webhookEndpoints.createdBy}
  and author.status in ('active', 'pending') and (author.role = ${ADMIN}
    or exists (select 1 from memberships as held where held.organization_id = ${webhookEndpoints.organizationId}
      and held.user_id = author.id and ${isTakenUp('held')} and held.role in ('admin', 'owner'))))`

/** Endpoints of organizations and of the platform whose author may no longer change them, or was erased, and of which nobody was told. */
export const selectAuthorless = ({ db }: Store, limit: number): Promise<WebhookRow[]> =>
  db
    .select(getTableColumns(webhookEndpoints))
    .from(webhookEndpoints)
    .where(and(isNull(webhookEndpoints.userId), isNull(webhookEndpoints.authorLossToldAt), sql`not ${isStillAuthor}`))
    .limit(limit)

export const markAuthorLossTold = ({ db }: Store, id: string, now: number) =>
  db
    .update(webhookEndpoints)
    .set({ authorLossToldAt: now })
    .where(and(eq(webhookEndpoints.id, id), isNull(webhookEndpoints.authorLossToldAt)))
    .returning({ id: webhookEndpoints.id })

/** Whoever may change the endpoint and may sign in: of an organization its owners and admins, else the admins of the platform. */
export async function selectResponsible(
  { db }: Store,
  { organizationId }: Pick<WebhookRow, 'organizationId'>,
  limit: number,
) {
  const rows =
    organizationId === null
      ? await db
          .select({ id: users.id })
          .from(users)
          .where(and(eq(users.role, ADMIN), eq(users.status, 'active')))
          .orderBy(asc(users.createdAt))
          .limit(limit)
      : await db
          .select({ id: users.id })
          .from(memberships)
          .innerJoin(users, eq(users.id, memberships.userId))
          .where(
            and(
              eq(memberships.organizationId, organizationId),
              inArray(memberships.role, ['owner', 'admin']),
              isTakenUp(),
              eq(users.status, 'active'),
            ),
          )
          .orderBy(desc(memberships.role), asc(memberships.joinedAt))
          .limit(limit)
  return rows.map(({ id }) => id)
}

/** A seal of one of the three columns, if it is not of the key with this id. */
const isOtherSeal = (
  column: typeof webhookEndpoints.secretSealed | typeof webhookEndpoints.authorizationSealed,
  keyId: string,
) => sql`substr(${column}, 1, ${keyId.length + 1}) <> ${`${keyId}.`}`

export const selectSealedBefore = ({ db }: Store, keyId: string, limit: number): Promise<WebhookRow[]> =>
  db
    .select()
    .from(webhookEndpoints)
    .where(
      or(
        isOtherSeal(webhookEndpoints.secretSealed, keyId),
        isOtherSeal(webhookEndpoints.formerSecretSealed as never, keyId),
        isOtherSeal(webhookEndpoints.authorizationSealed, keyId),
      ),
    )
    .limit(limit)

/** The same secrets under another seal: no change that anybody is told of. */
export const updateSeals = (
  { db }: Store,
  known: Known,
  seals: Pick<WebhookRow, 'secretSealed' | 'formerSecretSealed' | 'authorizationSealed'>,
) => db.update(webhookEndpoints).set(seals).where(isUnmoved(known))

/** What the record has of an endpoint's log. */
function ofTopic({ organizationId, userId }: Pick<WebhookRow, 'organizationId' | 'userId'>): SQL | undefined {
  if (organizationId !== null) return eq(events.organizationId, organizationId)
  return userId === null ? undefined : eq(events.userId, userId)
}

const IDS_PER_QUERY = 90

export async function selectRecorded(
  { db }: Store,
  endpoint: Pick<WebhookRow, 'organizationId' | 'userId'>,
  ids: readonly string[],
): Promise<RecordedEvent[]> {
  const rows: EventRow[] = []
  for (let start = 0; start < ids.length; start += IDS_PER_QUERY) {
    const some = ids.slice(start, start + IDS_PER_QUERY)
    rows.push(
      ...(await db
        .select()
        .from(events)
        .where(and(inArray(events.id, some), ofTopic(endpoint)))),
    )
  }
  return rows.map(toRecorded)
}

export interface RecordPosition {
  readonly time: number
  readonly position: number
}

/** Events of the endpoint's log behind a place in the record and before a time, in their order. */
export const selectRecordFrom = (
  { db }: Store,
  endpoint: Pick<WebhookRow, 'organizationId' | 'userId'>,
  { after, until, limit }: { after: RecordPosition; until: number; limit: number },
): Promise<EventRow[]> =>
  db
    .select()
    .from(events)
    .where(
      and(
        sql`${events.time} >= ${after.time}`,
        or(gt(events.time, after.time), gt(events.position, after.position)),
        lt(events.time, until),
        ofTopic(endpoint),
      ),
    )
    .orderBy(asc(events.time), asc(events.position))
    .limit(limit)
