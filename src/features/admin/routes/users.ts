import { adminRoute } from '../../../http/guard.ts'
import { renderError } from '../../../http/render-error.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { notFound, serviceUnavailable, validationFailed } from '../../../lib/errors.ts'
import { ownAccount } from '../errors.ts'
import { deleteOther, forceDelete } from '../service/deletion.ts'
import { notifyUserOf } from '../service/notify.ts'
import { changeRole, lastAdmin, userStateConflict } from '../service/states.ts'
import { updateUser } from '../service/update.ts'
import { getAdminUser, listAdminUsers } from '../service/users.ts'
import { UserPath } from '../wire/parameters.ts'
import {
  AdminUserDetailWire,
  AdminUserWire,
  adminUserDetailToWire,
  adminUserToWire,
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

export const adminUserRoutes = createRoutes({ prefix: '/api/v1/admin/users', tag: 'admin', renderError })

adminUserRoutes.get(
  '/',
  {
    summary: 'Users, newest first; how many there are in all is in X-Total-Count',
    guard: adminRoute,
    query: ListUsersQuery,
    answers: { 200: { description: 'A page of users', schema: AdminUserWire.array() } },
    errors: [validationFailed],
  },
  async ({ ctx, query }) => {
    const { users, total } = await listAdminUsers(ctx, toListing(query))
    return Response.json(users.map(adminUserToWire), { headers: { 'X-Total-Count': String(total) } })
  },
)

adminUserRoutes.get(
  '/:id',
  {
    summary: 'One user, in any state',
    guard: adminRoute,
    path: UserPath,
    answers: { 200: { description: 'The user, with failed attempts and locks', schema: AdminUserDetailWire } },
    errors: [notFound],
  },
  async ({ ctx, path }) => Response.json(adminUserDetailToWire(await getAdminUser(ctx, path.id))),
)

adminUserRoutes.patch(
  '/:id',
  {
    summary: 'Change state, role and verified address',
    guard: adminRoute,
    path: UserPath,
    body: UpdateUserBody,
    answers: { 200: { description: 'The user as it is now', schema: UpdatedUserAnswer } },
    errors: [notFound, ownAccount, userStateConflict, lastAdmin, serviceUnavailable],
  },
  async ({ ctx, path, body }) => {
    const { propagated } = await updateUser(ctx, path.id, toUserUpdate(body))
    const user = adminUserDetailToWire(await getAdminUser(ctx, path.id))
    return Response.json({ message: 'User updated', propagated, user })
  },
)

const roleSpec = {
  summary: 'Give a user another role; the last admin keeps theirs',
  guard: adminRoute,
  path: UserPath,
  body: RoleBody,
  answers: { 200: { description: 'The user with the role', schema: ChangedUserAnswer } },
  errors: [notFound, lastAdmin],
}

for (const declare of [adminUserRoutes.put, adminUserRoutes.patch])
  declare('/:id/role', roleSpec, async ({ ctx, path, body }) =>
    Response.json(changedUserToWire('Role changed', await changeRole(ctx, { ref: path.id, role: body.role }))),
  )

const deletedUser = { 200: { description: 'What became of the user', schema: DeletedUserAnswer } }

adminUserRoutes.delete(
  '/:id',
  {
    summary: 'Delete a user: sessions end at once, data goes after the grace period, or at once when permanent',
    guard: adminRoute,
    path: UserPath,
    query: DeleteUserQuery,
    answers: deletedUser,
    errors: [notFound, ownAccount, lastAdmin, userStateConflict, serviceUnavailable],
  },
  async ({ ctx, path, query }) => {
    const ref = path.id
    if (query.permanent) return Response.json(erasedToWire(await forceDelete(ctx, ref)))
    return Response.json(deletedToWire(await deleteOther(ctx, ref)))
  },
)

adminUserRoutes.delete(
  '/:id/force-delete',
  {
    summary: 'Delete a user and all data, without a grace period and for good',
    guard: adminRoute,
    path: UserPath,
    answers: deletedUser,
    errors: [notFound, ownAccount, lastAdmin, userStateConflict, serviceUnavailable],
  },
  async ({ ctx, path }) => Response.json(erasedToWire(await forceDelete(ctx, path.id))),
)

adminUserRoutes.post(
  '/:id/notifications',
  {
    summary: "Send a user a message: it reaches the user's sockets and the platform channel",
    isWrite: everyCall,
    guard: adminRoute,
    path: UserPath,
    body: NotificationBody,
    answers: { 201: { description: 'The notification', schema: NotificationAnswer } },
    errors: [notFound],
  },
  async ({ ctx, path, body }) => {
    const { userId } = await notifyUserOf(ctx, path.id, body)
    return Response.json(notificationToWire(body, { userId, at: ctx.now() }), { status: 201 })
  },
)
