import type { DirectoryCtx } from '../../../context.ts'
import { utf8 } from '../../../lib/encoding.ts'
import { isUuid } from '../../../lib/ids.ts'
import { isEmail } from '../../users/service/users.ts'
import { at, invalidValue, resourceNotFound, uniqueness, versionMismatch, writeConflict } from '../errors.ts'
import { applyChanges, readPatch } from '../rules/patch.ts'
import { USER_RESOURCE } from '../rules/schema.ts'
import { folded, isComplex, readBody } from '../rules/values.ts'
import { type ScimUser, selectRecord, selectRecordIdBy } from '../store/records.ts'
import type { ScimComplex, UserAttributes } from '../types.ts'
import { organizationFullIfSo } from './limits.ts'
import { writeRecord } from './write.ts'

export type { ScimUser }

type Json = Readonly<Record<string, unknown>>

/** Which versions a write is for: those that `If-Match` names, `*` for any; null without one. */
export type Match = readonly string[] | '*' | null

/** A change that is read, applied and written again this often before it is refused. */
const ATTEMPTS = 5
const MAX_RECORD_BYTES = 64 * 1024

/** Throws SCIM_NOT_FOUND, also for what is no id. */
export async function getRecord(ctx: DirectoryCtx, id: string): Promise<ScimUser> {
  const record = isUuid(id)
    ? await selectRecord(ctx, { id: id.toLowerCase(), organizationId: ctx.actor.organizationId })
    : undefined
  if (!record) throw resourceNotFound()
  return record
}

const isNamed = (attributes: ScimComplex): attributes is ScimComplex & { readonly userName: string } =>
  typeof attributes.userName === 'string' && attributes.userName.trim() !== ''

/** Folding may lengthen a text: both forms are stored. */
const isTooLarge = (attributes: UserAttributes): boolean =>
  [attributes, folded(attributes)].some((value) => utf8(JSON.stringify(value)).length > MAX_RECORD_BYTES)

/** What a record needs: a name, addresses that are some. `active` stays what it was where nothing is said. Throws SCIM_INVALID_VALUE. */
function toAttributes(read: ScimComplex, before: ScimUser | null): UserAttributes {
  if (!isNamed(read)) throw at(invalidValue, 'userName is required')
  for (const email of Array.isArray(read.emails) ? read.emails : [])
    if (!isComplex(email) || typeof email.value !== 'string' || !isEmail(email.value))
      throw at(invalidValue, 'emails has a value that is no address')
  const attributes = { ...read, userName: read.userName, active: read.active !== false && (before?.active ?? true) }
  const wanted = read.active === undefined ? attributes : { ...attributes, active: read.active === true }
  if (isTooLarge(wanted)) throw at(invalidValue, 'The user has too many attributes')
  return wanted
}

export interface Written {
  readonly record: ScimUser
  /** Whether every isolate refuses within 5 seconds what the write ended. */
  readonly propagated: boolean
  /** It is in no group yet. */
  readonly isNew?: true
}

/**
 * Makes a record, with its account where the organization owns the address's domain, else with an invitation. Throws
 * SCIM_UNIQUENESS for a name that is taken, SCIM_INVALID_VALUE, SCIM_ORGANIZATION_FULL.
 */
export async function createRecord(ctx: DirectoryCtx, body: Json): Promise<Written> {
  const attributes = toAttributes(readBody(USER_RESOURCE, body), null)
  const id = ctx.newId()
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const done = await writeRecord(ctx, id, { before: null, attributes, isDeleted: false })
    if (done) return { record: await getRecord(ctx, id), isNew: true, ...done }
    await requireNameFree(ctx, id, attributes)
  }
  throw await organizationFullIfSo(ctx, { users: 1, accounts: 1 }, writeConflict())
}

async function requireNameFree(ctx: DirectoryCtx, id: string, { userName }: UserAttributes): Promise<void> {
  const holder = await selectRecordIdBy(ctx, { organizationId: ctx.actor.organizationId, userName })
  if (holder !== undefined && holder !== id) throw at(uniqueness, 'Another user has this userName')
}

/** The tag of a version, as ETag. */
export const tagOf = ({ version }: { readonly version: number }): string => `W/"${version}"`

/** Whether the tags are any, or have that of the resource. */
export const isMatched = (match: NonNullable<Match>, resource: { readonly version: number }): boolean =>
  match === '*' || match.includes(tagOf(resource))

/** Throws SCIM_VERSION_MISMATCH (RFC 9110 13.1.1; tags of versions are compared weakly, RFC 7644 3.14). */
export function requireMatch(resource: { readonly version: number }, match: Match): void {
  if (match !== null && !isMatched(match, resource)) throw versionMismatch()
}

/** Reads, applies and writes again while others change the record. Throws SCIM_VERSION_MISMATCH, SCIM_CONFLICT and what `change` throws. */
async function changeRecord(
  ctx: DirectoryCtx,
  { id, match, isDeletion = false }: { id: string; match: Match; isDeletion?: boolean },
  change: (before: ScimUser) => UserAttributes,
): Promise<Written> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const before = await getRecord(ctx, id)
    requireMatch(before, match)
    const attributes = change(before)
    const done = await writeRecord(ctx, before.id, { before, attributes, isDeleted: isDeletion })
    if (done) return { record: isDeletion ? before : await getRecord(ctx, before.id), ...done }
    await requireNameFree(ctx, before.id, attributes)
  }
  throw await organizationFullIfSo(ctx, { accounts: 1 }, writeConflict())
}

/** Replaces all that a directory writes. Throws as `patchRecord`. */
export async function replaceRecord(ctx: DirectoryCtx, { id, match, body }: { id: string; match: Match; body: Json }) {
  const read = readBody(USER_RESOURCE, body)
  return changeRecord(ctx, { id, match }, (before) => toAttributes(read, before))
}

/** Applies the operations of a PATCH, all or none. Throws what SCIM says of each fault, SCIM_UNIQUENESS, SCIM_NOT_FOUND. */
export function patchRecord(ctx: DirectoryCtx, { id, match, body }: { id: string; match: Match; body: Json }) {
  return changeRecord(ctx, { id, match }, (before) =>
    toAttributes(applyChanges(before.attributes, readPatch(USER_RESOURCE, body, before.id)), before),
  )
}

/** Ends a record: its account is switched off, or its membership suspended. The name is free at once. */
export const removeRecord = (ctx: DirectoryCtx, of: { id: string; match: Match }) =>
  changeRecord(ctx, { ...of, isDeletion: true }, ({ attributes }) => attributes)
