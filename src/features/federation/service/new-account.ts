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

/** A verified account and its identity, in one batch. Null when somebody has the identity or the address. */
export async function createUserWith(ctx: Ctx, email: string, proved: ProvedIdentity): Promise<User | null> {
  const row = newUserRow(ctx, { email, emailVerifiedAt: ctx.now(), ...proved.profile })
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
