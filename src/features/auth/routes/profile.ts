import { confirmedUserRoute } from '../../../http/guard.ts'
import { renderError } from '../../../http/render-error.ts'
import { createRoutes } from '../../../http/router.ts'
import { conflict, notFound } from '../../../lib/errors.ts'
import { changeOwnProfile } from '../service/profile.ts'
import { freshFactorErrors } from '../service/step-up.ts'
import {
  ChangedProfile,
  changedProfileToWire,
  isMoreThanCredentials,
  ProfileBody,
  toProfileChange,
} from '../wire/profile.ts'

export const profileRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'auth', renderError })

profileRoutes.patch(
  '/profile',
  {
    summary: "Change the caller's profile; a new address counts once its link is used",
    isWrite: isMoreThanCredentials,
    guard: confirmedUserRoute,
    body: ProfileBody,
    answers: { 200: { description: 'The user, and the address that waits', schema: ChangedProfile } },
    errors: [conflict, notFound, ...freshFactorErrors],
  },
  async ({ ctx, body }) => Response.json(changedProfileToWire(await changeOwnProfile(ctx, toProfileChange(body)))),
)
