import type { DirectoryCtx } from '../../../context.ts'
import { reply } from '../../../http/answers.ts'
import { createErrors, listErrors, patchErrors, readErrors, removeErrors, replaceErrors } from '../errors.ts'
import { type Projection, readProjection } from '../rules/projection.ts'
import { GROUP_RESOURCE } from '../rules/schema.ts'
import { createGroup, getGroup, patchGroup, removeGroup, replaceGroup, type WrittenGroup } from '../service/groups.ts'
import { findMembersOf, listGroups } from '../service/lists.ts'
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
  GroupList,
  GroupPath,
  GroupResource,
  groupToWire,
  headersOf,
  listToWire,
  ProjectionQuery,
  ResourceListQuery,
} from '../wire/resources.ts'
import { createScimRoutes, write } from './directory.ts'

export const scimGroupRoutes = createScimRoutes()

async function toMessage(ctx: DirectoryCtx, { group, propagated }: WrittenGroup, projection: Projection) {
  const members = await findMembersOf(ctx, [group.id], projection)
  return {
    body: groupToWire(ctx, group, members, projection),
    headers: { ...headersOf(ctx, 'Group', group), ...propagatedHeader({ propagated }) },
  }
}

scimGroupRoutes.get(
  '/Groups',
  {
    id: 'listScimGroups',
    summary: 'Groups of the organization, in the order of their creation',
    query: ResourceListQuery,
    answer: scim(200, GroupList, 'A page of groups'),
    errors: listErrors,
  },
  async ({ ctx, query }) => {
    const page = await listGroups(ctx, query)
    const ids = page.rows.map(({ id }) => id)
    const members = await findMembersOf(ctx, ids, page.projection)
    return { body: listToWire(page, (group, projection) => groupToWire(ctx, group, members, projection)) }
  },
)

scimGroupRoutes.post(
  '/Groups',
  {
    id: 'createScimGroup',
    summary: 'Make a group. It gives a role only where the configuration maps its name to one',
    query: ProjectionQuery,
    body: MessageBody,
    encoding: MESSAGE,
    answer: scim(201, GroupResource, 'The group'),
    errors: createErrors,
  },
  ({ ctx, query, body }) =>
    write(ctx, { operation: 'create', resourceType: 'Group' }, async () => {
      const projection = readProjection(GROUP_RESOURCE, query)
      return toMessage(ctx, await createGroup(ctx, readMessage(body)), projection)
    }),
)

scimGroupRoutes.get(
  '/Groups/:group_id',
  {
    id: 'getScimGroup',
    summary: 'A group with its members, 10,000 at most',
    query: ProjectionQuery,
    params: GroupPath,
    answer: [scim(200, GroupResource, 'The group'), nothing(304, 'It has the version of If-None-Match')],
    errors: readErrors,
  },
  async ({ ctx, query, params, request }) => {
    const group = await getGroup(ctx, params.group_id)
    const headers = headersOf(ctx, 'Group', group)
    if (isKnown(request, group)) return reply(304, { headers })
    const projection = readProjection(GROUP_RESOURCE, query)
    const members = await findMembersOf(ctx, [group.id], projection)
    return reply(200, { body: groupToWire(ctx, group, members, projection), headers })
  },
)

scimGroupRoutes.put(
  '/Groups/:group_id',
  {
    id: 'replaceScimGroup',
    summary: 'Replace a group: its name, and its members',
    query: ProjectionQuery,
    params: GroupPath,
    body: MessageBody,
    encoding: MESSAGE,
    answer: scim(200, GroupResource, 'The group'),
    errors: replaceErrors,
  },
  ({ ctx, query, params, body, request }) =>
    write(ctx, { operation: 'update', resourceType: 'Group', resourceId: params.group_id }, async () => {
      const projection = readProjection(GROUP_RESOURCE, query)
      const match = readTags(request.headers.get('if-match'))
      const written = await replaceGroup(ctx, { id: params.group_id, match, body: readMessage(body) })
      return toMessage(ctx, written, projection)
    }),
)

scimGroupRoutes.patch(
  '/Groups/:group_id',
  {
    id: 'updateScimGroup',
    summary: 'Change a group: all operations apply, or none',
    query: ProjectionQuery,
    params: GroupPath,
    body: MessageBody,
    encoding: MESSAGE,
    answer: scim(200, GroupResource, 'The group'),
    errors: patchErrors,
  },
  ({ ctx, query, params, body, request }) =>
    write(ctx, { operation: 'update', resourceType: 'Group', resourceId: params.group_id }, async () => {
      const projection = readProjection(GROUP_RESOURCE, query)
      const match = readTags(request.headers.get('if-match'))
      const written = await patchGroup(ctx, { id: params.group_id, match, body: readMessage(body) })
      return toMessage(ctx, written, projection)
    }),
)

scimGroupRoutes.delete(
  '/Groups/:group_id',
  {
    id: 'deleteScimGroup',
    summary: 'Delete a group, and the role that it gave',
    params: GroupPath,
    answer: nothing(204, 'Deleted'),
    errors: removeErrors,
  },
  ({ ctx, params, request }) =>
    write(ctx, { operation: 'delete', resourceType: 'Group', resourceId: params.group_id }, async () => {
      const match = readTags(request.headers.get('if-match'))
      return { headers: propagatedHeader(await removeGroup(ctx, { id: params.group_id, match })) }
    }),
)
