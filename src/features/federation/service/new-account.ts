import type { Ctx } from '../../../context.ts'
import { commitAll } from '../../../db/commit.ts'
import type { EventDraft } from '../../../lib/event.ts'
import { isUnknown, linkingOf } from '../../factors/identities/service.ts'
import type { ProvedIdentity } from '../../factors/identities/types.ts'
import { accountLocked } from '../../sign-in/errors.ts'
import { findUser, insertUser, isSignInAllowed, newUserRow } from '../../users/service/users.ts'
import type { User } from '../../users/types.ts'
import { accountRefused } from '../errors.ts'
import { isThere } from '../store.ts'

/** Throws INVALID_CREDENTIALS, ACCOUNT_LOCKED for an account that may not sign in. */
export function requireOpen(user: User): void {
  if (user.status === 'locked') throw accountLocked({ reason: 'administrative', locked_until: null })
  if (!isSignInAllowed(user)) throw accountRefused()
}

/**
 * A verified account and its identity, in one batch. Null when somebody has the identity or the address. Not confirmed where the
 * provider does not have the mailbox: whoever verified the address there may have lost it since, and its holder can take the
 * account over (decision 0102).
 */
export async function createUserWith(
  ctx: Ctx,
  email: string,
  { proved, isConfirmed }: { proved: ProvedIdentity; isConfirmed: boolean },
): Promise<User | null> {
  const now = ctx.now()
  const row = {
    ...newUserRow(ctx, { email, emailVerifiedAt: now, ...proved.profile }),
    emailUnansweredSince: isConfirmed ? null : now,
  }
  const { statement, event } = linkingOf(ctx, { userId: row.id, proved, when: isThere(row.id) })
  const created: EventDraft = {
    type: 'user.created',
    subject: row.id,
    userId: row.id,
    actor: { type: 'user', id: row.id },
    data: { after: { email: row.email, username: null, role: row.role, status: row.status } },
  }
  const [linked] = await commitAll(ctx, [insertUser(ctx, row, isUnknown(proved)), statement], created, event)
  return linked ? ((await findUser(ctx, row.id)) ?? null) : null
}
