import * as z from 'zod'
import { isTooDeep, MAX_JSON_DEPTH } from '../../../lib/json.ts'
import { findHashRefusal, readImportedHash } from '../../../lib/password-hash/password-hash.ts'
import { DAY } from '../../../lib/time.ts'
import { isEmail, isPlainText, type NewUser } from '../../users/service/users.ts'
import { MAX_EXTERNAL_ID_LENGTH } from '../../users/types.ts'
import { flagOf, isRecord, type RawRecord } from './record.ts'

const MAX_METADATA_CHARACTERS = 10_000
/** A warning about a value that is left out. `reason` begins with the name of the field. */
export const withoutIt = (reason: string): string => `${reason}: imported without it`

/** The year 1973 in milliseconds, 5138 in seconds. A smaller number is in seconds and is refused. */
const MIN_TIME = 100_000_000_000

const text = (max: number) =>
  z
    .string('must be text')
    .trim()
    .max(max, `must have at most ${max} characters`)
    .refine(isPlainText, 'has control characters')
    .optional()

const flag = z
  .unknown()
  .transform((value, { issues }) => {
    const parsed = flagOf(value)
    if (parsed !== undefined) return parsed
    issues.push({ code: 'custom', message: 'must be true or false', input: value })
    return z.NEVER
  })
  .optional()

function parseTime(value: number | string): number | undefined {
  if (typeof value === 'number' || /^\d+$/.test(value)) {
    const time = Number(value)
    return Number.isSafeInteger(time) && time >= MIN_TIME ? time : undefined
  }
  const time = /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN
  return time >= 0 ? time : undefined
}

const time = (now: number) =>
  z
    .union([z.number(), z.string()], 'must be a time')
    .transform((value, { issues }) => {
      const parsed = parseTime(value)
      if (parsed !== undefined && parsed <= now + DAY) return parsed
      const message = parsed === undefined ? 'must be ISO 8601 or epoch milliseconds' : 'lies in the future'
      issues.push({ code: 'custom', message, input: value })
      return z.NEVER
    })
    .optional()

function parseObject(value: unknown): unknown {
  if (typeof value !== 'string') return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}

/** The JSON text that the database stores; null when the value nests too deeply to be serialized. */
function textOf(value: unknown): string | null {
  try {
    return JSON.stringify(value)
  } catch {
    return null
  }
}

/** An object, or its JSON as text (in a CSV). */
const metadata = z
  .preprocess(parseObject, z.custom<Record<string, unknown>>(isRecord, 'must be an object'))
  .refine((value) => (textOf(value)?.length ?? Number.POSITIVE_INFINITY) <= MAX_METADATA_CHARACTERS, {
    error: 'must have at most 10,000 characters',
    abort: true,
  })
  .refine((value) => !isTooDeep(textOf(value) ?? ''), `must nest ${MAX_JSON_DEPTH} deep at most`)
  .optional()

export interface Bounds {
  /** Epoch milliseconds. */
  readonly now: number
  /** CPU time (ms) that verifying a hash may take. */
  readonly maxHashMs: number
}

/** The fields of a row; others are ignored. */
const rowSchema = ({ now, maxHashMs }: Bounds) =>
  z.object({
    email: z
      .string({ error: ({ input }) => (input === undefined ? 'is missing' : 'must be text') })
      .refine(isEmail, 'must be an email address'),
    // Wider than our rules for usernames: an invalid one is stored as the former username.
    username: text(200),
    password_hash: z
      .string('must be text')
      .transform((text, { issues }) => {
        const read = readImportedHash(text, maxHashMs)
        if ('hash' in read) return read.hash
        const { reason: message, isTooExpensive } = read
        issues.push({ code: 'custom', message, params: { isTooExpensive }, input: text })
        return z.NEVER
      })
      .optional(),
    email_verified: flag,
    external_id: z.preprocess(
      (value) => (Number.isSafeInteger(value) ? String(value) : value),
      text(MAX_EXTERNAL_ID_LENGTH),
    ),
    first_name: text(100),
    last_name: text(100),
    display_name: text(200),
    phone_number: text(20),
    timezone: text(50),
    locale: text(35),
    profile_image_url: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL' })
      .max(500)
      .optional(),
    role: z.literal('user', 'can only be user: admins are not made by an import').optional(),
    status: z.enum(['active', 'inactive', 'suspended'], 'must be active, inactive or suspended').optional(),
    created_at: time(now),
    metadata,
    user_metadata: metadata,
    app_metadata: metadata,
  })

const isTooExpensive = (issue: z.core.$ZodIssue): boolean =>
  issue.code === 'custom' && issue.params?.isTooExpensive === true

const toReason = ({ path, message }: z.core.$ZodIssue): string => `${path.join('.')}: ${message}`

/** The fields that a row may have. */
export const KNOWN: ReadonlySet<string> = new Set(Object.keys(rowSchema({ now: 0, maxHashMs: 0 }).shape))

/** Identity and sign-in depend on these fields: a row is rejected if one is invalid. Other invalid fields are left out. */
const ESSENTIAL: ReadonlySet<string> = new Set(['email', 'username', 'password_hash', 'status'])

const fieldOf = ({ path }: z.core.$ZodIssue): string => String(path[0])

/** A hash in a field of another name. It would be ignored, and the user would silently lose the password. */
const findMisnamedHash = (fields: RawRecord): string | undefined =>
  Object.entries(fields).find(
    ([name, value]) =>
      !KNOWN.has(name) &&
      typeof value === 'string' &&
      value.includes('$') &&
      value !== fields.password_hash &&
      findHashRefusal(value) === null,
  )?.[0]

type ParsedRow =
  | { readonly user: NewUser; readonly isUnproven: boolean; readonly warnings: readonly string[] }
  | { readonly reason: string; readonly isTooExpensive?: boolean }

/**
 * The user of a row, or why the row is rejected. Empty fields must have been removed. An invalid field that is not essential is
 * left out, with a warning.
 */
export function parseRow(fields: RawRecord, bounds: Bounds): ParsedRow {
  const { now } = bounds
  const schema = rowSchema(bounds)
  const { error } = schema.safeParse(fields)
  const issues = error?.issues ?? []
  const essential = issues.filter((issue) => ESSENTIAL.has(fieldOf(issue)))
  if (essential.length > 0)
    return { reason: essential.map(toReason).join('; '), isTooExpensive: essential.some(isTooExpensive) }
  const misnamed = findMisnamedHash(fields)
  if (misnamed !== undefined) return { reason: `${misnamed.slice(0, 40)}: holds a hash, name the field password_hash` }
  const bad = new Set(issues.map(fieldOf))
  const row = schema.parse(Object.fromEntries(Object.entries(fields).filter(([name]) => !bad.has(name))))
  return {
    isUnproven: row.email_verified === false,
    warnings: issues.map((issue) => withoutIt(toReason(issue))),
    user: {
      email: row.email,
      username: row.username,
      passwordHash: row.password_hash,
      role: 'user',
      status: row.status ?? 'active',
      ...(row.email_verified ? { emailVerifiedAt: now } : {}),
      externalId: row.external_id,
      importedAt: now,
      firstName: row.first_name,
      lastName: row.last_name,
      displayName: row.display_name,
      phoneNumber: row.phone_number,
      timezone: row.timezone,
      locale: row.locale,
      profileImageUrl: row.profile_image_url,
      createdAt: row.created_at,
      metadata: row.user_metadata ?? row.metadata ?? {},
      appMetadata: row.app_metadata ?? {},
    },
  }
}
