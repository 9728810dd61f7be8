import type * as z from 'zod'
import type { ActorCtx, TargetCtx } from '../../../context.ts'
import { ok, response } from '../../../http/answers.ts'
import { admin, anyone, confirmedUser, selfOrAdmin, user } from '../../../http/guard.ts'
import { FileBody } from '../../../http/input.ts'
import { createErrorRenderer } from '../../../http/render-error.ts'
import { createRoutes, everyCall } from '../../../http/router.ts'
import { conflict, forbidden, notFound, serviceUnavailable, ssoRequired, tokenInvalid } from '../../../lib/errors.ts'
import { lastOwner } from '../../organizations/service/membership-changes.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { getCurrentUser, lastAdmin, userStateConflict } from '../../users/service/users.ts'
import { ReasonInput, toReason } from '../../users/wire.ts'
import { getAvatar, imageUnsupported, MAX_AVATAR_BYTES, removeOwnAvatar, setOwnAvatar } from '../service/avatars.ts'
import { changeOwnProfile, deleteOwnAccount, type RecordErasure } from '../service/own-account.ts'
import { changeProfileOf, changeStateOf, deleteUser, getSeenUser, reactivateUser } from '../service/users.ts'
import { isMoreThanCredentials, ProfileBody, toProfileChange } from '../wire/own-account.ts'
import {
  AskedUser,
  AVATAR_ENCODING,
  AvatarDone,
  AvatarPath,
  askedUserToWire,
  avatarAnswer,
  ChangedUser,
  changedUserToWire,
  DeletionBody,
  DeletionQuery,
  SeenUserShape,
  toFactors,
  UserDone,
  UserPath,
  userDoneToWire,
} from '../wire/users.ts'

/** users-api documents `detail` of these two errors; Janua's clients, on the same paths, read `message`. */
export const renderUserError = createErrorRenderer(({ kind }) => {
  if (kind === 'unauthenticated') return { detail: 'Invalid authentication credentials' }
  if (kind === 'not_found') return { detail: 'Resource not found' }
  return {}
})

export const userAccountRoutes = createRoutes({ prefix: '/api/v1/users', tag: 'users', renderError: renderUserError })

/** A path with the UUID or the number of a user. */
const named = { params: UserPath }

const oneUser = ok(AskedUser, 'The user')
const done = (description: string) => ok(UserDone, description)

userAccountRoutes.get(
  '/me',
  { id: 'getOwnUser', summary: 'The signed-in user', guard: user, answer: oneUser, errors: [tokenInvalid] },
  async ({ ctx }) => askedUserToWire(await getCurrentUser(ctx), ctx.actor.id),
)

const change = {
  isWrite: isMoreThanCredentials,
  body: ProfileBody,
  answer: ok(ChangedUser, 'The user, and the pending address'),
  errors: [conflict, forbidden, notFound, ssoRequired, ...freshFactorErrors],
}
const changeOwn = {
  ...change,
  guard: confirmedUser,
  summary: "Change the caller's profile: absent fields stay as they are, null empties a field",
}
const changeOne = {
  ...change,
  ...named,
  guard: selfOrAdmin,
  summary: 'Change a profile, for its user or an admin',
}

const changeMine = async ({ ctx, body }: { ctx: ActorCtx; body: z.output<typeof ProfileBody> }) =>
  changedUserToWire(await changeOwnProfile(ctx, toProfileChange(body)), ctx.actor.id)

userAccountRoutes.put('/me', { ...changeOwn, id: 'changeOwnUser', instead: 'updateOwnUser' }, changeMine)
userAccountRoutes.patch('/me', { ...changeOwn, id: 'updateOwnUser' }, changeMine)

userAccountRoutes.post(
  '/me/avatar',
  {
    id: 'setAvatar',
    summary: "Set the caller's picture: a PNG, JPEG, WebP or GIF of 512 KiB at most",
    description: 'What the bytes begin with decides; the declared type and the name of the file do not.',
    isWrite: everyCall,
    guard: confirmedUser,
    body: FileBody,
    encoding: AVATAR_ENCODING,
    maxBodyBytes: MAX_AVATAR_BYTES,
    answer: ok(AvatarDone, 'The profile has the picture'),
    errors: [imageUnsupported, notFound],
  },
  async ({ ctx, body }) => {
    const changed = await setOwnAvatar(ctx, body.bytes)
    return { ...userDoneToWire('Avatar uploaded', changed), profile_image_url: changed.user.profileImageUrl }
  },
)

