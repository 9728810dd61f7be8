import type { ActorCtx, Ctx } from '../../../../context.ts'
import { commit } from '../../../../db/commit.ts'
import type { EventActor } from '../../../../lib/event.ts'
import type { EndedSessions } from '../../../mail/types.ts'
import { changeUser } from '../../../users/service/change-user.ts'
import { notificationOf, sendNotice } from '../../../users/service/notices.ts'
import { findUser, isEmailConfirmed } from '../../../users/service/users.ts'
import type { ChangedUser, User } from '../../../users/types.ts'
import { passkeyNotFound } from '../errors.ts'
import { deletePasskey, ifRemoved, selectPasskey, selectPasskeys, updateName } from '../store.ts'
import type { Passkey } from '../types.ts'

/** Newest first. */
export const listPasskeys = (ctx: Pick<Ctx, 'db'>, userId: string): Promise<Passkey[]> => selectPasskeys(ctx, userId)

export const hasPasskeys = async (ctx: Pick<Ctx, 'db'>, userId: string): Promise<boolean> =>
  (await listPasskeys(ctx, userId)).length > 0

/** One of the caller's passkeys. Throws PASSKEY_NOT_FOUND. */
export async function getPasskey(ctx: ActorCtx, id: string): Promise<Passkey> {
  const passkey = await selectPasskey(ctx, ctx.actor.id, id)
  if (!passkey) throw passkeyNotFound()
  return passkey
}

/** Renames one of the caller's passkeys, with `passkey.renamed`. Throws PASSKEY_NOT_FOUND. */
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

/** Removes one of the caller's passkeys, with `passkey.removed`. No session ends. Throws PASSKEY_NOT_FOUND. */
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

interface Removal {
  readonly user: User
  /** Null for all. */
  readonly passkeyId: string | null
  readonly actor: EventActor
  /** For the event record. */
  readonly reason: string | null
}

/**
 * Removes passkeys of a user, for an actor whom the caller has authorized. Ends the user's sessions, and notifies the user.
 * Throws PASSKEY_NOT_FOUND if `passkeyId` is not the user's; when it is null, the user may have none.
 */
export async function removePasskeysOf(
  ctx: Ctx,
  { user, passkeyId, ...by }: Removal,
): Promise<{ removed: number; propagated: boolean }> {
  const all = await selectPasskeys(ctx, user.id)
  const named = passkeyId === null ? all : all.filter(({ id }) => id === passkeyId)
  const changes = await Promise.all(named.map((passkey) => removeOne(ctx, { user, ...by }, passkey)))
  const removed = changes.filter((change) => change !== null)
  if (passkeyId !== null && removed.length === 0) throw passkeyNotFound()
  return { removed: removed.length, propagated: removed.every(({ propagated }) => propagated) }
}

/** Null when the passkey was already removed. */
async function removeOne(
  ctx: Ctx,
  { user, actor, reason }: Omit<Removal, 'passkeyId'>,
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
      { type: 'passkey.removed', subject: id, data: { before: { id, name }, ...(reason && { reason }) } },
      await notificationOf(ctx, user, { kind: 'factor_removed', actor, params: { factor: nameOf(passkey) } }),
    ],
  })
  if (changed) notifyPasskeyChange(ctx, { kind: 'factor_removed', ended: 'all' }, passkey)
  return changed
}

interface Change {
  readonly kind: 'factor_added' | 'factor_removed'
  /** Which sessions ended. */
  readonly ended: EndedSessions
}
type ChangedPasskey = Pick<Passkey, 'id' | 'userId' | 'name'>

/** Runs after the answer: a failed mail does not undo the change. */
export const notifyPasskeyChange = (ctx: Ctx, change: Change, passkey: ChangedPasskey): void =>
  ctx.defer(notify(ctx, change, passkey))

/** A passkey's name in mails. */
const nameOf = ({ name }: Pick<Passkey, 'name'>): string => (name === null ? 'Passkey' : `Passkey (${name})`)

async function notify(ctx: Ctx, { kind, ended }: Change, { id, userId, name }: ChangedPasskey): Promise<void> {
  const user = await findUser(ctx, userId)
  if (!user) return
  // A stranger may have created an unconfirmed account: they must not choose text that is mailed to the address's holder.
  const factor = nameOf({ name: isEmailConfirmed(user) ? name : null })
  const added = kind === 'factor_added' ? { added: { kind: 'passkey', id } as const } : {}
  await sendNotice(ctx, user, { kind, params: { factor, ended }, ...added })
}
