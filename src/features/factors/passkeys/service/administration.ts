import type { Ctx } from '../../../../context.ts'
import type { EventActor } from '../../../../lib/event.ts'
import { changeUser } from '../../../users/service/change-user.ts'
import { notificationOf } from '../../../users/service/notices.ts'
import type { ChangedUser, User } from '../../../users/types.ts'
import { passkeyNotFound } from '../errors.ts'
import { deletePasskey, ifRemoved, selectPasskeys } from '../store.ts'
import type { Passkey } from '../types.ts'
import { nameOf, tellOfPasskey } from './notices.ts'

interface Removal {
  readonly user: User
  /** Null stands for all. */
  readonly passkeyId: string | null
  readonly actor: EventActor
}

/**
 * Removes passkeys of a user, by somebody who may: who may is for the caller to say. The user's sessions end with them,
 * and mails and notifications tell. Throws PASSKEY_NOT_FOUND for the one that was named; of all there may be none.
 */
export async function removePasskeysOf(
  ctx: Ctx,
  { user, passkeyId, actor }: Removal,
): Promise<{ removed: number; propagated: boolean }> {
  const all = await selectPasskeys(ctx, user.id)
  const named = passkeyId === null ? all : all.filter(({ id }) => id === passkeyId)
  const changes = await Promise.all(named.map((passkey) => removeOne(ctx, { user, actor }, passkey)))
  const removed = changes.filter((change) => change !== null)
  if (passkeyId !== null && removed.length === 0) throw passkeyNotFound()
  return { removed: removed.length, propagated: removed.every(({ propagated }) => propagated) }
}

/** Null when somebody else removed the passkey first. */
async function removeOne(
  ctx: Ctx,
  { user, actor }: Omit<Removal, 'passkeyId'>,
  passkey: Passkey,
): Promise<ChangedUser | null> {
  const { id, userId, name } = passkey
  const changed = await changeUser(ctx, {
    userId,
    ...ifRemoved,
    actor,
    with: [deletePasskey(ctx, { userId, id })],
    ends: { reason: 'credentials_changed' },
    events: [
      { type: 'passkey.removed', subject: id, data: { before: { id, name } } },
      notificationOf(user, { kind: 'factor_removed', actor, params: { factor: nameOf(passkey) } }),
    ],
  })
  if (changed) tellOfPasskey(ctx, { kind: 'factor_removed', ended: 'all' }, passkey)
  return changed
}
