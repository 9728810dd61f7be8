import type { Ctx } from '../../../context.ts'
import type { EventActor } from '../../../lib/event.ts'
import { orphansNothing, refusalOfDeletion, settleOwnerless } from '../../organizations/service/ownership.ts'
import { changeUserState } from '../../users/service/state.ts'
import type { ChangedUser } from '../../users/types.ts'

interface Deletion {
  readonly userId: string
  readonly actor: EventActor
  /** For the event record. */
  readonly reason?: string | null
  readonly isErased?: boolean
}

/**
 * Deletes an account, whoever asks. Organizations that its user owned alone pass on to an admin of theirs. Throws NOT_FOUND,
 * LAST_ADMIN.
 */
export async function deleteAccount(ctx: Ctx, deletion: Deletion): Promise<ChangedUser> {
  const deleted = await changeUserState(ctx, { ...deletion, change: 'delete' })
  await settleOwnerless(ctx, deletion.userId)
  return deleted
}

/** As `deleteAccount`, by its user, who first has to hand on what others are in. Throws LAST_OWNER, too. */
export async function deleteByItsUser(ctx: Ctx, deletion: Deletion): Promise<ChangedUser> {
  const { userId } = deletion
  const unless = { when: orphansNothing(userId), refusal: () => refusalOfDeletion(ctx, userId) }
  const deleted = await changeUserState(ctx, { ...deletion, change: 'delete', unless })
  await settleOwnerless(ctx, userId)
  return deleted
}
