import { created, ok, response } from '../../../http/answers.ts'
import { memberOf } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { limitReached } from '../../memberships/service.ts'
import { OrganizationPath } from '../../organizations/wire.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import {
  addToken,
  changeDirectory,
  configureDirectory,
  directoryChanged,
  directoryConfigured,
  directoryNotConfigured,
  getDirectory,
  getStatus,
  listLog,
  removeDirectory,
} from '../service/configuration.ts'
import {
  DirectoryBody,
  DirectoryShape,
  LogList,
  LogQuery,
  NewDirectoryBody,
  NewDirectoryShape,
  NewTokenBody,
  StatusShape,
  TokenShape,
  toFields,
} from '../wire/administration.ts'

/** For admins of an organization: whether a directory may write it, with which tokens, and what it did. */
export const directoryRoutes = createRoutes({
  prefix: '/api/v1/organizations/:organization_id/scim',
  tag: 'provisioning',
  guard: memberOf('admin'),
})

const params = OrganizationPath

directoryRoutes.post(
  '/config',
  {
    id: 'createDirectory',
    summary: 'Let a directory write people and groups of the organization; its first token is shown this once',
    isWrite: everyCall,
    params,
    body: NewDirectoryBody,
    answer: created(NewDirectoryShape, 'The configuration, with the token'),
    errors: [directoryConfigured, ...freshFactorErrors],
  },
  ({ ctx, body }) => configureDirectory(ctx, { ...toFields(body), expiresInDays: body.expires_in_days }),
)

directoryRoutes.get(
  '/config',
  {
    id: 'getDirectory',
    summary: 'The configuration of the directory',
    params,
    answer: ok(DirectoryShape, 'The configuration, without tokens'),
    errors: [directoryNotConfigured],
  },
  ({ ctx }) => getDirectory(ctx),
)

directoryRoutes.put(
  '/config',
  {
    id: 'updateDirectory',
    summary: 'Change the configuration: absent fields stay. Switched off, every token ends at once',
    isWrite: everyCall,
    params,
    body: DirectoryBody,
    answer: ok(DirectoryShape, 'The configuration'),
    errors: [directoryNotConfigured, directoryChanged, ...freshFactorErrors],
  },
  ({ ctx, body }) => changeDirectory(ctx, toFields(body)),
)

directoryRoutes.delete(
  '/config',
  {
    id: 'deleteDirectory',
    summary: 'Delete the configuration: tokens end, and groups with the roles that they gave',
    params,
    answer: response(204, 'Deleted'),
    errors: [directoryNotConfigured, directoryChanged, ...freshFactorErrors],
  },
  async ({ ctx }) => {
    await removeDirectory(ctx)
    return new Response(null, { status: 204 })
  },
)

directoryRoutes.post(
  '/config/token',
  {
    id: 'createDirectoryToken',
    summary: 'Make another token; those from before end a while later',
    isWrite: everyCall,
    params,
    body: NewTokenBody,
    answer: ok(TokenShape, 'The token, shown this once'),
    errors: [directoryNotConfigured, directoryChanged, limitReached, ...freshFactorErrors],
  },
  async ({ ctx, body }) => ({
    ...(await addToken(ctx, { expiresInDays: body.expires_in_days, overlapHours: body.overlap_hours })),
    message: 'Token made; it is shown this once',
  }),
)

directoryRoutes.get(
  '/status',
  {
    id: 'getDirectoryStatus',
    summary: 'How many people and groups the directory has, and what it did in a day',
    params,
    answer: ok(StatusShape, 'Counts'),
    errors: [directoryNotConfigured],
  },
  ({ ctx }) => getStatus(ctx),
)

directoryRoutes.get(
  '/logs',
  {
    id: 'listDirectoryLogs',
    summary: 'What the directory wrote and was refused, newest first; kept 90 days',
    params,
    query: LogQuery,
    answer: ok(LogList, 'Rows of the log'),
  },
  ({ ctx, query }) =>
    listLog(ctx, {
      limit: query.limit,
      offset: query.offset,
      status: query.status,
      resourceType: query.resource_type,
    }),
)
