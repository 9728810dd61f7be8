import { type DirectoryCtx, directoryActorOf } from '../../../context.ts'
import { type CommittedEvent, commitAll, type Statement } from '../../../db/commit.ts'
import { isUuid } from '../../../lib/ids.ts'
import { areAll, mapping, settleMapped } from '../../memberships/service/mapping.ts'
import { at, invalidValue, resourceNotFound, uniqueness, writeConflict } from '../errors.ts'
import { type MemberChange, readMemberIds, splitMembers } from '../rules/members.ts'
import { applyChanges, type Change, readPatch } from '../rules/patch.ts'
import { findPath, GROUP_RESOURCE } from '../rules/schema.ts'
import { readBody, requireOnce } from '../rules/values.ts'
import {
  changeMembers,
  deleteGroup,
  findUnknown,
  insertGroup,
  isGroupWritten,
  type ScimGroup,
  selectGroup,
  selectGroupIdByName,
  selectMemberIds,
  selectMembersAmong,
  updateGroup,
} from '../store/groups.ts'
import { insertLog } from '../store/log.ts'
import { areBehind, mappedByGroups } from '../store/roles.ts'
import type { GroupAttributes, Operation, ScimComplex } from '../types.ts'
import { organizationFullIfSo } from './limits.ts'
import { type Match, requireMatch } from './users.ts'

export type { ScimGroup }

type Json = Readonly<Record<string, unknown>>

const ATTEMPTS = 5
/** Ids that an event names; of more it has their number. */
const IDS_IN_EVENT = 1000

/** Throws SCIM_NOT_FOUND, also for what is no id. */
export async function getGroup(ctx: DirectoryCtx, id: string): Promise<ScimGroup> {
  const group = isUuid(id)
    ? await selectGroup(ctx, { id: id.toLowerCase(), organizationId: ctx.actor.organizationId })
    : undefined
  if (!group) throw resourceNotFound()
  return group
}

export interface WrittenGroup {
  readonly group: ScimGroup
  readonly propagated: boolean
}

function toAttributes({ displayName, externalId }: ScimComplex): GroupAttributes {
  if (typeof displayName !== 'string' || displayName.trim() === '') throw at(invalidValue, 'displayName is required')
  return { displayName, ...(typeof externalId === 'string' && { externalId }) }
}

/** `members` of a body, whatever the case of its name, also behind its URN: they are not read as other lists are, for there may be thousands. */
function splitBody(body: Json): { attributes: GroupAttributes; ids: readonly string[] } {
  const isMembers = ([name]: [string, unknown]) => {
    const [first, sub] = findPath(GROUP_RESOURCE, name) ?? []
    return first?.name === 'members' && !sub
  }
  const entries = Object.entries(body)
  requireOnce(entries.filter(isMembers).map(() => 'members'))
  const rest = Object.fromEntries(entries.filter((entry) => !isMembers(entry)))
  return {
    attributes: toAttributes(readBody(GROUP_RESOURCE, rest)),
    ids: readMemberIds(entries.find(isMembers)?.[1]),
  }
}

interface Wanted {
  readonly before: ScimGroup | null
  readonly attributes: GroupAttributes
  readonly members: readonly MemberChange[]
  readonly isDeleted?: true
  /** The version was named: the group has to have it still. */
  readonly isExact?: boolean
}

const idsOf = (members: readonly MemberChange[], ...ops: MemberChange['op'][]): string[] => [
  ...new Set(members.filter(({ op }) => ops.includes(op)).flatMap(({ ids }) => ids)),
]

/** Who comes and who goes, as the members are now: for events. */
async function differenceOf(ctx: DirectoryCtx, id: string, { before, members, isDeleted }: Wanted) {
  const sets = members.some(({ op }) => op === 'set') || isDeleted
  const named = idsOf(members, 'add', 'remove', 'set')
  const old = before === null ? [] : sets ? await selectMemberIds(ctx, id) : await selectMembersAmong(ctx, id, named)
  const after = isDeleted ? new Set<string>() : members.reduce(applyTo, new Set(old))
  const was = new Set(old)
  return { added: [...after].filter((one) => !was.has(one)), removed: old.filter((one) => !after.has(one)) }
}

