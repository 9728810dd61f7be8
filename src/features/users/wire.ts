import * as z from 'zod'
import { from, instant, instantOrNull, shape } from '../../http/answers.ts'
import { bodyOrQuery } from '../../http/input.ts'
import { isUuid } from '../../lib/ids.ts'
import {
  fullNameOf,
  isEmail,
  isEmailConfirmed,
  isPlainText,
  isProse,
  isSignInAllowed,
  isUsername,
} from './service/users.ts'
import { MAX_USER_NUMBER, USER_STATUSES, type User, type UserRef, type UserStatus } from './types.ts'

const MAX_REASON_LENGTH = 500

function toUserRef(text: string): UserRef | null {
  if (isUuid(text)) return text.toLowerCase()
  const number = /^\d{1,10}$/.test(text) ? Number(text) : null
  return number === null || number > MAX_USER_NUMBER ? null : number
}

/** An optional parameter; empty counts as absent, because forms send empty fields. */
export const orAbsent = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional())

/** The description of a search in the OpenAPI document. */
export const SEARCHED =
  'Words, each a part of an email, a username, a name or an external id. If no word has three characters, the first one must begin an email or a username'

/** A UUID in upper or lower case, or the number. */
export const UserParam = z
  .string()
  .transform((text, { addIssue }): UserRef => {
    const ref = toUserRef(text)
    if (ref !== null) return ref
    addIssue('must be a UUID or an integer')
    return z.NEVER
  })
  .meta({ description: 'The UUID or the number of a user' })

/** `suspended` includes `locked`: Janua has no lock, and answers show a locked user as suspended. */
export const StatusParam = z
  .enum(USER_STATUSES)
  .transform((status): UserStatus[] => (status === 'suspended' ? ['suspended', 'locked'] : [status]))

export const ReasonField = z.string().trim().max(MAX_REASON_LENGTH)

/** Janua's client sends the reason in the body; its server reads it from the query. */
export const ReasonInput = bodyOrQuery('StateChangeReason', { reason: ReasonField })

export const toReason = (body: object, query: object): string | null => ReasonInput.merge(body, query).reason || null

export const EmailField = z
  .string()
  .refine(isEmail, 'must be an email address')
  .meta({ format: 'email', maxLength: 254 })

export const UsernameField = z
  .string()
  .refine(isUsername, 'must have 3 to 50 letters, digits, - or _, and not digits alone')

/** One line of text. Clients send null for an empty field. */
export const textField = (max: number) =>
  z.string().max(max).refine(isPlainText, 'must not have control characters').nullish()

/** As `textField`, for several lines. */
export const proseField = (max: number) =>
  z.string().max(max).refine(isProse, 'must not have control characters').nullish()

const MAX_METADATA_CHARACTERS = 10_000

/** What an application keeps of somebody, as it comes. */
export const MetadataField = z
  .record(z.string(), z.unknown())
  .refine((value) => JSON.stringify(value).length <= MAX_METADATA_CHARACTERS, 'must have at most 10,000 characters')

/** Janua has no administrative lock, so a locked user is shown as suspended. */
const toJanuaStatus = (status: UserStatus) => (status === 'locked' ? 'suspended' : status)

const isAdmin = ({ role }: User): boolean => role === 'admin'
const text = z.string().nullable()

/** Every field of a user that the documented systems and their clients read. */
const userShape = shape<User>()('User', {
  id: z.uuid(),
  uuid: from(z.uuid(), ({ id }: User) => id),
  number: z.int(),
  email: z.string(),
  email_verified: from(z.boolean(), ({ emailVerifiedAt }: User) => emailVerifiedAt !== null),
  /** Whether the holder of the address has answered for the account: until then a mailed sign-in or reset takes it over. */
  email_confirmed: from(z.boolean(), isEmailConfirmed),
  username: text,
  first_name: text,
  last_name: text,
  given_name: from(text, ({ firstName }: User) => firstName),
  family_name: from(text, ({ lastName }: User) => lastName),
  name: from(text, fullNameOf),
  display_name: text,
  profile_image_url: text,
  bio: text,
  phone_number: text,
  phone_verified: z.boolean(),
  timezone: text,
  locale: text,
  status: from(z.enum(['active', 'inactive', 'suspended', 'pending', 'deleted']), ({ status }: User) =>
    toJanuaStatus(status),
  ),
  is_active: from(z.boolean(), isSignInAllowed),
  is_admin: from(z.boolean(), isAdmin),
  is_superuser: from(z.boolean(), isAdmin),
  roles: from(z.array(z.string()), ({ role }: User) => [role]),
  mfa_enabled: z.boolean(),
  user_metadata: from(z.record(z.string(), z.unknown()), ({ metadata }: User) => metadata),
  created_at: instant,
  updated_at: instant,
  last_sign_in_at: instantOrNull,
})

export const UserWire = userShape.schema
export type UserWire = z.infer<typeof UserWire>
/** A new object: other shapes add their own keys to it. */
export const userToWire = userShape.write as (user: User) => UserWire
