import * as z from 'zod'
import { bodyOrQuery } from '../../../http/input.ts'
import { pageQuery, type Range, rangeOfPage, skipQuery } from '../../../http/list.ts'
import { PasswordField, SignUpBody, StepUpBody, toSignUp, toStepUp } from '../../sign-in/wire/session.ts'
import type { UserQuery } from '../../users/service/directory.ts'
import { MAX_USER_NUMBER } from '../../users/types.ts'
import { orAbsent, SEARCHED, StatusParam, UserParam } from '../../users/wire/parameters.ts'
import { EmailField, textField } from '../../users/wire/user.ts'

export { isMoreThanCredentials, ProfileBody, toProfileChange } from './profile.ts'

const MAX_SEARCH_LENGTH = 254

export const UserPath = z.object({ user_id: UserParam })

const paged = pageQuery({ last: MAX_USER_NUMBER })

const searched = z.string().trim().max(MAX_SEARCH_LENGTH)
const search = orAbsent(searched).optional().meta({ description: SEARCHED })

/** Janua's pages; or users-api's `skip` and `limit`, which are taken when one of them is there. */
export const UserListQuery = paged.extend({
  ...skipQuery({ last: MAX_USER_NUMBER }).shape,
  search,
  status: orAbsent(StatusParam).optional(),
})

export const UserSearchQuery = paged.extend({ q: searched.min(1).meta({ description: SEARCHED }) })

/** The range that was asked for, and the id that the form has: users-api names users by number. */
export interface Paging extends Range {
  readonly by: 'id' | 'number'
}

export function toPaging(query: z.output<typeof UserListQuery>): Paging {
  const { skip, limit } = query
  if (skip === undefined && limit === undefined) return { by: 'id', ...rangeOfPage(query) }
  return { by: 'number', offset: skip ?? 0, limit: limit ?? 10 }
}

export const toUserQuery = (
  { search, status }: z.output<typeof UserListQuery>,
  { offset, limit }: Range,
): UserQuery => ({
  search: search || undefined,
  status,
  offset,
  limit,
})

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
export const DeletionBody = StepUpBody.extend({ current_password: StepUpBody.shape.password }).meta({
  id: 'AccountDeletion',
})
const DeletionInput = bodyOrQuery('DeletionPassword', { password: PasswordField })
export const DeletionQuery = DeletionInput.query

export const toFactors = (
  { current_password, ...body }: z.output<typeof DeletionBody>,
  query: z.output<typeof DeletionQuery>,
) => toStepUp({ ...body, ...DeletionInput.merge({ password: body.password ?? current_password }, query) })