userAccountRoutes.delete(
  '/me/avatar',
  {
    id: 'removeAvatar',
    summary: "Remove the caller's picture",
    isWrite: everyCall,
    guard: confirmedUser,
    answer: done('The profile has no picture'),
    errors: [notFound],
  },
  async ({ ctx }) => userDoneToWire('Avatar deleted', await removeOwnAvatar(ctx)),
)

userAccountRoutes.get(
  '/:user_id',
  {
    id: 'getUser',
    summary:
      'A user by UUID or number, for that user or an admin; names and address, for members of a shared organization',
    guard: confirmedUser,
    ...named,
    answer: ok(SeenUserShape, 'The user'),
    errors: [forbidden, notFound, serviceUnavailable],
  },
  async ({ ctx, params }) => ({ ...(await getSeenUser(ctx, params.user_id)), ref: params.user_id }),
)

const changeTarget = async ({ ctx, body }: { ctx: TargetCtx; body: z.output<typeof ProfileBody> }) =>
  changedUserToWire(await changeProfileOf(ctx, toProfileChange(body)), ctx.target.ref)

userAccountRoutes.put('/:user_id', { ...changeOne, id: 'changeUser', instead: 'updateUser' }, changeTarget)
userAccountRoutes.patch('/:user_id', { ...changeOne, id: 'updateUser' }, changeTarget)

const administration = { guard: admin, ...named }

userAccountRoutes.post(
  '/:user_id/suspend',
  {
    id: 'suspendAccount',
    ...administration,
    summary: 'Suspend a user: every session ends, and sign-in is refused',
    body: ReasonInput.body,
    query: ReasonInput.query,
    answer: done('The user is suspended'),
    errors: [notFound, userStateConflict, lastAdmin],
  },
  async ({ ctx, body, params, query }) =>
    userDoneToWire(
      'User suspended',
      await changeStateOf(ctx, { ref: params.user_id, change: 'suspend', reason: toReason(body, query) }),
    ),
)

const ending = { ...administration, answer: done('The user is active'), errors: [notFound, userStateConflict] }

userAccountRoutes.post(
  '/:user_id/unsuspend',
  { id: 'unsuspendAccount', ...ending, isWrite: everyCall, summary: 'End a suspension' },
  async ({ ctx, params }) =>
    userDoneToWire('User unsuspended', await changeStateOf(ctx, { ref: params.user_id, change: 'unsuspend' })),
)

userAccountRoutes.post(
  '/:user_id/reactivate',
  { id: 'reactivateAccount', ...ending, isWrite: everyCall, summary: 'End a suspension or a deactivation' },
  async ({ ctx, params }) => userDoneToWire('User reactivated', await reactivateUser(ctx, params.user_id)),
)

const deletion = {
  body: DeletionBody,
  query: DeletionQuery,
  answer: done('Every session has ended; the account is erased after the grace period'),
  errors: [forbidden, notFound, lastAdmin, lastOwner, ...freshFactorErrors],
}

export function createAccountDeletionRoutes(recordErasure: RecordErasure) {
  const routes = createRoutes({ prefix: '/api/v1/users', tag: 'users', renderError: renderUserError })

  routes.delete(
    '/me',
    {
      id: 'deleteOwnUser',
      ...deletion,
      guard: confirmedUser,
      summary: "Delete the caller's account; requires a fresh factor",
    },
    async ({ ctx, body, query }) =>
      userDoneToWire('Account deleted', await deleteOwnAccount(ctx, { ...toFactors(body, query), recordErasure })),
  )

  routes.delete(
    '/:user_id',
    {
      id: 'deleteUser',
      guard: selfOrAdmin,
      ...deletion,
      summary: 'Delete an account, for an admin, or for its user with a fresh factor',
      ...named,
    },
    async ({ ctx, body, query }) =>
      userDoneToWire(
        'User deleted',
        await deleteUser(ctx, { ...toFactors(body, query), reason: toReason(body, query), recordErasure }),
      ),
  )
  return routes
}

export const avatarRoutes = createRoutes({ prefix: '/avatars', tag: 'users' })

avatarRoutes.get(
  '/:name',
  {
    id: 'getAvatar',
    summary: "A user's picture, as `profile_image_url` names it",
    guard: anyone,
    // A page of many users has many pictures, and they must not use up what its reader may ask. The name is not guessable.
    unlimited: true,
    params: AvatarPath,
    answer: response(200, 'The picture', { contentType: 'image/*' }),
    errors: [notFound, serviceUnavailable],
  },
  async ({ ctx, params }) => avatarAnswer(await getAvatar(ctx, params.name)),
)
