import { deleteUser } from '../../../features/account/service/users.ts'
import { signOut } from '../../../features/sign-in/service/current.ts'
import { freshFactorErrors } from '../../../features/sign-in/service/step-up.ts'
import { getCurrentUser, lastAdmin, listUsers } from '../../../features/users/service/users.ts'
import { ok } from '../../../http/answers.ts'
import { admin, adminOf } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { notFound, serviceUnavailable } from '../../../lib/errors.ts'
import { PageQuery } from '../../fields.ts'
import { renderAdminError } from '../render-error.ts'
import {
  AdminProfile,
  adminProfileToWire,
  deletedToWire,
  Ended,
  signedOutToWire,
  UserList,
  UserPath,
  usersToWire,
} from '../wire.ts'

export const adminRoutes = createRoutes({ prefix: '/admins', tag: 'admin', renderError: renderAdminError })

adminRoutes.get(
  '/users',
  {
    id: 'listJanuxUsers',
    summary: 'Users, oldest first; a page of 100 without `limit`',
    guard: admin,
    query: PageQuery,
    answer: ok(UserList, 'A page of users'),
  },
  async ({ ctx, query: { skip, limit } }) => {
    const { users } = await listUsers(ctx, { offset: skip, limit, order: 'oldest' })
    return usersToWire(users)
  },
)

adminRoutes.delete(
  '/users/:user_id',
  {
    id: 'deleteJanuxUser',
    summary: 'Delete a user: refused at once, erased after the grace period; oneself wants a fresh factor',
    guard: adminOf,
    params: UserPath,
    answer: ok(Ended, 'Deleted'),
    errors: [notFound, lastAdmin, ...freshFactorErrors],
  },
  async ({ ctx }) => deletedToWire(await deleteUser(ctx, {})),
)

adminRoutes.get(
  '/profile',
  {
    id: 'getJanuxAdmin',
    summary: 'The signed-in admin',
    guard: admin,
    answer: ok(AdminProfile, 'The profile'),
  },
  async ({ ctx }) => adminProfileToWire(await getCurrentUser(ctx)),
)

adminRoutes.post(
  '/logout',
  {
    id: 'signOutJanuxAdmin',
    summary: "End the session of the admin's access token",
    guard: admin,
    answer: ok(Ended, 'Logged out'),
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => signedOutToWire(await signOut(ctx)),
)