function applyTo(members: ReadonlySet<string>, { op, ids }: MemberChange): Set<string> {
  if (op === 'set') return new Set(ids)
  const after = new Set(members)
  for (const id of ids) {
    if (op === 'add') after.add(id)
    else after.delete(id)
  }
  return after
}

const operationOf = ({ before, isDeleted }: Wanted): Operation =>
  isDeleted ? 'delete' : before === null ? 'create' : 'update'

const isSame = (a: GroupAttributes | ScimGroup, b: GroupAttributes): boolean =>
  a.displayName === b.displayName && (a.externalId ?? null) === (b.externalId ?? null)

type Difference = Awaited<ReturnType<typeof differenceOf>>

function eventsOf(ctx: DirectoryCtx, id: string, wanted: Wanted, { added, removed }: Difference): CommittedEvent[] {
  const { before, attributes, isDeleted } = wanted
  const common = { subject: id, userId: null, organizationId: ctx.actor.organizationId, actor: directoryActorOf(ctx) }
  const named = (ids: readonly string[]) => (ids.length <= IDS_IN_EVENT ? { user_ids: ids } : { users: ids.length })
  const shown = ({ displayName }: GroupAttributes | ScimGroup) => ({ display_name: displayName })
  const own: CommittedEvent[] = isDeleted
    ? [{ ...common, type: 'directory.group.deleted', data: { before: shown(attributes) } }]
    : before === null
      ? [{ ...common, type: 'directory.group.created', data: { after: shown(attributes) } }]
      : isSame(before, attributes)
        ? []
        : [{ ...common, type: 'directory.group.updated', data: { before: shown(before), after: shown(attributes) } }]
  return [
    ...own,
    ...(added.length > 0 ? [{ ...common, type: 'directory.membership.added', data: named(added) } as const] : []),
    ...(removed.length > 0 && !isDeleted
      ? [{ ...common, type: 'directory.membership.removed', data: named(removed) } as const]
      : []),
  ]
}

/** Writes a group, its members, what they are mapped to, events and log in one batch. Undefined when it was changed since it was read. */
async function writeGroup(ctx: DirectoryCtx, id: string, wanted: Wanted): Promise<{ propagated: boolean } | undefined> {
  const { before, attributes, members, isDeleted } = wanted
  const { organizationId } = ctx.actor
  const difference = await differenceOf(ctx, id, wanted)
  const renames = before === null || !isSame(before, attributes)
  const { added, removed } = difference
  if (!renames && !isDeleted && added.length === 0 && removed.length === 0) return { propagated: true }
  const writeId = ctx.newId()
  const write = { id, organizationId, writeId, attributes, names: idsOf(members, 'add', 'set') }
  const written = isGroupWritten(id, writeId)
  const statements: readonly Statement[] = isDeleted
    ? deleteGroup(ctx, { id, organizationId, writeId, version: before?.version ?? 0 })
    : [
        // Without a change of its own attributes a group is changed by many at once: members are rows.
        before === null
          ? insertGroup(ctx, write)
          : updateGroup(ctx, { ...write, version: renames || wanted.isExact ? before.version : null }),
        ...members.flatMap((change) => changeMembers(ctx, write, change)),
      ]
  // A change that names whom it is about concerns these alone.
  const isNamed = !renames && !isDeleted && members.every(({ op }) => op !== 'set')
  const roles = mapping(ctx, {
    organizationId,
    mapped: mappedByGroups,
    actor: directoryActorOf(ctx),
    mappingId: writeId,
    affected: isNamed ? areBehind(organizationId, idsOf(members, 'add', 'remove')) : areAll,
    when: written,
  })
  const log = insertLog(ctx, { ...logged(id, wanted, difference), status: 'success' }, written)
  const [done] = await commitAll(ctx, [...statements, ...roles, log], ...eventsOf(ctx, id, wanted, difference))
  return done && settleMapped(ctx, { organizationId, mappingId: writeId })
}

