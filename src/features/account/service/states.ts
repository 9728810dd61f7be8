import type { Ctx } from '../../../context.ts'
import type { EventActor } from '../../../lib/event.ts'
import { isAdmin } from '../../../lib/roles.ts'
import { revokeOfAccount, revokeOfDemoted } from '../../memberships/service.ts'
import { orphansNothing, refusalOfDeletion, settleOwnerless } from '../../organizations/service/ownership.ts'
import { type Along, changeUserRole, changeUserState, type StateChangeInput } from '../../users/service/state.ts'
import type { ChangedUser } from '../../users/types.ts'

/** As `changeUserState`, whoever asks: invitations go with the account that answers for them. */
export const changeAccountState = (ctx: Ctx, input: StateChangeInput): Promise<ChangedUser> =>
  changeUserState(ctx, {
    ...input,
    along: (when) => [
      ...revokeOfAccount(ctx, { authorId: input.userId, actor: input.actor }, when),
      ...(input.along?.(when) ?? []),
    ],
  })

/** As `changeUserRole`, whoever asks: whoever is no admin of the platform any more answers for less. */
export const changeAccountRole = (
  ctx: Ctx,
  input: { readonly userId: string; readonly role: string; readonly actor: EventActor },
): Promise<ChangedUser> =>
  changeUserRole(ctx, {
    ...input,
    along: (when) =>
      isAdmin({ roles: [input.role] })
        ? []
        : revokeOfDemoted(ctx, { authorId: input.userId, actor: input.actor }, when),
  })

interface Deletion {
  readonly userId: string
  readonly actor: EventActor
  /** For the event record. */
  readonly reason?: string | null
  readonly isErased?: boolean
  /** Statements of later features for the batch. */
  readonly along?: Along
}

/**
 * Deletes an account, whoever asks. Organizations that its user owned alone pass on to an admin of theirs. Throws NOT_FOUND,
 * LAST_ADMIN.
 */
export async function deleteAccount(ctx: Ctx, deletion: Deletion): Promise<ChangedUser> {
  const deleted = await changeAccountState(ctx, { ...deletion, change: 'delete' })
  await settleOwnerless(ctx, deletion.userId)
  return deleted
}

/**
 * As `deleteAccount`, by its user, who first has to hand on what others are in. `along` records that they asked for the
 * erasure. Throws LAST_OWNER, too.
 */
export async function deleteByItsUser(
  ctx: Ctx,
  deletion: Deletion & Required<Pick<Deletion, 'along'>>,
): Promise<ChangedUser> {
  const { userId } = deletion
  const unless = { when: orphansNothing(userId), refusal: () => refusalOfDeletion(ctx, userId) }
  const deleted = await changeAccountState(ctx, { ...deletion, change: 'delete', unless })
  await settleOwnerless(ctx, userId)
  return deleted
}
