import * as z from 'zod'
import { deleteUser } from '../../../features/account/service/users.ts'
import { freshFactorErrors } from '../../../features/sign-in/service/step-up.ts'
import { lastAdmin, userStateConflict } from '../../../features/users/service/users.ts'
import { ok } from '../../../http/answers.ts'
import { admin, adminOf } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { notFound, serviceUnavailable } from '../../../lib/errors.ts'
import { PageQuery } from '../../fields.ts'
import { activate, changeRoleByName, changeStateByEmail, changeStateByNumber, listAllUsers } from '../service/admins.ts'
import { LockAccountRequest, RoleUpdate, UnlockAccountRequest } from '../wire/admin.ts'
import { Done, doneToWire } from '../wire/answers.ts'
import { UserPath } from '../wire/fields.ts'
import { ChangedUserResponse, changedUserToWire, UserResponse, userToWire } from '../wire/users.ts'
import { renderError } from '../wording.ts'

export const adminRoutes = createRoutes({ prefix: '/admin', tag: 'admin', renderError })

const changed = ok(ChangedUserResponse, 'The user as it is now')
const done = ok(Done, 'Done')
const stateErrors = [notFound, userStateConflict, lastAdmin, serviceUnavailable]

adminRoutes.get(
  '/users',
  {
    id: 'listServiceUsers',
    summary: 'A page of the users, by their ids',
    guard: admin,
    query: PageQuery,
    answer: ok(z.array(UserResponse), 'The users'),
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => (await listAllUsers(ctx, query)).map(userToWire),
)

adminRoutes.put(
  '/deactivate-user/:user_id',
  {
    id: 'deactivateServiceUser',
    summary: 'Deactivate a user; their sessions end',
    guard: admin,
    params: UserPath,
    answer: changed,
    errors: stateErrors,
  },
  async ({ ctx, params }) => changedUserToWire(await changeStateByNumber(ctx, params.user_id, 'deactivate')),
)

adminRoutes.put(
  '/activate-user/:user_id',
  {
    id: 'activateServiceUser',
    summary: 'Activate a user again',
    isWrite: everyCall,
    guard: admin,
    params: UserPath,
    answer: changed,
    errors: stateErrors,
  },
  async ({ ctx, params }) => changedUserToWire(await activate(ctx, params.user_id)),
)

adminRoutes.put(
  '/user/role',
  {
    id: 'changeServiceRole',
    summary: 'Give a user another role',
    guard: admin,
    body: RoleUpdate,
    answer: done,
    errors: [notFound, lastAdmin, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    const changed = await changeRoleByName(ctx, body)
    return doneToWire('User role updated successfully', changed)
  },
)

adminRoutes.delete(
  '/user/:user_id',
  {
    id: 'deleteServiceUser',
    summary: 'Delete a user; their sessions end. Oneself wants a fresh factor',
    guard: adminOf,
    params: UserPath,
    answer: done,
    errors: [notFound, userStateConflict, lastAdmin, ...freshFactorErrors],
  },
  async ({ ctx }) => {
    const deleted = await deleteUser(ctx, {})
    return doneToWire('User deleted successfully', deleted)
  },
)

adminRoutes.post(
  '/lock',
  {
    id: 'lockServiceUser',
    summary: 'Lock an account: no way of signing in works, and its sessions end',
    guard: admin,
    body: LockAccountRequest,
    answer: done,
    errors: stateErrors,
  },
  async ({ ctx, body }) => {
    const locked = await changeStateByEmail(ctx, body.email, 'lock')
    return doneToWire('Account locked successfully', locked)
  },
)

adminRoutes.post(
  '/unlock',
  {
    id: 'unlockServiceUser',
    summary: 'Lift every lock of an account',
    isWrite: everyCall,
    guard: admin,
    body: UnlockAccountRequest,
    answer: done,
    errors: [notFound, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    const unlocked = await changeStateByEmail(ctx, body.email, 'unlock')
    return doneToWire('Account unlocked successfully', unlocked)
  },
)
