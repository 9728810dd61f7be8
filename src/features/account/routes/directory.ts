import { created, ok } from '../../../http/answers.ts'
import { admin, anyone, confirmedUser } from '../../../http/guard.ts'
import { rangeOfPage } from '../../../http/list.ts'
import { createRoutes } from '../../../http/router.ts'
import { forbidden, notFound, serviceUnavailable } from '../../../lib/errors.ts'
import { redirectNotAllowed } from '../../sign-in/errors.ts'
import { registerAccount, signUpErrors } from '../../sign-in/service/sign-up.ts'
import { listUsers } from '../../users/service/users.ts'
import { getVisibleUserByEmail } from '../service/users.ts'
import {
  AskedUser,
  askedUserToWire,
  EmailQuery,
  RegisteredUser,
  RegistrationBody,
  registeredToWire,
  toPaging,
  toRegistration,
  toUserList,
  toUserQuery,
  UserList,
  UserListQuery,
  UserSearchQuery,
} from '../wire/users.ts'
import { renderUserError } from './users.ts'

export const userDirectoryRoutes = createRoutes({ prefix: '/api/v1/users', tag: 'users', renderError: renderUserError })

const onePage = ok(UserList, 'A page of users, newest first')

userDirectoryRoutes.get(
  '/',
  {
    id: 'listUsers',
    summary:
      'List users, by `page` and `per_page` or by `skip` and `limit`; deleted users only when `status` asks for them',
    guard: admin,
    query: UserListQuery,
    answer: onePage,
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => {
    const paging = toPaging(query)
    return toUserList(await listUsers(ctx, toUserQuery(query, paging)), paging)
  },
)

userDirectoryRoutes.post(
  '/',
  {
    id: 'createUser',
    summary: 'Sign up without opening a session; answers 400 for invalid fields',
    guard: anyone,
    body: RegistrationBody,
    invalidIs: 400,
    answer: created(
      RegisteredUser,
      'The new user, with the integer id; only a message when `HIDE_ACCOUNT_EXISTENCE` is set',
    ),
    errors: [...signUpErrors, redirectNotAllowed],
  },
  async ({ ctx, body }) => registeredToWire(await registerAccount(ctx, toRegistration(body))),
)

userDirectoryRoutes.get(
  '/search',
  {
    id: 'searchUsers',
    summary: 'Search users by a part of their email, username or names',
    guard: admin,
    query: UserSearchQuery,
    answer: onePage,
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => {
    const range = rangeOfPage(query)
    return toUserList(await listUsers(ctx, { search: query.q, ...range }), { by: 'id', ...range })
  },
)

userDirectoryRoutes.get(
  '/by-email',
  {
    id: 'findUser',
    summary: 'The user with an address, for that user or an admin',
    guard: confirmedUser,
    query: EmailQuery,
    answer: ok(AskedUser, 'The user'),
    errors: [forbidden, notFound, serviceUnavailable],
  },
  async ({ ctx, query }) => {
    const user = await getVisibleUserByEmail(ctx, query.email)
    return askedUserToWire(user, user.id)
  },
)
