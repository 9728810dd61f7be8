import * as z from 'zod'
import { deleteUser } from '../../../features/account/service/users.ts'
import { adminSecretInvalid } from '../../../features/admin/service/register.ts'
import { weakPassword } from '../../../features/factors/password/service/strength.ts'
import { lastOwner } from '../../../features/organizations/service/membership-changes.ts'
import { recordErasure } from '../../../features/privacy/service/requests.ts'
import { signInNotAccepted } from '../../../features/sign-in/errors.ts'
import { signInOrThrowErrors } from '../../../features/sign-in/service/sign-in.ts'
import { registerAccount, signUpErrors } from '../../../features/sign-in/service/sign-up.ts'
import { freshFactorErrors } from '../../../features/sign-in/service/step-up.ts'
import { lastAdmin, userStateConflict } from '../../../features/users/service/users.ts'
import { ok } from '../../../http/answers.ts'
import { admin, adminOf, anyone, confirmedOptionalUser } from '../../../http/guard.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { conflict, notFound, rateLimited, serviceUnavailable } from '../../../lib/errors.ts'
import { PageQuery } from '../../fields.ts'
import {
  activate,
  changeRoleByName,
  changeStateByEmail,
  changeStateByNumber,
  listAllUsers,
  registerFurtherAdmin,
  signInAdmin,
  signInVendor,
} from '../service.ts'
import {
  AdminCreate,
  AdminLogin,
  ChangedUserResponse,
  changedUserToWire,
  Done,
  doneToWire,
  hiddenVendorToWire,
  LockAccountRequest,
  LoginToken,
  loginToWire,
  RoleUpdate,
  toNewAdmin,
  toVendorRegistration,
  UnlockAccountRequest,
  UserPath,
  UserResponse,
  userToWire,
  VendorCreate,
  VendorLogin,
  VendorResponse,
  vendorToWire,
} from '../wire.ts'
import { createRenderer, renderError, WRONG_CREDENTIALS } from '../wording.ts'

export const adminRoutes = createRoutes({ prefix: '/admin', tag: 'admin', renderError })

const changed = ok(ChangedUserResponse, 'The changed user')
const done = ok(Done, 'Done')
const stateErrors = [notFound, userStateConflict, lastAdmin, serviceUnavailable]

adminRoutes.get(
  '/users',
  {
    id: 'listServiceUsers',
    summary: 'A page of the users, ordered by id',
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
    summary: "Delete a user; their sessions end. Deleting one's own account needs a fresh factor",
    guard: adminOf,
    params: UserPath,
    answer: done,
    errors: [notFound, userStateConflict, lastAdmin, lastOwner, ...freshFactorErrors],
  },
  async ({ ctx }) => {
    const deleted = await deleteUser(ctx, { recordErasure })
    return doneToWire('User deleted successfully', deleted)
  },
)

adminRoutes.post(
  '/lock',
  {
    id: 'lockServiceUser',
    summary: 'Lock an account: it cannot sign in, and its sessions end',
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

/** Registration and login of admins, which check their callers themselves. */
export const adminAccessRoutes = createRoutes({
  prefix: '/admin',
  tag: 'admin',
  renderError: createRenderer(WRONG_CREDENTIALS),
})

adminAccessRoutes.post(
  '/register',
  {
    id: 'registerServiceAdmin',
    summary: 'Register an admin, with the secret key or as an admin',
    isWrite: everyCall,
    guard: confirmedOptionalUser,
    body: AdminCreate,
    answer: ok(UserResponse, 'The new admin; it is not signed in'),
    errors: [adminSecretInvalid, conflict, weakPassword, rateLimited, serviceUnavailable],
  },
  async ({ ctx, body }) => userToWire(await registerFurtherAdmin(ctx, toNewAdmin(body))),
)

adminAccessRoutes.post(
  '/login',
  {
    id: 'signInAdmin',
    summary: 'Sign in as an admin',
    guard: anyone,
    body: AdminLogin,
    answer: ok(LoginToken, 'A session'),
    errors: [...signInOrThrowErrors, signInNotAccepted],
  },
  async ({ ctx, body }) => loginToWire(await signInAdmin(ctx, body)),
)

export const vendorRoutes = createRoutes({
  prefix: '/vendor',
  tag: 'vendors',
  renderError: createRenderer(WRONG_CREDENTIALS),
})

vendorRoutes.post(
  '/register_vendor',
  {
    id: 'registerVendor',
    summary: 'Register a new vendor: a user with the role vendor',
    guard: anyone,
    body: VendorCreate,
    encoding: 'json-or-form',
    answer: ok(VendorResponse, 'The new vendor; it is not signed in'),
    errors: signUpErrors,
  },
  async ({ ctx, body }) => {
    const vendor = await registerAccount(ctx, toVendorRegistration(body))
    return vendor ? vendorToWire(vendor) : hiddenVendorToWire(body)
  },
)

vendorRoutes.post(
  '/login',
  {
    id: 'signInVendor',
    summary: 'Sign in as a vendor',
    guard: anyone,
    body: VendorLogin,
    answer: ok(LoginToken, 'A session'),
    errors: signInOrThrowErrors,
  },
  async ({ ctx, body }) => loginToWire(await signInVendor(ctx, body)),
)
