import { ok } from '../../../http/answers.ts'
import { confirmedUserRoute } from '../../../http/guard.ts'
import { createRoutes } from '../../../http/router.ts'
import { conflict, notFound } from '../../../lib/errors.ts'
import { freshFactorErrors } from '../../sign-in/service/step-up.ts'
import { changeOwnProfile } from '../service/own-profile.ts'
import {
  ChangedProfile,
  changedProfileToWire,
  isMoreThanCredentials,
  ProfileBody,
  toProfileChange,
} from '../wire/profile.ts'

export const profileRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'auth' })

profileRoutes.patch(
  '/profile',
  {
    id: 'changeOwnProfile',
    summary: "Change the caller's profile; a new address counts once its link is used",
    isWrite: isMoreThanCredentials,
    guard: confirmedUserRoute,
    body: ProfileBody,
    answer: ok(ChangedProfile, 'The user, and the address that waits'),
    errors: [conflict, notFound, ...freshFactorErrors],
  },
  async ({ ctx, body }) => changedProfileToWire(await changeOwnProfile(ctx, toProfileChange(body))),
)
