import { getCurrentUser, signOut } from '../../../features/auth/service/current.ts'
import { freshFactorErrors } from '../../../features/auth/service/step-up.ts'
import { lastAdmin } from '../../../features/users/errors.ts'
import { deleteUser } from '../../../features/users/service/account.ts'
import { listUsers } from '../../../features/users/service/directory.ts'
import { adminRoute } from '../../../http/guard.ts'
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

export const adminRoutes = createRoutes({ prefix: '/admins', tag: 'janux', renderError: renderAdminError })

adminRoutes.get(
  '/users',
  {
    summary: 'Users, oldest first; a page of 100 without `limit`',
    guard: adminRoute,
    query: PageQuery,
    answers: { 200: { description: 'A page of users', schema: UserList } },
  },
  async ({ ctx, query: { skip, limit } }) => {
    const { users } = await listUsers(ctx, { offset: skip, limit, order: 'oldest' })
    return Response.json(usersToWire(users))
  },
)

adminRoutes.delete(
  '/users/:user_id',
  {
    summary: 'Delete a user: refused at once, erased after the grace period; oneself wants a fresh factor',
    guard: adminRoute,
    path: UserPath,
    answers: { 200: { description: 'Deleted', schema: Ended } },
    errors: [notFound, lastAdmin, ...freshFactorErrors],
  },
  async ({ ctx, path }) => Response.json(deletedToWire(await deleteUser(ctx, path.user_id, {}))),
)

adminRoutes.get(
  '/profile',
  {
    summary: 'The signed-in admin',
    guard: adminRoute,
    answers: { 200: { description: 'The profile', schema: AdminProfile } },
  },
  async ({ ctx }) => Response.json(adminProfileToWire(await getCurrentUser(ctx))),
)

adminRoutes.post(
  '/logout',
  {
    summary: "End the session of the admin's access token",
    guard: adminRoute,
    answers: { 200: { description: 'Logged out', schema: Ended } },
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => Response.json(signedOutToWire(await signOut(ctx))),
)
