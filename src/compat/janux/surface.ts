import { deleteUser } from '../../features/account/service/users.ts'
import { lastOwner } from '../../features/organizations/service/membership-changes.ts'
import { recordErasure } from '../../features/privacy/service/requests.ts'
import { signOut } from '../../features/sign-in/service/current.ts'
import { registerAccount, signUpErrors } from '../../features/sign-in/service/sign-up.ts'
import { freshFactorErrors } from '../../features/sign-in/service/step-up.ts'
import { getCurrentUser, lastAdmin, listUsers } from '../../features/users/service/users.ts'
import { created, ok } from '../../http/answers.ts'
import { admin, adminOf, anyone, confirmedUser, user } from '../../http/guard.ts'
import { createRoutes } from '../../http/router.ts'
import { notFound, serviceUnavailable } from '../../lib/errors.ts'
import { PageQuery } from '../fields.ts'
import type { Surface } from '../surface.ts'
import { loginRoutes, welcomeRoutes } from '../token-login.ts'
import { renderAdminError, renderUserError } from './render-error.ts'
import {
  AdminProfile,
  adminProfileToWire,
  deletedToWire,
  Ended,
  Profile,
  profileToWire,
  RegisterBody,
  Registered,
  registeredToWire,
  signedOutToWire,
  toRegistration,
  UserList,
  UserPath,
  usersToWire,
} from './wire.ts'

const userRoutes = createRoutes({ prefix: '/users', tag: 'account', renderError: renderUserError })

userRoutes.post(
  '/register',
  {
    id: 'registerJanuxUser',
    summary: 'Register a user; no session is opened',
    guard: anyone,
    body: RegisterBody,
    answer: created(Registered, 'The new user'),
    errors: signUpErrors,
  },
  async ({ ctx, body }) => registeredToWire(await registerAccount(ctx, toRegistration(body)), body),
)

userRoutes.get(
  '/profile',
  {
    id: 'getJanuxProfile',
    summary: 'The signed-in user',
    guard: user,
    answer: ok(Profile, 'The profile'),
  },
  async ({ ctx }) => profileToWire(await getCurrentUser(ctx)),
)

userRoutes.post(
  '/logout',
  {
    id: 'signOutJanuxUser',
    summary: 'End the session of the access token',
    guard: confirmedUser,
    answer: ok(Ended, 'Logged out'),
    errors: [serviceUnavailable],
  },
  async ({ ctx }) => signedOutToWire(await signOut(ctx)),
)

const adminRoutes = createRoutes({ prefix: '/admins', tag: 'admin', renderError: renderAdminError })

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
    summary:
      "Delete a user: signed out at once, erased after the grace period. Deleting one's own account needs a fresh factor",
    guard: adminOf,
    params: UserPath,
    answer: ok(Ended, 'Deleted'),
    errors: [notFound, lastAdmin, lastOwner, ...freshFactorErrors],
  },
  async ({ ctx }) => deletedToWire(await deleteUser(ctx, { recordErasure })),
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

/** README.md maps the calls to use cases, and lists what is safer here. */
export const janux: Surface = {
  routes: [welcomeRoutes, loginRoutes, userRoutes, adminRoutes],
  documents: ['GET /health', 'GET /readiness', 'GET /liveness'],
}
