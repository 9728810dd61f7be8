import * as z from 'zod'
import type { Ctx } from '../../../context.ts'
import { toIso } from '../../../lib/time.ts'
import { type Projection, project } from '../rules/projection.ts'
import type { ScimGroup } from '../service/groups.ts'
import type { ListPage, ListQuery } from '../service/lists.ts'
import { type ScimUser, tagOf } from '../service/users.ts'
import { ENTERPRISE_SCHEMA, GROUP_SCHEMA, type ScimComplex, USER_SCHEMA } from '../types.ts'

type Config = Pick<Ctx, 'config'>

/** The address of a resource, with the version of the protocol whichever was asked. */
export const locationOf = ({ config }: Config, path: string): string => `${config.PUBLIC_URL}/api/v1/scim/v2/${path}`

const text = z.string().optional()

/** `/Schemas` has all attributes. */
export const UserResource = z
  .looseObject({ schemas: z.array(z.string()), id: z.uuid(), userName: text, active: z.boolean().optional() })
  .meta({ id: 'ScimUser' })

export const GroupResource = z
  .looseObject({ schemas: z.array(z.string()), id: z.uuid(), displayName: text })
  .meta({ id: 'ScimGroup' })

export const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse'

const listOf = <R extends z.ZodType>(id: string, resource: R) =>
  z
    .object({
      schemas: z.array(z.string()),
      totalResults: z.int(),
      itemsPerPage: z.int(),
      startIndex: z.int().optional(),
      nextCursor: text,
      Resources: z.array(resource),
    })
    .meta({ id })

export const UserList = listOf('ScimUserList', UserResource)
export const GroupList = listOf('ScimGroupList', GroupResource)

const one = z.string().optional()

/** `sortBy` and `sortOrder` are taken and ignored (RFC 7644 3.4.2.3). */
export const ProjectionQuery = z.object({ attributes: one, excludedAttributes: one })
export const ResourceListQuery = ProjectionQuery.extend({
  filter: one,
  startIndex: one,
  count: one,
  cursor: one,
  sortBy: one,
  sortOrder: one,
}) satisfies z.ZodType<ListQuery>
export const UserPath = z.object({ user_id: z.string() })
export const GroupPath = z.object({ group_id: z.string() })

interface Versioned {
  readonly id: string
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
}

function metaOf(ctx: Config, resourceType: 'User' | 'Group', resource: Versioned): ScimComplex {
  return {
    resourceType,
    created: toIso(resource.createdAt),
    lastModified: toIso(resource.updatedAt),
    location: locationOf(ctx, `${resourceType}s/${resource.id}`),
    version: tagOf(resource),
  }
}

type GroupsOf = ReadonlyMap<string, readonly { readonly id: string; readonly displayName: string }[]>
type MembersOf = ReadonlyMap<string, readonly { readonly id: string; readonly display: string }[]>

export function userToWire(ctx: Config, record: ScimUser, groupsOf: GroupsOf, projection: Projection): ScimComplex {
  const groups = (groupsOf.get(record.id) ?? []).map(({ id, displayName }) => ({
    value: id,
    $ref: locationOf(ctx, `Groups/${id}`),
    display: displayName,
    type: 'direct',
  }))
  const { attributes } = record
  const resource = {
    schemas: [USER_SCHEMA, ...(attributes[ENTERPRISE_SCHEMA] ? [ENTERPRISE_SCHEMA] : [])],
    id: record.id,
    ...attributes,
    ...(groups.length > 0 && { groups }),
    meta: metaOf(ctx, 'User', record),
  }
  return project(resource, projection)
}

export function groupToWire(ctx: Config, group: ScimGroup, membersOf: MembersOf, projection: Projection): ScimComplex {
  const members = (membersOf.get(group.id) ?? []).map(({ id, display }) => ({
    value: id,
    $ref: locationOf(ctx, `Users/${id}`),
    display,
    type: 'User',
  }))
  const resource = {
    schemas: [GROUP_SCHEMA],
    id: group.id,
    ...(group.externalId !== null && { externalId: group.externalId }),
    displayName: group.displayName,
    ...(members.length > 0 && { members }),
    meta: metaOf(ctx, 'Group', group),
  }
  return project(resource, projection)
}

export function listToWire<R>(
  { rows, total, startIndex, nextCursor, projection }: ListPage<R>,
  write: (row: R, projection: Projection) => ScimComplex,
) {
  return {
    schemas: [LIST_SCHEMA],
    totalResults: total,
    itemsPerPage: rows.length,
    ...(startIndex !== null && { startIndex }),
    ...(nextCursor !== null && { nextCursor }),
    Resources: rows.map((row) => write(row, projection)),
  }
}

/** What the headers of a resource say. */
export const headersOf = (ctx: Config, type: 'User' | 'Group', resource: Versioned) => ({
  ETag: tagOf(resource),
  Location: locationOf(ctx, `${type}s/${resource.id}`),
})
