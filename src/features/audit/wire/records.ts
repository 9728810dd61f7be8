import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { integerParam, UuidParam } from '../../../http/input.ts'
import { arrayOf, pageQuery, rangeOfPage } from '../../../http/list.ts'
import { DAY, toIso } from '../../../lib/time.ts'
import { EVENT_TYPES, findEventType } from '../../events/types.ts'
import { orAbsent, UserParam } from '../../users/wire.ts'
import { typesOfAction } from '../rules/actions.ts'
import { findTime } from '../rules/cursor.ts'
import type { RecordFilter, RecordPage, SeenRow } from '../types.ts'

/** `ofDay` is added to a date without a time, which begins in UTC. */
export const instant = (ofDay: number) =>
  z
    .string()
    .max(40)
    .transform((text, { addIssue }) => {
      const time = findTime(text)
      if (time !== undefined) return text.length === 'YYYY-MM-DD'.length ? time + ofDay : time
      addIssue('must be a time, ISO 8601')
      return z.NEVER
    })

const name = z.string().max(100)

const ranged = {
  start_date: orAbsent(instant(0)).optional().meta({ description: 'Only entries since this time, ordered by time' }),
  end_date: orAbsent(instant(DAY - 1))
    .optional()
    .meta({ description: 'Only entries until this time; a date without a time includes its day, in UTC' }),
}

export const ActivityQuery = pageQuery({ most: 200, usual: 50 }).extend({
  user_id: orAbsent(UserParam).optional(),
  actor_id: orAbsent(name).optional().meta({
    description: 'Who did it: the id of a user, a client or a part of the service',
  }),
  action: orAbsent(name).optional().meta({ description: "An event type, or Janua's name of one" }),
  ...ranged,
  before: orAbsent(UuidParam).optional().meta({ description: 'The id of an entry; the page begins after it' }),
})

const optionalTypes = (action: string | undefined) => (action === undefined ? undefined : typesOfAction(action))

export const toActivityQuery = (query: z.output<typeof ActivityQuery>) => ({
  ...rangeOfPage(query),
  user: query.user_id,
  filter: {
    actorId: query.actor_id,
    types: optionalTypes(query.action),
    since: query.start_date,
    until: query.end_date,
  },
  before: query.before,
})

const entry = {
  id: z.uuid(),
  action: z.string(),
  user_id: z.uuid().nullable(),
  user_email: z.string().nullable(),
  actor_id: z.string(),
  actor_type: z.enum(['user', 'client', 'system']),
  actor_email: z.string().nullable(),
  resource_type: z.string().nullable(),
  resource_id: z.string(),
  details: z.record(z.string(), z.unknown()),
  ip_address: z.string().nullable(),
  user_agent: z.string().nullable(),
  timestamp: z.iso.datetime(),
  created_at: z.iso.datetime(),
}

const ActivityEntryWire = z.object(entry).meta({ id: 'ActivityEntry' })

/** All but the details. */
function entryToWire({ row, seesOrigin, userEmail, actorEmail }: SeenRow) {
  const at = toIso(row.time)
  return {
    id: row.id,
    action: row.type,
    user_id: row.userId,
    user_email: userEmail,
    actor_id: row.actorId,
    actor_type: row.actorType,
    actor_email: actorEmail,
    resource_type: findEventType(row.type)?.subject ?? null,
    resource_id: row.subject,
    ip_address: seesOrigin ? row.ip : null,
    user_agent: seesOrigin ? row.userAgent : null,
    timestamp: at,
    created_at: at,
  }
}

const readDetails = ({ row }: SeenRow) => JSON.parse(row.data) as Record<string, unknown>

const activityToWire = (seen: SeenRow): z.infer<typeof ActivityEntryWire> => ({
  ...entryToWire(seen),
  details: readDetails(seen),
})

export const ActivityAnswer = arrayOf(mapped(ActivityEntryWire, activityToWire))

