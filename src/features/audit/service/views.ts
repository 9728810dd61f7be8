import type { ActorCtx, Ctx } from '../../../context.ts'
import { DomainError, notFound, organizationNotFound } from '../../../lib/errors.ts'
import { isAdmin, isRanked, toRank } from '../../../lib/roles.ts'
import { enterOrganization, findPlace } from '../../memberships/service.ts'
import { selectEmails, selectMembers } from '../store/records.ts'
import type { RecordRow, SeenRow, View } from '../types.ts'

const PLATFORM: View = { of: 'platform' }

/**
 * What a caller reads: all as an admin of the platform, an organization's rows as its owner or admin, else their own. The rank is
 * read at the primary. Throws what `enterOrganization` throws.
 */
export async function viewOf(ctx: ActorCtx, organizationId?: string | null): Promise<View> {
  const isOfPlatform = isAdmin(ctx.actor)
  if (!organizationId) return isOfPlatform ? PLATFORM : { of: 'user', userId: ctx.actor.id }
  try {
    await enterOrganization(ctx, { id: organizationId }, 'admin')
  } catch (cause) {
    // The record outlives an organization, and admins of the platform read it.
    if (!isOfPlatform || !(cause instanceof DomainError) || cause.code !== organizationNotFound.code) throw cause
  }
  return isOfPlatform ? PLATFORM : { of: 'organization', organizationId }
}

async function isAdminIn(ctx: ActorCtx, organizationId: string): Promise<boolean> {
  const membership = (await findPlace(ctx, { id: organizationId }, ctx.actor.id))?.membership
  return membership?.takenUpAt != null && isRanked(toRank(membership.role), 'admin')
}

/**
 * How the caller sees one row. Throws NOT_FOUND where they do not, and to admins of its organization what `enterOrganization` throws:
 * to anybody below, that would tell of the row.
 */
export async function viewOfRow(ctx: ActorCtx, row: RecordRow): Promise<View> {
  const { id: userId } = ctx.actor
  if (isAdmin(ctx.actor)) return PLATFORM
  const own = row.userId === userId || isBy(row, userId) ? ({ of: 'user', userId } as const) : null
  const { organizationId } = row
  if (organizationId === null && own) return own
  if (organizationId === null) throw notFound()
  try {
    await enterOrganization(ctx, { id: organizationId }, 'admin')
    return { of: 'organization', organizationId }
  } catch (cause) {
    if (!(cause instanceof DomainError) || cause.kind !== 'forbidden') throw cause
    if (own) return own
    throw (await isAdminIn(ctx, organizationId)) ? cause : notFound()
  }
}

const isBy = ({ actorType, actorId }: RecordRow, userId: string): boolean => actorType === 'user' && actorId === userId

/** What the view shows of each row, and the addresses of the people in it whom it knows. */
export const see = (ctx: Pick<Ctx, 'db'>, view: View, rows: readonly RecordRow[]): Promise<SeenRow[]> =>
  createSight(ctx, view)(rows)

/** Whom one reading of many pages remembers. */
const PEOPLE_REMEMBERED = 10_000

/** As `see`, page after page: who was met on an earlier page is not looked up again. */
export function createSight(ctx: Pick<Ctx, 'db'>, view: View): (rows: readonly RecordRow[]) => Promise<SeenRow[]> {
  const asked = new Set<string>()
  const known = new Map<string, string | null>()
  return async (rows) => {
    if (asked.size > PEOPLE_REMEMBERED) {
      asked.clear()
      known.clear()
    }
    const people = peopleIn(rows).difference(asked)
    if (people.size > 0) for (const [id, email] of await knownTo(ctx, view, [...people])) known.set(id, email)
    for (const id of people) asked.add(id)
    return rows.map((row) => seeRow(view, known, row))
  }
}

function peopleIn(rows: readonly RecordRow[]): Set<string> {
  const people = new Set<string>()
  for (const { userId, actorType, actorId } of rows) {
    if (userId !== null) people.add(userId)
    if (actorType === 'user') people.add(actorId)
  }
  return people
}

const seeRow = (view: View, known: ReadonlyMap<string, string | null>, row: RecordRow): SeenRow => ({
  row,
  seesData: view.of !== 'user' || row.userId === view.userId,
  seesOrigin: view.of === 'platform' || (row.actorType === 'user' && known.has(row.actorId)),
  userEmail: known.get(row.userId ?? '') ?? null,
  actorEmail: row.actorType === 'user' ? (known.get(row.actorId) ?? null) : null,
})

/** Whom of these people the view knows, with the addresses that it shows. */
function knownTo(
  ctx: Pick<Ctx, 'db'>,
  view: View,
  people: readonly string[],
): Promise<ReadonlyMap<string, string | null>> {
  if (view.of === 'platform') return selectEmails(ctx, people)
  if (view.of === 'user') return selectEmails(ctx, [view.userId])
  return selectMembers(ctx, view.organizationId, people)
}
