import type { ActorCtx, Ctx } from '../../../../context.ts'
import { commit } from '../../../../db/commit.ts'
import { passkeyNotFound } from '../errors.ts'
import { deletePasskey, selectPasskey, selectPasskeys, updateName } from '../store.ts'
import type { Passkey } from '../types.ts'
import { notifyPasskeyChange } from './notices.ts'

/** Newest first. */
export const listPasskeys = (ctx: Pick<Ctx, 'db'>, userId: string): Promise<Passkey[]> => selectPasskeys(ctx, userId)

export const hasPasskeys = async (ctx: Pick<Ctx, 'db'>, userId: string): Promise<boolean> =>
  (await listPasskeys(ctx, userId)).length > 0

/** One of the caller's own. Throws PASSKEY_NOT_FOUND. */
export async function getPasskey(ctx: ActorCtx, id: string): Promise<Passkey> {
  const passkey = await selectPasskey(ctx, ctx.actor.id, id)
  if (!passkey) throw passkeyNotFound()
  return passkey
}

/** Names one of the caller's passkeys, with `passkey.renamed`. Throws PASSKEY_NOT_FOUND. */
export async function renamePasskey(
  ctx: ActorCtx,
  { id, name }: { id: string; name: string | null },
): Promise<Passkey> {
  const before = await getPasskey(ctx, id)
  const [after] = await commit(ctx, updateName(ctx, { userId: ctx.actor.id, id, name }), {
    ...changeOf(ctx, id),
    type: 'passkey.renamed',
    data: { before: { name: before.name }, after: { name } },
  })
  if (!after) throw passkeyNotFound()
  return after
}

/** Removes one of the caller's passkeys, with `passkey.removed`. Sessions live on. Throws PASSKEY_NOT_FOUND. */
export async function deleteOwnPasskey(ctx: ActorCtx, id: string): Promise<void> {
  const { name } = await getPasskey(ctx, id)
  const [removed] = await commit(ctx, deletePasskey(ctx, { userId: ctx.actor.id, id }), {
    ...changeOf(ctx, id),
    type: 'passkey.removed',
    data: { before: { id, name } },
  })
  if (!removed) throw passkeyNotFound()
  notifyPasskeyChange(ctx, { kind: 'factor_removed', ended: 'none' }, removed)
}

const changeOf = ({ actor }: ActorCtx, id: string) =>
  ({ subject: id, userId: actor.id, actor: { type: 'user', id: actor.id }, sessionId: actor.sessionId }) as const
