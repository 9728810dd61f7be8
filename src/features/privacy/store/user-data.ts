import { sql } from 'drizzle-orm'
import { legalHolds } from '../../../db/tables.ts'
import {
  deletedRows,
  forgottenIn,
  HIDDEN,
  listed,
  type ObjectData,
  shownRows,
  type UserData,
  withheld,
} from '../../../db/user-data.ts'
import { toIso } from '../../../lib/time.ts'
import { consents, dataRequests, privacySettings } from '../tables.ts'

const WAS_ASKED = 'that something was asked and answered in time is what a deployment has to show; no word of it stays'

/** Their words and the answers go, and what was open is done: there is nothing left to answer about. */
const requestData: UserData = {
  table: dataRequests,
  erases: ['description', 'askedFor', 'extensionReason', 'answer', 'sessionId'],
  keeps: { userId: WAS_ASKED },
  statements: ({ db, now }, { id }, isDue) => [
    db
      .update(dataRequests)
      .set({
        description: null,
        askedFor: {},
        extensionReason: null,
        answer: null,
        sessionId: null,
        availableUntil: null,
        remindAt: null,
        status: sql`case when ${dataRequests.status} = 'rejected' then 'rejected' else 'completed' end`,
        completedAt: sql`coalesce(${dataRequests.completedAt}, ${now()})`,
      })
      .where(sql`${dataRequests.userId} = ${id} and ${isDue}`),
  ],
  ...shownRows(dataRequests, {
    part: 'consents',
    by: { userId: 'id' },
    shows: [
      'id',
      'type',
      'status',
      'description',
      'askedFor',
      'receivedAt',
      'dueAt',
      'extendedAt',
      'extensionReason',
      'answer',
      'completedAt',
      'handledBy',
      'sessionId',
      'format',
      'availableUntil',
    ],
    doers: ['handledBy'],
    hides: { [HIDDEN.internal]: ['userId', 'updatedAt', 'remindAt'] },
  }),
}

export const userData: readonly UserData[] = [
  requestData,
  {
    ...forgottenIn(dataRequests, ['handledBy'], { users: [dataRequests.userId] }),
    ...shownRows(dataRequests, {
      part: 'consents',
      name: 'requests_you_handled',
      by: { handledBy: 'id' },
      shows: ['id', 'type', 'status'],
    }),
  },
  {
    ...deletedRows(consents, { userId: 'id' }),
    ...shownRows(consents, {
      part: 'consents',
      by: { userId: 'id' },
      shows: ['id', 'purpose', 'version', 'change', 'at'],
      hides: { [HIDDEN.internal]: ['position', 'userId'] },
    }),
  },
  {
    ...deletedRows(privacySettings, { userId: 'id' }),
    ...shownRows(privacySettings, {
      part: 'consents',
      by: { userId: 'id' },
      shows: ['switches', 'updatedAt'],
      hides: { [HIDDEN.internal]: ['userId'] },
    }),
  },
  {
    ...deletedRows(legalHolds, { userId: 'id' }),
    ...withheld('whoever leads a proceeding decides what is told of it (GDPR 23)'),
  },
  {
    ...forgottenIn(legalHolds, ['placedBy', 'releasedBy'], {
      users: [legalHolds.userId],
      organizations: [legalHolds.organizationId],
    }),
    ...withheld('the section `what_you_did` has it'),
  },
]

/** By the column that names the organization. */
export const organizationData = [legalHolds.organizationId]

const DELIVERIES_PER_PAGE = 1000

/** What stands of a user outside of the database, but for the user's own object. */
export const objectData: readonly ObjectData[] = [
  {
    of: 'SignInGuard.subjects',
    erased: 'by `forget`, after the user’s own object',
    exports: [
      listed('sessions', 'networks', ['network', 'at', 'outcome'], async ({ objects }, { id }) =>
        (await objects.guard(id).networksOf({ account: id })).map((row) => ({ ...row, at: toIso(row.at) })),
      ),
    ],
  },
  {
    of: 'WebhookEndpoint',
    erased: 'by the object itself, within a day after its row is gone; of other endpoints contents go after a day',
    exports: [
      {
        part: 'webhooks',
        name: 'deliveries',
        fields: ['webhook_id', 'event_id', 'event_type', 'attempt', 'status', 'status_code', 'error', 'created_at'],
        async *pages({ db, objects }, { id }) {
          const endpoints = await db.all<{ id: string }>(sql`select id from webhook_endpoints where user_id = ${id}`)
          for (const endpoint of endpoints) {
            for (let offset = 0; ; offset += DELIVERIES_PER_PAGE) {
              const range = { limit: DELIVERIES_PER_PAGE, offset }
              const rows = await objects.webhook(endpoint.id).listDeliveries(range)
              yield rows.map((row) => ({
                webhook_id: endpoint.id,
                event_id: row.eventId,
                event_type: row.eventType,
                attempt: row.attempt,
                status: row.status,
                status_code: row.statusCode,
                error: row.error,
                created_at: toIso(row.createdAt),
              }))
              if (rows.length < DELIVERIES_PER_PAGE) break
            }
          }
        },
      },
    ],
  },
  {
    of: 'EventHub',
    erased: 'after 24 hours, with the log',
    exports: [{ withheld: 'a day of what the section `record` has' }],
  },
  {
    of: 'RevocationFeed',
    erased: 'after one lifetime of an access token',
    exports: [{ withheld: 'ids and versions' }],
  },
  {
    of: 'KV session:',
    erased: 'with the session',
    exports: [{ withheld: 'that a session of the section `sessions` lives' }],
  },
  { of: 'KV limit:', erased: 'within minutes', exports: [{ withheld: 'counters of requests' }] },
  {
    of: 'KV avatar:',
    erased: 'before the rows of the database',
    exports: [{ withheld: 'the section `pictures` has it' }],
  },
]
