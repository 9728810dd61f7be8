import type { Ctx } from '../../../../context.ts'
import { commitAll } from '../../../../db/commit.ts'
import type { EventActor } from '../../../../lib/event.ts'
import { endSessionsAfterChange } from '../../../users/service/end-sessions.ts'
import { noticeOf } from '../../../users/service/notices.ts'
import type { User } from '../../../users/types.ts'
import { passkeyNotFound } from '../errors.ts'
import { deletePasskey, raiseAuthVersion, selectPasskeys } from '../store.ts'
import type { Passkey } from '../types.ts'
import { nameOf, tellOfPasskey } from './notices.ts'

export { passkeyNotFound } from '../errors.ts'

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
  const versions: number[] = []
  for (const passkey of named) versions.push(...(await removeOne(ctx, { user, actor }, passkey)))
  if (passkeyId !== null && versions.length === 0) throw passkeyNotFound()
  if (versions.length === 0) return { removed: 0, propagated: true }
  const authVersion = Math.max(...versions)
  const reason = 'credentials_changed'
  const ended = await endSessionsAfterChange(ctx, { userId: user.id, except: null, reason, actor, authVersion })
  return { removed: versions.length, ...ended }
}

/** The row's `auth_version` after it; nothing when somebody else removed the passkey first. */
async function removeOne(ctx: Ctx, { user, actor }: Omit<Removal, 'passkeyId'>, passkey: Passkey): Promise<number[]> {
  const { id, userId, name } = passkey
  const [raised] = await commitAll(
    ctx,
    [deletePasskey(ctx, { userId, id }), raiseAuthVersion(ctx, userId)],
    { type: 'passkey.removed', subject: id, userId, actor, data: { before: { id, name } } },
    noticeOf({ user, kind: 'factor_removed', actor, params: { factor: nameOf(passkey) } }),
  )
  if (!raised) return []
  tellOfPasskey(ctx, { kind: 'factor_removed', ended: 'all' }, passkey)
  return [raised.authVersion]
}
