import type { ActorCtx, Ctx } from '../../../context.ts'
import { commit } from '../../../db/commit.ts'
import { defineError } from '../../../lib/errors.ts'
import type { EventDraft } from '../../../lib/event.ts'
import { notifyOwner } from '../../users/service/notices.ts'
import { findUser } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import {
  type Condition,
  deleteIdentity,
  insertIdentity,
  selectIdentities,
  selectIdentity,
  selectIdentityWithUser,
  updateIdentity,
} from './store.ts'
import type { Identity, IdentityKey, ProvedIdentity } from './types.ts'

export { isUnknown } from './store.ts'

export const identityNotLinked = defineError(
  'OAUTH_NOT_LINKED',
  'not_found',
  'This provider is not linked to the account',
)
export const lastSignInMethod = defineError(
  'LAST_SIGN_IN_METHOD',
  'malformed',
  'This is the only way to sign in: set a password or add another one first',
)

export const findIdentity = (ctx: Pick<Ctx, 'db' | 'now'>, key: IdentityKey): Promise<Identity | undefined> =>
  selectIdentity(ctx, key)

/** With the user who has it. */
export const findIdentityWithUser = (
  ctx: Pick<Ctx, 'db' | 'now'>,
  key: IdentityKey,
): Promise<{ identity: Identity; user: User } | undefined> => selectIdentityWithUser(ctx, key)

/** In the order in which they were linked. */
export const listIdentities = (ctx: Pick<Ctx, 'db'>, userId: string): Promise<Identity[]> =>
  selectIdentities(ctx, userId)

/** Records a sign-in with the identity, and how the provider shows the person now. */
export async function recordIdentityUse(ctx: Ctx, { id }: Identity, { email, label }: ProvedIdentity): Promise<void> {
  await updateIdentity(ctx, { id, email, label })
}

/** The statement that links an identity, for the batch of its event; it returns no row where `insertIdentity` says so. */
export function linkingOf(
  ctx: Ctx,
  { userId, proved, when }: { userId: string; proved: ProvedIdentity; when: Condition },
): { statement: ReturnType<typeof insertIdentity>; event: EventDraft; id: string } {
  const { provider, connectionId, issuer, subject, email, label } = proved
  const id = ctx.newId()
  const now = ctx.now()
  const row = { id, userId, provider, connectionId, issuer, subject, email, label, createdAt: now, lastUsedAt: now }
  const event: EventDraft = {
    type: 'oauth.account.linked',
    subject: userId,
    userId,
    actor: { type: 'user', id: userId },
    data: { provider, identity_id: id },
  }
  return { statement: insertIdentity(ctx, row, when), event, id }
}

/**
 * Links the identity to an account that is there, while `when` holds, with a mail to the owner. False when it was not: somebody
 * has the identity, or the user another one of the provider.
 */
export async function linkIdentity(
  ctx: Ctx,
  { user, proved, when }: { user: User; proved: ProvedIdentity; when: Condition },
): Promise<boolean> {
  const { statement, event, id } = linkingOf(ctx, { userId: user.id, proved, when })
  const [linked] = await commit(ctx, statement, event)
  if (!linked) return false
  notifyLink(ctx, user, { proved, id })
  return true
}

/** Mails the owner that an identity was linked. */
export function notifyLink(ctx: Ctx, user: User, { proved, id }: { proved: ProvedIdentity; id: string }): void {
  const added = { kind: 'identity', id } as const
  notifyOwner(ctx, user, { kind: 'factor_added', params: { factor: proved.providerLabel, ended: 'none' }, added })
}

/**
 * Unlinks the caller's identity at a provider, with a mail; no session ends. Throws OAUTH_NOT_LINKED, and LAST_SIGN_IN_METHOD
 * for the only way in; `open` are the providers that are configured.
 */
export async function unlinkIdentity(
  ctx: ActorCtx,
  { provider, label, open }: { provider: string; label: string; open: readonly string[] },
): Promise<void> {
  const { id: userId, sessionId } = ctx.actor
  const [removed] = await commit(ctx, deleteIdentity(ctx, { userId, provider, open }), {
    type: 'oauth.account.unlinked',
    subject: userId,
    userId,
    actor: { type: 'user', id: userId },
    sessionId,
    data: { provider },
  })
  if (removed) return notifyRemoval(ctx, userId, label)
  const held = await listIdentities(ctx, userId)
  throw held.some((it) => it.provider === provider && it.connectionId === null)
    ? lastSignInMethod()
    : identityNotLinked()
}

async function notifyRemoval(ctx: Ctx, userId: string, factor: string): Promise<void> {
  const user = await findUser(ctx, userId)
  if (user) notifyOwner(ctx, user, { kind: 'factor_removed', params: { factor, ended: 'none' } })
}