const AuditLogWire = z
  .object({
    ...entry,
    details: z
      .record(z.string(), z.unknown())
      .nullable()
      .meta({ description: "What the event says; null where it is somebody else's" }),
    organization_id: z.uuid().nullable(),
    session_id: z.string().nullable(),
    block: z
      .int()
      .nullable()
      .meta({ description: 'The block that covers it; null before the next run of cron, 0 from before the chain' }),
  })
  .meta({ id: 'AuditLog' })

/** For exports: the details are JSON as they are stored, and written as they are. */
export const recordToExport = (seen: SeenRow): Omit<z.infer<typeof AuditLogWire>, 'details'> => ({
  ...entryToWire(seen),
  organization_id: seen.row.organizationId,
  session_id: seen.row.sessionId,
  block: seen.row.block,
})

export const detailsOf = ({ row, seesData }: SeenRow): string | null => (seesData ? row.data : null)

export const recordToWire = (seen: SeenRow): z.infer<typeof AuditLogWire> => ({
  ...recordToExport(seen),
  details: seen.seesData ? readDetails(seen) : null,
})

export const RecordShape = mapped(AuditLogWire, recordToWire)

const RecordListWire = z.object({
  logs: z.array(AuditLogWire),
  total: z.int().meta({ description: 'Exact up to 10,000 matches among 100,000 rows' }),
  cursor: z.string().nullable(),
  has_more: z.boolean(),
})

export const RecordListAnswer = mapped(
  RecordListWire.meta({ id: 'AuditLogList' }),
  ({ rows, total, cursor, hasMore }: RecordPage): z.infer<typeof RecordListWire> => ({
    logs: rows.map(recordToWire),
    total,
    cursor,
    has_more: hasMore,
  }),
)

const page = {
  limit: integerParam(1, 1000).default(100),
  cursor: orAbsent(z.string().max(300))
    .optional()
    .meta({ description: 'That of the page before, or a time, ISO 8601: the page begins below it' }),
}

/** Of whose record it is, the path says. */
export const RecordQuery = z.object({
  ...page,
  actor: orAbsent(name)
    .optional()
    .meta({ description: 'Who did it: the id of a user, a client or a part of the service' }),
  action: orAbsent(name).optional().meta({ description: "An event type, or Janua's name of one" }),
  resource: orAbsent(name).optional().meta({ description: 'The id of what it is about' }),
  resource_type: orAbsent(name).optional(),
  ...ranged,
  ip_address: orAbsent(name).optional().meta({ description: 'Only where the caller may see the address' }),
})

export const RecordsQuery = RecordQuery.extend({
  user_id: orAbsent(UuidParam).optional(),
  organization_id: orAbsent(UuidParam).optional(),
})

/** The types whose events are about such a thing. */
export const typesAbout = (resourceTypes: readonly string[]): string[] =>
  Object.entries(EVENT_TYPES).flatMap(([type, { subject }]) => (resourceTypes.includes(subject) ? [type] : []))

/** Those that are in every list given; undefined without one. */
export function inAll(...lists: readonly (readonly string[] | undefined)[]): readonly string[] | undefined {
  const given = lists.filter((list) => list !== undefined)
  const [first, ...others] = given
  return first?.filter((type) => others.every((list) => list.includes(type)))
}

type Query = z.output<typeof RecordQuery> & { user_id?: string | undefined; organization_id?: string | undefined }

export const toFilter = (query: Query): RecordFilter => ({
  userIds: query.user_id === undefined ? undefined : [query.user_id],
  organizationId: query.organization_id,
  actorId: query.actor,
  types: inAll(
    optionalTypes(query.action),
    query.resource_type === undefined ? undefined : typesAbout([query.resource_type]),
  ),
  subject: query.resource,
  ip: query.ip_address,
  since: query.start_date,
  until: query.end_date,
})

export const RecordPath = z.object({ log_id: UuidParam })
export const UserPath = z.object({ user_id: UserParam })
export const OrganizationPath = z.object({ organization_id: UuidParam })

export const ActionsAnswer = z
  .object({ events: z.array(z.string()), actions: z.array(z.string()), counts: z.record(z.string(), z.int()) })
  .meta({ id: 'AuditActions' })
