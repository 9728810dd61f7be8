import type { Ctx } from '../../../context.ts'
import { commitAndPropagate } from '../../../db/commit.ts'
import type { EventActor } from '../../../lib/event.ts'
import { applyToOwnView } from '../../validation/service.ts'
import { userNotFound, usernameTaken } from '../errors.ts'
import { normalizeUsername } from '../rules.ts'
import { updateProfileRow } from '../store/profile.ts'
import { insertedUser, selectUserByUsernameKey } from '../store.ts'
import type { Profile, User } from '../types.ts'

export interface ProfileChange {
  readonly user: User
  /** Absent fields stay, null empties one. */
  readonly changes: Partial<Profile>
  readonly actor: EventActor
}

/** What differs from the row: a repeat of what stands there is no change. */
function changesOf({ user, changes }: ProfileChange): Partial<Profile> {
  const differs = ([name, value]: [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(user[name as keyof Profile])
  return Object.fromEntries(Object.entries(changes).filter(differs))
}

const pick = (user: User, names: readonly string[]): Record<string, unknown> =>
  Object.fromEntries(names.map((name) => [name, user[name as keyof User]]))

/**
 * Changes what a user says about themselves, with `user.updated`. A new username is in the tokens, so it raises the
 * claims version. Throws CONFLICT for a taken username, NOT_FOUND for a user who is gone.
 */
export async function updateProfile(ctx: Ctx, input: ProfileChange): Promise<{ user: User; propagated: boolean }> {
  const changes = changesOf(input)
  const names = Object.keys(changes)
  if (names.length === 0) return { user: input.user, propagated: true }
  const { id } = input.user
  const raisesClaims = changes.username !== undefined
  const usernameKey = changes.username ? normalizeUsername(changes.username) : null
  const row = {
    ...changes,
    ...(raisesClaims ? { usernameKey } : {}),
    // A number that nobody has proven to hold.
    ...(changes.phoneNumber === undefined ? {} : { phoneVerified: false as const }),
  }
  const { rows, propagated } = await commitAndPropagate(ctx, updateProfileRow(ctx, { userId: id, row, raisesClaims }), {
    type: 'user.updated',
    subject: id,
    userId: id,
    actor: input.actor,
    data: { before: pick(input.user, names), after: changes },
    raisesClaims,
  })
  const user = insertedUser(rows)
  if (user) {
    if (raisesClaims) applyToOwnView(ctx, [{ kind: 'claims', userId: id, below: user.claimsVersion }])
    return { user, propagated }
  }
  if (usernameKey && (await selectUserByUsernameKey(ctx, usernameKey))) throw usernameTaken()
  throw userNotFound()
}
