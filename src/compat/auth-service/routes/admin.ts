import * as z from 'zod'
import { freshFactorErrors } from '../../../features/auth/service/step-up.ts'
import { lastAdmin, userStateConflict } from '../../../features/users/errors.ts'
import { deleteUser } from '../../../features/users/service/account.ts'
import { adminRoute } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { notFound, serviceUnavailable } from '../../../lib/errors.ts'
import { PageQuery } from '../../fields.ts'
import { activate, changeRoleByName, changeStateByEmail, changeStateByNumber, listAllUsers } from '../service/admins.ts'
import { LockAccountRequest, RoleUpdate, UnlockAccountRequest } from '../wire/admin.ts'
import { Done, doneToWire, INVALID } from '../wire/answers.ts'
import { UserPath } from '../wire/fields.ts'
import { ChangedUserResponse, changedUserToWire, UserResponse, userToWire } from '../wire/users.ts'
import { renderError } from '../wording.ts'

export const adminRoutes = createRoutes({ prefix: '/admin', tag: 'auth-service', renderError })

const changed = { 200: { description: 'The user as it is now', schema: ChangedUserResponse }, ...INVALID }
const done = { 200: { description: 'Done', schema: Done }, ...INVALID }
const stateErrors = [notFound, userStateConflict, lastAdmin, serviceUnavailable]

adminRoutes.get(
  '/users',
  {
    summary: 'A page of the users, by their ids',
    guard: adminRoute,
    query: PageQuery,
    answers: { 200: { description: 'The users', schema: z.array(UserResponse) }, ...INVALID },
    errors: [serviceUnavailable],
  },
  async ({ ctx, query }) => Response.json((await listAllUsers(ctx, query)).map(userToWire)),
)

adminRoutes.put(
  '/deactivate-user/:user_id',
  {
    summary: 'Deactivate a user; their sessions end',
    guard: adminRoute,
    path: UserPath,
    answers: changed,
    errors: stateErrors,
  },
  async ({ ctx, path }) => Response.json(changedUserToWire(await changeStateByNumber(ctx, path.user_id, 'deactivate'))),
)

adminRoutes.put(
  '/activate-user/:user_id',
  {
    summary: 'Activate a user again',
    isWrite: everyCall,
    guard: adminRoute,
    path: UserPath,
    answers: changed,
    errors: stateErrors,
  },
  async ({ ctx, path }) => Response.json(changedUserToWire(await activate(ctx, path.user_id))),
)

adminRoutes.put(
  '/user/role',
  {
    summary: 'Give a user another role',
    guard: adminRoute,
    body: RoleUpdate,
    answers: done,
    errors: [notFound, lastAdmin, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    const changed = await changeRoleByName(ctx, body)
    return Response.json(doneToWire('User role updated successfully', changed))
  },
)

adminRoutes.delete(
  '/user/:user_id',
  {
    summary: 'Delete a user; their sessions end. Oneself wants a fresh factor',
    guard: adminRoute,
    path: UserPath,
    answers: done,
    errors: [notFound, userStateConflict, lastAdmin, ...freshFactorErrors],
  },
  async ({ ctx, path }) => {
    const deleted = await deleteUser(ctx, path.user_id, {})
    return Response.json(doneToWire('User deleted successfully', deleted))
  },
)

adminRoutes.post(
  '/lock',
  {
    summary: 'Lock an account: no way of signing in works, and its sessions end',
    guard: adminRoute,
    body: LockAccountRequest,
    answers: done,
    errors: stateErrors,
  },
  async ({ ctx, body }) => {
    const locked = await changeStateByEmail(ctx, body.email, 'lock')
    return Response.json(doneToWire('Account locked successfully', locked))
  },
)

adminRoutes.post(
  '/unlock',
  {
    summary: 'Lift every lock of an account',
    isWrite: everyCall,
    guard: adminRoute,
    body: UnlockAccountRequest,
    answers: done,
    errors: [notFound, serviceUnavailable],
  },
  async ({ ctx, body }) => {
    const unlocked = await changeStateByEmail(ctx, body.email, 'unlock')
    return Response.json(doneToWire('Account unlocked successfully', unlocked))
  },
)
