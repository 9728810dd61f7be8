import { ok } from '../../../http/answers.ts'
import { admin, memberOf, scopedUser, selfOrAdmin } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { cursorInvalid, forbidden, notFound, validationFailed } from '../../../lib/errors.ts'
import { getRecord, listActions, listActivity, listRecords, listRecordsOfUser, viewOf } from '../service/records.ts'
import {
  ActionsAnswer,
  ActivityAnswer,
  ActivityQuery,
  OrganizationPath,
  RecordListAnswer,
  RecordPath,
  RecordQuery,
  RecordShape,
  RecordsQuery,
  toActivityQuery,
  toFilter,
  UserPath,
} from '../wire/records.ts'

export const activityLogRoutes = createRoutes({ prefix: '/api/v1/admin', tag: 'admin', guard: admin })

activityLogRoutes.get(
  '/activity-logs',
  {
    id: 'listActivity',
    summary: 'The event record, newest first',
    query: ActivityQuery,
    answer: ok(ActivityAnswer, 'A page of entries'),
    errors: [validationFailed, notFound],
  },
  ({ ctx, query }) => listActivity(ctx, toActivityQuery(query)),
)

export const auditRoutes = createRoutes({
  prefix: '/api/v1/audit-logs',
  alsoAt: { prefix: '/api/audit-logs', mark: 'Unversioned' },
  tag: 'audit',
  guard: scopedUser,
})

const PAGE = ok(RecordListAnswer, 'A page, newest first')

auditRoutes.get(
  '/',
  {
    id: 'listAuditLogs',
    summary:
      "The record: all of it for admins of the platform, an organization's for its owners and admins, else the caller's own",
    description:
      'One page reads 20,000 rows at most; with `has_more` it goes on behind `cursor`, whatever the number of entries.',
    query: RecordsQuery,
    answer: PAGE,
    errors: [cursorInvalid],
  },
  async ({ ctx, query }) => listRecords(ctx, await viewOf(ctx, query.organization_id), toFilter(query), query),
)

auditRoutes.get(
  '/events',
  {
    id: 'listAuditActions',
    summary: 'The names of actions, and for admins of the platform how often each stands in the record',
    answer: ok(ActionsAnswer, 'The names'),
    aliases: [{ path: '/actions/list', id: 'listAuditActionNames' }],
  },
  async ({ ctx }) => {
    const { actions, counts } = await listActions(ctx)
    return { events: actions, actions, counts }
  },
)

auditRoutes.get(
  '/users/:user_id',
  {
    id: 'listAuditLogsOfUser',
    summary: 'The record by or about a user',
    guard: selfOrAdmin,
    params: UserPath,
    query: RecordQuery,
    answer: PAGE,
    errors: [forbidden, notFound, cursorInvalid],
  },
  ({ ctx, query }) => listRecordsOfUser(ctx, toFilter(query), query),
)

auditRoutes.get(
  '/organizations/:organization_id',
  {
    id: 'listAuditLogsOfOrganization',
    summary: 'The record of an organization',
    guard: memberOf('admin'),
    params: OrganizationPath,
    query: RecordQuery,
    answer: PAGE,
    errors: [cursorInvalid],
  },
  async ({ ctx, params: { organization_id }, query }) =>
    listRecords(ctx, await viewOf(ctx, organization_id), toFilter({ ...query, organization_id }), query),
)

/** Behind the routes of static paths. */
export const auditRecordRoutes = createRoutes({
  prefix: '/api/v1/audit-logs',
  alsoAt: { prefix: '/api/audit-logs', mark: 'Unversioned' },
  tag: 'audit',
  guard: scopedUser,
})

auditRecordRoutes.get(
  '/:log_id',
  {
    id: 'getAuditLog',
    summary: 'An entry of the record',
    params: RecordPath,
    answer: ok(RecordShape, 'The entry'),
    errors: [notFound],
  },
  ({ ctx, params: { log_id: id } }) => getRecord(ctx, id),
)
