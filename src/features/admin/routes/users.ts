import { created, ok } from '../../../http/answers.ts'
import { admin } from '../../../http/guard.ts'
import { arrayOf, withTotal } from '../../../http/list.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { notFound, serviceUnavailable, validationFailed } from '../../../lib/errors.ts'
import { lastAdmin, userStateConflict } from '../../users/errors.ts'
import { ownAccount } from '../errors.ts'
import { deleteOther, forceDelete } from '../service/deletion.ts'
import { notifyUserOf } from '../service/notify.ts'
import { changeRole } from '../service/states.ts'
import { updateUser } from '../service/update.ts'
import { getAdminUser, listAdminUsers } from '../service/users.ts'
import { UserPath } from '../wire/parameters.ts'
import {
  AdminUserDetailWire,
  AdminUserShape,
  adminUserDetailToWire,
  ChangedUserAnswer,
  changedUserToWire,
  DeletedUserAnswer,
  DeleteUserQuery,
  deletedToWire,
  erasedToWire,
  ListUsersQuery,
  NotificationAnswer,
  NotificationBody,
  notificationToWire,
  RoleBody,
  toListing,
  toUserUpdate,
  UpdatedUserAnswer,
  UpdateUserBody,
} from '../wire/users.ts'

export const adminUserRoutes = createRoutes({ prefix: '/api/v1/admin/users', tag: 'admin' })

adminUserRoutes.get(
  '/',
  {
    id: 'listAllUsers',
    summary: 'Users, newest first; how many there are in all is in X-Total-Count',
    guard: admin,
    query: ListUsersQuery,
    answer: ok(arrayOf(AdminUserShape), 'A page of users'),
    errors: [validationFailed],
  },
  async ({ ctx, query }) => {
    return withTotal(await listAdminUsers(ctx, toListing(query)))
  },
)

adminUserRoutes.get(
  '/:id',
  {
    id: 'getUserDetails',
    summary: 'One user, in any state',
    guard: admin,
    params: UserPath,
    answer: ok(AdminUserDetailWire, 'The user, with failed attempts and locks'),
    errors: [notFound],
  },
  async ({ ctx, params }) => adminUserDetailToWire(await getAdminUser(ctx, params.id)),
)

adminUserRoutes.patch(
  '/:id',
  {
    id: 'updateUserState',
    summary: 'Change state, role and verified address',
    guard: admin,
    params: UserPath,
    body: UpdateUserBody,
    answer: ok(UpdatedUserAnswer, 'The user as it is now'),
    errors: [notFound, ownAccount, userStateConflict, lastAdmin, serviceUnavailable],
  },
  async ({ ctx, params, body }) => {
    const { propagated } = await updateUser(ctx, params.id, toUserUpdate(body))
    const user = adminUserDetailToWire(await getAdminUser(ctx, params.id))
    return { message: 'User updated', propagated, user }
  },
)

const roleSpec = {
  summary: 'Give a user another role; the last admin keeps theirs',
  guard: admin,
  params: UserPath,
  body: RoleBody,
  answer: ok(ChangedUserAnswer, 'The user with the role'),
  errors: [notFound, lastAdmin],
}

adminUserRoutes.put('/:id/role', { ...roleSpec, id: 'changeUserRole' }, async ({ ctx, params, body }) =>
  changedUserToWire('Role changed', await changeRole(ctx, { ref: params.id, role: body.role })),
)

adminUserRoutes.patch(
  '/:id/role',
  { ...roleSpec, id: 'updateUserRole', instead: 'changeUserRole' },
  async ({ ctx, params, body }) =>
    changedUserToWire('Role changed', await changeRole(ctx, { ref: params.id, role: body.role })),
)

const deletedUser = ok(DeletedUserAnswer, 'What became of the user')

adminUserRoutes.delete(
  '/:id',
  {
    id: 'deleteAnyUser',
    summary: 'Delete a user',
    description: 'Sessions end at once; data goes after the grace period, or at once when `permanent`.',
    guard: admin,
    params: UserPath,
    query: DeleteUserQuery,
    answer: deletedUser,
    errors: [notFound, ownAccount, lastAdmin, userStateConflict, serviceUnavailable],
  },
  async ({ ctx, params, query }) => {
    const ref = params.id
    if (query.permanent) return erasedToWire(await forceDelete(ctx, ref))
    return deletedToWire(await deleteOther(ctx, ref))
  },
)

adminUserRoutes.delete(
  '/:id/force-delete',
  {
    id: 'eraseUser',
    summary: 'Delete a user and all data, without a grace period and for good',
    guard: admin,
    params: UserPath,
    answer: deletedUser,
    errors: [notFound, ownAccount, lastAdmin, userStateConflict, serviceUnavailable],
  },
  async ({ ctx, params }) => erasedToWire(await forceDelete(ctx, params.id)),
)

adminUserRoutes.post(
  '/:id/notifications',
  {
    id: 'notifyUser',
    summary: "Send a user a message: it reaches the user's sockets and the platform channel",
    isWrite: everyCall,
    guard: admin,
    params: UserPath,
    body: NotificationBody,
    answer: created(NotificationAnswer, 'The notification'),
    errors: [notFound],
  },
  async ({ ctx, params, body }) => {
    const { userId } = await notifyUserOf(ctx, params.id, body)
    return notificationToWire(body, { userId, at: ctx.now() })
  },
)
