import { adminRoute, confirmedUserRoute, userRoute } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { conflict, forbidden, notFound, serviceUnavailable, tokenInvalid } from '../../../lib/errors.ts'
import { freshFactorErrors } from '../../auth/service/step-up.ts'
import { lastAdmin, userStateConflict } from '../errors.ts'
import {
  changeProfileOf,
  deleteUser,
  reactivateUser,
  removeOwnAvatar,
  suspendUser,
  unsuspendUser,
} from '../service/account.ts'
import { getVisibleUser } from '../service/visible.ts'
import {
  AskedUser,
  askedUserToWire,
  ChangedUser,
  changedUserToWire,
  permissionsToWire,
  UserDone,
  UserPermissions,
  userDoneToWire,
} from '../wire/answers.ts'
import { ReasonBody, ReasonQuery, toReason } from '../wire/parameters.ts'
import {
  DeletionBody,
  DeletionQuery,
  isMoreThanCredentials,
  isUsersApiForm,
  ProfileBody,
  toFactors,
  toProfileChange,
  UserPath,
} from '../wire/requests.ts'
import { renderUserError } from './wording.ts'

export const userAccountRoutes = createRoutes({ prefix: '/api/v1/users', tag: 'users', renderError: renderUserError })

/** A path with the name of a user, in either form. */
const named = { path: UserPath, isHourly: isUsersApiForm }

const oneUser = { 200: { description: 'The user', schema: AskedUser } }
const done = (description: string) => ({ 200: { description, schema: UserDone } })

userAccountRoutes.get(
  '/me',
  { summary: 'The signed-in user', guard: userRoute, answers: oneUser, errors: [tokenInvalid] },
  async ({ ctx }) => Response.json(askedUserToWire(await getVisibleUser(ctx, ctx.actor.id), ctx.actor.id)),
)

const change = {
  guard: confirmedUserRoute,
  isWrite: isMoreThanCredentials,
  body: ProfileBody,
  answers: { 200: { description: 'The user, and the address that waits', schema: ChangedUser } },
  errors: [conflict, forbidden, notFound, ...freshFactorErrors],
}
const changeOwn = { ...change, summary: "Change the caller's profile: what is named; null empties a field" }
const changeOne = { ...change, summary: 'Change a profile, for its user or an admin', ...named }

userAccountRoutes.put('/me', changeOwn, async ({ ctx, body }) =>
  Response.json(changedUserToWire(await changeProfileOf(ctx, ctx.actor.id, toProfileChange(body)), ctx.actor.id)),
)

userAccountRoutes.patch('/me', changeOwn, async ({ ctx, body }) =>
  Response.json(changedUserToWire(await changeProfileOf(ctx, ctx.actor.id, toProfileChange(body)), ctx.actor.id)),
)

const deletion = {
  guard: confirmedUserRoute,
  body: DeletionBody,
  query: DeletionQuery,
  answers: done('Every session has ended; the account is erased after the grace period'),
  errors: [forbidden, notFound, lastAdmin, ...freshFactorErrors],
}

userAccountRoutes.delete(
  '/me',
  { ...deletion, summary: "Delete the caller's account; wants a fresh factor" },
  async ({ ctx, body, query }) =>
    Response.json(userDoneToWire('Account deleted', await deleteUser(ctx, ctx.actor.id, toFactors(body, query)))),
)

userAccountRoutes.delete(
  '/me/avatar',
  {
    summary: "Remove the caller's picture",
    isWrite: everyCall,
    guard: confirmedUserRoute,
    answers: done('The profile has no picture'),
    errors: [notFound],
  },
  async ({ ctx }) => Response.json(userDoneToWire('Avatar deleted', await removeOwnAvatar(ctx))),
)

userAccountRoutes.get(
  '/:user_id',
  {
    summary: 'A user by UUID or number, for that user or an admin',
    guard: confirmedUserRoute,
    ...named,
    answers: oneUser,
    errors: [forbidden, notFound, serviceUnavailable],
  },
  async ({ ctx, path }) => Response.json(askedUserToWire(await getVisibleUser(ctx, path.user_id), path.user_id)),
)

userAccountRoutes.put('/:user_id', changeOne, async ({ ctx, body, path }) =>
  Response.json(changedUserToWire(await changeProfileOf(ctx, path.user_id, toProfileChange(body)), path.user_id)),
)

userAccountRoutes.patch('/:user_id', changeOne, async ({ ctx, body, path }) =>
  Response.json(changedUserToWire(await changeProfileOf(ctx, path.user_id, toProfileChange(body)), path.user_id)),
)

userAccountRoutes.delete(
  '/:user_id',
  { ...deletion, summary: 'Delete an account, for an admin, or its user with a fresh factor', ...named },
  async ({ ctx, body, path, query }) =>
    Response.json(userDoneToWire('User deleted', await deleteUser(ctx, path.user_id, toFactors(body, query)))),
)

userAccountRoutes.get(
  '/:user_id/permissions',
  {
    summary: 'What the platform role of a user allows, for that user or an admin',
    guard: confirmedUserRoute,
    ...named,
    answers: { 200: { description: 'The permissions', schema: UserPermissions } },
    errors: [forbidden, notFound, serviceUnavailable],
  },
  async ({ ctx, path }) => Response.json(permissionsToWire(await getVisibleUser(ctx, path.user_id), path.user_id)),
)

const administration = { guard: adminRoute, ...named }

userAccountRoutes.post(
  '/:user_id/suspend',
  {
    ...administration,
    summary: 'Suspend a user: every session ends, and no way of signing in works',
    body: ReasonBody,
    query: ReasonQuery,
    answers: done('The user is suspended'),
    errors: [notFound, userStateConflict, lastAdmin],
  },
  async ({ ctx, body, path, query }) =>
    Response.json(userDoneToWire('User suspended', await suspendUser(ctx, path.user_id, toReason(body, query)))),
)

const ending = { ...administration, answers: done('The user is active'), errors: [notFound, userStateConflict] }

userAccountRoutes.post(
  '/:user_id/unsuspend',
  { ...ending, isWrite: everyCall, summary: 'End a suspension' },
  async ({ ctx, path }) => Response.json(userDoneToWire('User unsuspended', await unsuspendUser(ctx, path.user_id))),
)

userAccountRoutes.post(
  '/:user_id/reactivate',
  { ...ending, isWrite: everyCall, summary: 'End a suspension or a deactivation' },
  async ({ ctx, path }) => Response.json(userDoneToWire('User reactivated', await reactivateUser(ctx, path.user_id))),
)
