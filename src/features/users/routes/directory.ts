import { adminRoute, confirmedUserRoute, publicRoute } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { forbidden, notFound, serviceUnavailable } from '../../../lib/errors.ts'
import { registerAccount, signUpErrors } from '../../auth/service/sign-up.ts'
import { listUsers } from '../service/directory.ts'
import { getVisibleUserByEmail } from '../service/visible.ts'
import {
  AskedUser,
  askedUserToWire,
  RegisteredUser,
  registeredToWire,
  UserList,
  userListToWire,
} from '../wire/answers.ts'
import {
  EmailQuery,
  isUsersApiForm,
  RegistrationBody,
  toPaging,
  toRegistration,
  toSearchPaging,
  toUserQuery,
  UserListQuery,
  UserSearchQuery,
} from '../wire/requests.ts'
import { renderUserError } from './wording.ts'

export const userDirectoryRoutes = createRoutes({ prefix: '/api/v1/users', tag: 'users', renderError: renderUserError })

const onePage = { 200: { description: 'A page of users, newest first', schema: UserList } }

userDirectoryRoutes.get(
  '/',
  {
    summary: 'List users, by `page` and `per_page` or by `skip` and `limit`; deleted ones only by their status',
    guard: adminRoute,
    query: UserListQuery,
    isHourly: isUsersApiForm,
    answers: onePage,
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => Response.json(userListToWire(await listUsers(ctx, toUserQuery(query)), toPaging(query))),
)

userDirectoryRoutes.post(
  '/',
  {
    summary: 'Sign up without opening a session; invalid fields are 400',
    guard: publicRoute,
    body: RegistrationBody,
    invalidIs400: true,
    answers: {
      201: {
        description: 'The new user, with the integer id; no user where accounts are not shown to exist',
        schema: RegisteredUser,
      },
    },
    errors: signUpErrors,
  },
  async ({ ctx, body }) =>
    Response.json(registeredToWire(await registerAccount(ctx, toRegistration(body))), { status: 201 }),
)

userDirectoryRoutes.get(
  '/search',
  {
    summary: 'Search users by a part of their email, username or names',
    guard: adminRoute,
    query: UserSearchQuery,
    answers: onePage,
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => {
    const paging = toSearchPaging(query)
    const found = await listUsers(ctx, { search: query.q, offset: paging.skip, limit: paging.perPage })
    return Response.json(userListToWire(found, paging))
  },
)

userDirectoryRoutes.get(
  '/by-email',
  {
    summary: 'The user with an address, for that user or an admin',
    guard: confirmedUserRoute,
    query: EmailQuery,
    answers: { 200: { description: 'The user', schema: AskedUser } },
    errors: [forbidden, notFound, serviceUnavailable],
  },
  async ({ ctx, query }) => {
    const user = await getVisibleUserByEmail(ctx, query.email)
    return Response.json(askedUserToWire(user, user.id))
  },
)
