import * as z from 'zod'
import { isUuid } from '../../../lib/ids.ts'
import { SignUpBody, StepUpBody, toSignUp, toStepUp } from '../../auth/wire.ts'
import type { UserQuery } from '../service/directory.ts'
import { isEmail } from '../service.ts'
import { MAX_USER_NUMBER, type UserRef, type UserStatus } from '../types.ts'

export { ProfileBody, toProfileChange } from '../../auth/wire/profile.ts'

const MAX_SEARCH_LENGTH = 254
const MAX_REASON_LENGTH = 500

function toUserRef(text: string): UserRef | null {
  if (isUuid(text)) return { by: 'id', id: text.toLowerCase() }
  const number = /^\d{1,10}$/.test(text) ? Number(text) : null
  return number === null || number > MAX_USER_NUMBER ? null : { by: 'number', number }
}

/** A UUID in whatever case, or the number: answers have `id` in the form that was asked. */
const UserParam = z.string().transform((text, { addIssue }): UserRef => {
  const ref = toUserRef(text)
  if (ref) return ref
  addIssue('must be a UUID or an integer')
  return z.NEVER
})

export const UserPath = z.object({ user_id: UserParam })

const integer = (min: number, max: number) => z.coerce.number().int().min(min).max(max)
const page = integer(1, MAX_USER_NUMBER).default(1)
const perPage = integer(1, 100).default(20)

/** Forms send a field that was left empty. */
const orAbsent = <T extends z.ZodType>(schema: T) => z.union([z.literal('').transform(() => undefined), schema])

const search = orAbsent(z.string().trim().max(MAX_SEARCH_LENGTH)).optional()

const STATUSES = ['active', 'inactive', 'suspended', 'pending', 'locked', 'deleted'] as const

/** Answers show a locked user as suspended, so that filter finds both. */
const statusesOf = (status: (typeof STATUSES)[number]): UserStatus[] =>
  status === 'suspended' ? ['suspended', 'locked'] : [status]

/** Janua's pages; or users-api's `skip` and `limit`, which are taken when one of them is there. */
export const UserListQuery = z.object({
  page,
  per_page: perPage,
  skip: integer(0, MAX_USER_NUMBER).optional(),
  limit: integer(1, 100).optional(),
  search,
  status: orAbsent(z.enum(STATUSES)).optional(),
})

export const UserSearchQuery = z.object({ q: z.string().trim().min(1).max(MAX_SEARCH_LENGTH), page, per_page: perPage })

/** A page as it was asked for, in both of its names. */
export interface Paging {
  readonly by: UserRef['by']
  readonly page: number
  readonly perPage: number
  readonly skip: number
}

export function toPaging(query: z.output<typeof UserListQuery>): Paging {
  const { page: number, per_page: size, skip, limit } = query
  if (skip === undefined && limit === undefined)
    return { by: 'id', page: number, perPage: size, skip: (number - 1) * size }
  const [from, count] = [skip ?? 0, limit ?? 10]
  return { by: 'number', page: Math.floor(from / count) + 1, perPage: count, skip: from }
}

export const toSearchPaging = ({ page: number, per_page: size }: z.output<typeof UserSearchQuery>): Paging => ({
  by: 'id',
  page: number,
  perPage: size,
  skip: (number - 1) * size,
})

export const toUserQuery = (query: z.output<typeof UserListQuery>): UserQuery => {
  const { skip: offset, perPage: limit } = toPaging(query)
  return {
    search: query.search || undefined,
    status: query.status === undefined ? undefined : statusesOf(query.status),
    offset,
    limit,
  }
}

/** users-api's forms, an integer id or its paging: what its 1000 requests an hour are for. */
export function isUsersApiForm(request: Request): boolean {
  const { pathname, searchParams } = new URL(request.url)
  return /^\/api\/v1\/users\/\d+(\/|$)/.test(pathname) || searchParams.has('skip') || searchParams.has('limit')
}

export const EmailQuery = z.object({ email: z.string().max(254).refine(isEmail, 'must be an email address') })

/** Sign-up's fields, and the names that Janua's client sends to its users. */
export const RegistrationBody = SignUpBody.extend({
  given_name: z.string().max(100).nullish(),
  family_name: z.string().max(100).nullish(),
  display_name: z.string().max(200).nullish(),
})

export function toRegistration({ given_name, family_name, display_name, ...body }: z.output<typeof RegistrationBody>) {
  const input = toSignUp(body)
  return {
    ...input,
    firstName: input.firstName ?? given_name ?? undefined,
    lastName: input.lastName ?? family_name ?? undefined,
    displayName: display_name ?? undefined,
  }
}

/** Janua's server takes the password in the query, its client sends none at all. */
export const DeletionBody = StepUpBody.extend({ current_password: StepUpBody.shape.password })
export const DeletionQuery = StepUpBody.pick({ password: true })

export const toFactors = (
  { current_password, ...body }: z.output<typeof DeletionBody>,
  query: z.output<typeof DeletionQuery>,
) => toStepUp({ ...body, password: body.password ?? current_password ?? query.password })

const Reason = z.object({ reason: z.string().trim().max(MAX_REASON_LENGTH).nullish() })

/** Janua's client sends it in the body, its server takes it from the query. */
export const ReasonBody = Reason
export const ReasonQuery = Reason

export const toReason = (body: z.output<typeof Reason>, query: z.output<typeof Reason>): string | null =>
  body.reason || query.reason || null
