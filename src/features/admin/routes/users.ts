import type { AdminCtx } from '../../../context.ts'
import type { UserData } from '../../../db/user-data.ts'
import { created, ok } from '../../../http/answers.ts'
import { admin, confirmedOptionalUser } from '../../../http/guard.ts'
import { arrayOf, withTotal } from '../../../http/list.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { conflict, notFound, rateLimited, serviceUnavailable, validationFailed } from '../../../lib/errors.ts'
import { legalHold } from '../../account/service/erasure.ts'
import { weakPassword } from '../../factors/password/service/strength.ts'
import { lastAdmin, userStateConflict } from '../../users/service/users.ts'
import type { UserRef } from '../../users/types.ts'
import { ReasonInput, toReason } from '../../users/wire.ts'
import { adminSecretInvalid, registerAdmin } from '../service/register.ts'
import { changeRole } from '../service/states.ts'
import {
  deleteOther,
  forceDelete,
  getAdminUser,
  listAdminUsers,
  notifyUserOf,
  ownAccount,
  updateUser,
} from '../service/users.ts'
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
  RegisterAdminBody,
  RegisteredAdminAnswer,
  RoleBody,
  registeredAdminToWire,
  toListing,
  toRegistration,
  toUserUpdate,
  UpdatedUserAnswer,
  UpdateUserBody,
  UserPath,
} from '../wire/users.ts'

export const adminUserRoutes = createRoutes({ prefix: '/api/v1/admin/users', tag: 'admin' })

adminUserRoutes.get(
  '/',
  {
    id: 'listAllUsers',
    summary: 'Users, newest first; X-Total-Count is the number of users on all pages',
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
    summary: 'A user in any state',
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
    summary: 'Change the state, the role, or whether the address is verified',
    guard: admin,
    params: UserPath,
    body: UpdateUserBody,
    answer: ok(UpdatedUserAnswer, 'The user after the change'),
    errors: [notFound, ownAccount, userStateConflict, lastAdmin, serviceUnavailable],
  },
  async ({ ctx, params, body }) => {
    const { propagated } = await updateUser(ctx, params.id, toUserUpdate(body))
    const user = adminUserDetailToWire(await getAdminUser(ctx, params.id))
    return { message: 'User updated', propagated, user }
  },
)

const roleSpec = {
  summary: "Change a user's role; the last admin's cannot be changed",
  guard: admin,
  params: UserPath,
  body: RoleBody,
  answer: ok(ChangedUserAnswer, 'The user with the new role'),
  errors: [notFound, lastAdmin],
}

const putRole = async ({ ctx, params, body }: { ctx: AdminCtx; params: { id: UserRef }; body: { role: string } }) =>
  changedUserToWire('Role changed', await changeRole(ctx, { ref: params.id, role: body.role }))

adminUserRoutes.put('/:id/role', { ...roleSpec, id: 'changeUserRole' }, putRole)
adminUserRoutes.patch('/:id/role', { ...roleSpec, id: 'updateUserRole', instead: 'changeUserRole' }, putRole)

adminUserRoutes.post(
  '/:id/notifications',
  {
    id: 'notifyUser',
    summary: "Send a message to the user's sockets and the platform channel",
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

/** Deletion of users. `userData`: what an erasure erases. */
export function createDeletionRoutes(userData: readonly UserData[]) {
  const routes = createRoutes({ prefix: '/api/v1/admin/users', tag: 'admin' })
  const deletedUser = ok(DeletedUserAnswer, 'Whether the user is deleted or erased')

  routes.delete(
    '/:id',
    {
      id: 'deleteAnyUser',
      summary:
        'Delete a user: sessions end at once, data is erased after the grace period, or at once with `permanent`',
      guard: admin,
      params: UserPath,
      body: ReasonInput.body,
      query: DeleteUserQuery,
      answer: deletedUser,
      errors: [notFound, ownAccount, lastAdmin, userStateConflict, legalHold, serviceUnavailable],
    },
    async ({ ctx, params, body, query }) => {
      const ref = params.id
      // Without a reason: an erasure empties the data of the user's events.
      if (query.permanent) return erasedToWire(await forceDelete(ctx, ref, userData))
      return deletedToWire(await deleteOther(ctx, ref, toReason(body, query)))
    },
  )

  routes.delete(
    '/:id/force-delete',
    {
      id: 'eraseUser',
      summary: 'Erase a user and all data at once, without a grace period',
      guard: admin,
      params: UserPath,
      answer: deletedUser,
      errors: [notFound, ownAccount, lastAdmin, userStateConflict, legalHold, serviceUnavailable],
    },
    async ({ ctx, params }) => erasedToWire(await forceDelete(ctx, params.id, userData)),
  )

  return routes
}

export const adminRegisterRoutes = createRoutes({ prefix: '/api/v1/admin', tag: 'admin' })

adminRegisterRoutes.post(
  '/register',
  {
    id: 'createAdmin',
    summary: "Create another admin, with an admin's token or with ADMIN_SECRET_KEY",
    isWrite: everyCall,
    guard: confirmedOptionalUser,
    body: RegisterAdminBody,
    answer: created(RegisteredAdminAnswer, 'The new admin, without a session'),
    errors: [adminSecretInvalid, weakPassword, conflict, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    const user = await registerAdmin(ctx, { actor: ctx.actor, ...toRegistration(body) })
    return registeredAdminToWire(user)
  },
)
