import type { ActorCtx } from '../../../context.ts'
import { checkEmailChange, mailEmailChange } from '../../sign-in/service/email-change.ts'
import type { GivenFactors } from '../../sign-in/service/step-up.ts'
import { updateProfile } from '../../users/service/profile.ts'
import { getCurrentUser } from '../../users/service/users.ts'
import type { Profile, User } from '../../users/types.ts'

export interface OwnProfileChange extends GivenFactors {
  readonly changes: Partial<Profile>
  /** Counts once its link is used. */
  readonly newEmail: string | null
}

/** A profile that was changed. */
export interface ChangedProfile {
  readonly user: User
  /** The new address, until its link is used. */
  readonly pendingEmail: string | null
  /** Every isolate refuses tokens that say the old name within 5 seconds. */
  readonly propagated: boolean
}

/**
 * The caller's own profile. A new address only asks for its verification; its mails come last, when nothing else can be
 * refused. Throws CONFLICT, and for an address whatever `requireFreshFactor` throws, before anything is changed.
 */
export async function changeOwnProfile(ctx: ActorCtx, input: OwnProfileChange): Promise<ChangedProfile> {
  const { newEmail, changes, password, code } = input
  const user = await getCurrentUser(ctx)
  const pendingEmail = newEmail === null ? null : await checkEmailChange(ctx, user, { newEmail, password, code })
  const changed = await updateProfile(ctx, { user, changes, actor: { type: 'user', id: user.id } })
  if (pendingEmail !== null) await mailEmailChange(ctx, changed.user, pendingEmail)
  return { ...changed, pendingEmail }
}
