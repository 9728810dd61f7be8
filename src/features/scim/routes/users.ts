import type { DirectoryCtx } from '../../../context.ts'
import { reply } from '../../../http/answers.ts'
import { createErrors, listErrors, patchErrors, readErrors, removeErrors, replaceErrors } from '../errors.ts'
import { type Projection, readProjection } from '../rules/projection.ts'
import { USER_RESOURCE } from '../rules/schema.ts'
import { findGroupsOf, listRecords } from '../service/lists.ts'
import { createRecord, getRecord, patchRecord, removeRecord, replaceRecord, type Written } from '../service/users.ts'
import {
  isKnown,
  MESSAGE,
  MessageBody,
  nothing,
  propagatedHeader,
  readMessage,
  readTags,
  scim,
} from '../wire/messages.ts'
import {
  headersOf,
  listToWire,
  ProjectionQuery,
  ResourceListQuery,
  UserList,
  UserPath,
  UserResource,
  userToWire,
} from '../wire/resources.ts'
import { createScimRoutes, write } from './directory.ts'

export const scimUserRoutes = createScimRoutes()

async function toMessage(ctx: DirectoryCtx, { record, propagated, isNew }: Written, projection: Projection) {
  const groups = await findGroupsOf(ctx, isNew ? [] : [record.id], projection)
  return {
    body: userToWire(ctx, record, groups, projection),
    headers: { ...headersOf(ctx, 'User', record), ...propagatedHeader({ propagated }) },
  }
}

scimUserRoutes.get(
  '/Users',
  {
    id: 'listScimUsers',
    summary: 'Users of the organization, in the order of their creation',
    query: ResourceListQuery,
    answer: scim(200, UserList, 'A page of users'),
    errors: listErrors,
  },
  async ({ ctx, query }) => {
    const page = await listRecords(ctx, query)
    return { body: listToWire(page, (record, projection) => userToWire(ctx, record, page.groups, projection)) }
  },
)

scimUserRoutes.post(
  '/Users',
  {
    id: 'createScimUser',
    summary:
      'Make a user: with an account where the organization has verified the domain of the address, else by an invitation',
    query: ProjectionQuery,
    body: MessageBody,
    encoding: MESSAGE,
    answer: scim(201, UserResource, 'The user'),
    errors: createErrors,
  },
  ({ ctx, query, body }) =>
    write(ctx, { operation: 'create', resourceType: 'User' }, async () => {
      const projection = readProjection(USER_RESOURCE, query)
      return toMessage(ctx, await createRecord(ctx, readMessage(body)), projection)
    }),
)

scimUserRoutes.get(
  '/Users/:user_id',
  {
    id: 'getScimUser',
    summary: 'A user',
    query: ProjectionQuery,
    params: UserPath,
    answer: [scim(200, UserResource, 'The user'), nothing(304, 'It has the version of If-None-Match')],
    errors: readErrors,
  },
  async ({ ctx, query, params, request }) => {
    const record = await getRecord(ctx, params.user_id)
    const headers = headersOf(ctx, 'User', record)
    if (isKnown(request, record)) return reply(304, { headers })
    const projection = readProjection(USER_RESOURCE, query)
    const groups = await findGroupsOf(ctx, [record.id], projection)
    return reply(200, { body: userToWire(ctx, record, groups, projection), headers })
  },
)

scimUserRoutes.put(
  '/Users/:user_id',
  {
    id: 'replaceScimUser',
    summary: 'Replace a user: what is absent goes',
    query: ProjectionQuery,
    params: UserPath,
    body: MessageBody,
    encoding: MESSAGE,
    answer: scim(200, UserResource, 'The user'),
    errors: replaceErrors,
  },
  ({ ctx, query, params, body, request }) =>
    write(ctx, { operation: 'update', resourceType: 'User', resourceId: params.user_id }, async () => {
      const projection = readProjection(USER_RESOURCE, query)
      const match = readTags(request.headers.get('if-match'))
      const written = await replaceRecord(ctx, { id: params.user_id, match, body: readMessage(body) })
      return toMessage(ctx, written, projection)
    }),
)

scimUserRoutes.patch(
  '/Users/:user_id',
  {
    id: 'updateScimUser',
    summary: 'Change a user: all operations apply, or none',
    query: ProjectionQuery,
    params: UserPath,
    body: MessageBody,
    encoding: MESSAGE,
    answer: scim(200, UserResource, 'The user'),
    errors: patchErrors,
  },
  ({ ctx, query, params, body, request }) =>
    write(ctx, { operation: 'update', resourceType: 'User', resourceId: params.user_id }, async () => {
      const projection = readProjection(USER_RESOURCE, query)
      const match = readTags(request.headers.get('if-match'))
      const written = await patchRecord(ctx, { id: params.user_id, match, body: readMessage(body) })
      return toMessage(ctx, written, projection)
    }),
)

scimUserRoutes.delete(
  '/Users/:user_id',
  {
    id: 'deleteScimUser',
    summary: 'Delete a user: the account is switched off, or the membership suspended',
    params: UserPath,
    answer: nothing(204, 'Deleted'),
    errors: removeErrors,
  },
  ({ ctx, params, request }) =>
    write(ctx, { operation: 'delete', resourceType: 'User', resourceId: params.user_id }, async () => {
      const match = readTags(request.headers.get('if-match'))
      return { headers: propagatedHeader(await removeRecord(ctx, { id: params.user_id, match })) }
    }),
)
