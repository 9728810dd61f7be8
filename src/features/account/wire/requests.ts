import * as z from 'zod'
import { integerParam } from '../../../http/input.ts'
import { SignUpBody, StepUpBody, toSignUp, toStepUp } from '../../sign-in/wire/session.ts'
import type { UserQuery } from '../../users/service/directory.ts'
import { MAX_USER_NUMBER } from '../../users/types.ts'
import { orAbsent, SEARCHED, StatusParam, UserParam } from '../../users/wire/parameters.ts'
import { EmailField, textField } from '../../users/wire/user.ts'

export { isMoreThanCredentials, ProfileBody, toProfileChange } from './profile.ts'

const MAX_SEARCH_LENGTH = 254

export const UserPath = z.object({ user_id: UserParam })

const page = integerParam(1, MAX_USER_NUMBER).default(1)
const perPage = integerParam(1, 100).default(20)

const searched = z.string().trim().max(MAX_SEARCH_LENGTH)
const search = orAbsent(searched).optional().meta({ description: SEARCHED })

/** Janua's pages; or users-api's `skip` and `limit`, which are taken when one of them is there. */
export const UserListQuery = z.object({
  page,
  per_page: perPage,
  skip: integerParam(0, MAX_USER_NUMBER).optional(),
  limit: integerParam(1, 100).optional(),
  search,
  status: orAbsent(StatusParam).optional(),
})

export const UserSearchQuery = z.object({
  q: searched.min(1).meta({ description: SEARCHED }),
  page,
  per_page: perPage,
})

/** A page as it was asked for, in both of its names. */
export interface Paging {
  readonly by: 'id' | 'number'
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
    status: query.status,
    offset,
    limit,
  }
}

export const EmailQuery = z.object({ email: EmailField })

/** Sign-up's fields, and the names that Janua's client sends to its users. */
export const RegistrationBody = SignUpBody.extend({
  given_name: textField(100),
  family_name: textField(100),
  display_name: textField(200),
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