function logged(id: string, wanted: Wanted, { added, removed }: Difference) {
  const { before, attributes } = wanted
  const operation = operationOf(wanted)
  const httpStatus = operation === 'create' ? 201 : operation === 'delete' ? 204 : 200
  const changed = [
    ...(before?.displayName === attributes.displayName ? [] : ['displayName']),
    ...((before?.externalId ?? null) === (attributes.externalId ?? null) ? [] : ['externalId']),
    ...(added.length + removed.length > 0 ? ['members'] : []),
  ]
  return { operation, resourceType: 'Group', resourceId: id, httpStatus, changed } as const
}

async function requireWritable(ctx: DirectoryCtx, id: string, { attributes, members }: Wanted): Promise<void> {
  const { organizationId } = ctx.actor
  const holder = await selectGroupIdByName(ctx, { organizationId, displayName: attributes.displayName })
  if (holder !== undefined && holder !== id) throw at(uniqueness, 'Another group has this displayName')
  const [unknown] = await findUnknown(ctx, organizationId, idsOf(members, 'add', 'set'))
  if (unknown !== undefined) throw at(invalidValue, `There is no user ${unknown}`)
}

const fullIfSo = (ctx: DirectoryCtx, { before, members }: Wanted) =>
  organizationFullIfSo(
    ctx,
    { groups: before === null ? 1 : 0, members: idsOf(members, 'add', 'set').length },
    writeConflict(),
  )

/** Throws SCIM_UNIQUENESS for a name that is taken, SCIM_INVALID_VALUE, also for a member that is no user of the organization, SCIM_ORGANIZATION_FULL. */
export async function createGroup(ctx: DirectoryCtx, body: Json): Promise<WrittenGroup> {
  const { attributes, ids } = splitBody(body)
  const id = ctx.newId()
  const members: MemberChange[] = ids.length > 0 ? [{ op: 'add', ids }] : []
  const wanted = { before: null, attributes, members }
  const done = await writeGroup(ctx, id, wanted)
  if (done) return { group: await getGroup(ctx, id), ...done }
  await requireWritable(ctx, id, wanted)
  throw await fullIfSo(ctx, wanted)
}

interface Targeted {
  readonly id: string
  readonly match: Match
}

async function changeGroup(
  ctx: DirectoryCtx,
  { id, match }: Targeted,
  change: (before: ScimGroup) => Omit<Wanted, 'before'>,
): Promise<WrittenGroup> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await getGroup(ctx, id)
    requireMatch(before, match)
    const wanted = { before, isExact: match !== null, ...change(before) }
    const done = await writeGroup(ctx, before.id, wanted)
    if (done) return { group: wanted.isDeleted ? before : await getGroup(ctx, before.id), ...done }
    await requireWritable(ctx, before.id, wanted)
    const error = await fullIfSo(ctx, wanted)
    if (error.code !== writeConflict.code) throw error
  }
  throw writeConflict()
}

/** Replaces name and members. Throws as `createGroup`, SCIM_NOT_FOUND, SCIM_VERSION_MISMATCH, SCIM_CONFLICT. */
export async function replaceGroup(
  ctx: DirectoryCtx,
  { body, ...of }: Targeted & { body: Json },
): Promise<WrittenGroup> {
  const { attributes, ids } = splitBody(body)
  return changeGroup(ctx, of, () => ({ attributes, members: [{ op: 'set', ids }] }))
}

/** Applies the operations of a PATCH, all or none. Throws as `replaceGroup`, and what SCIM says of each fault. */
export function patchGroup(ctx: DirectoryCtx, { body, ...of }: Targeted & { body: Json }): Promise<WrittenGroup> {
  return changeGroup(ctx, of, (before) => {
    const { members, attributes } = splitMembers(readPatch(GROUP_RESOURCE, body, before.id))
    return { attributes: patched(before, attributes), members }
  })
}

const patched = ({ displayName, externalId }: ScimGroup, changes: readonly Change[]): GroupAttributes =>
  toAttributes(applyChanges({ displayName, ...(externalId !== null && { externalId }) }, changes))

export const removeGroup = (ctx: DirectoryCtx, of: Targeted): Promise<WrittenGroup> =>
  changeGroup(ctx, of, ({ displayName, externalId }) => ({
    attributes: { displayName, ...(externalId !== null && { externalId }) },
    members: [],
    isDeleted: true,
  }))
