import * as z from 'zod'
import { bodyOrQuery } from '../../../http/input.ts'
import { isUuid } from '../../../lib/ids.ts'
import { MAX_USER_NUMBER, USER_STATUSES, type UserRef, type UserStatus } from '../types.ts'

const MAX_REASON_LENGTH = 500

function toUserRef(text: string): UserRef | null {
  if (isUuid(text)) return text.toLowerCase()
  const number = /^\d{1,10}$/.test(text) ? Number(text) : null
  return number === null || number > MAX_USER_NUMBER ? null : number
}

/** Forms send a field that was left empty. */
export const orAbsent = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional())

/** What a search is, for the OpenAPI document. */
export const SEARCHED =
  'Words, each a part of an email, a username, a name or the id of another system. Where none has three characters, the first begins an email or a username'

/** A UUID in whatever case, or the number. */
export const UserParam = z
  .string()
  .transform((text, { addIssue }): UserRef => {
    const ref = toUserRef(text)
    if (ref !== null) return ref
    addIssue('must be a UUID or an integer')
    return z.NEVER
  })
  .meta({ description: 'The UUID or the number of a user' })

/** Janua has no lock, and answers show a locked user as suspended: who asks for those gets both. */
export const StatusParam = z
  .enum(USER_STATUSES)
  .transform((status): UserStatus[] => (status === 'suspended' ? ['suspended', 'locked'] : [status]))

/** Janua's client sends it in the body, its server takes it from the query. */
export const ReasonInput = bodyOrQuery('StateChangeReason', { reason: z.string().trim().max(MAX_REASON_LENGTH) })

export const toReason = (body: object, query: object): string | null => ReasonInput.merge(body, query).reason || null
