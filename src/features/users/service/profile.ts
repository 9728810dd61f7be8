import type { Ctx } from '../../../context.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import type { EventActor } from '../../../lib/event.ts'
import { usernameTaken } from '../errors.ts'
import { normalizeUsername } from '../rules/names.ts'
import { profileChange } from '../store/change.ts'
import { selectUser, selectUserByUsernameKey } from '../store/users.ts'
import type { ChangedUser, Profile, User } from '../types.ts'
import { changeUser } from './change-user.ts'
import { requirePresent } from './users.ts'

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

/** As subscribers and the record read them: the names that the API gives the fields. */
const EVENT_NAMES: Readonly<Record<keyof Profile, string>> = {
  username: 'username',
  firstName: 'first_name',
  lastName: 'last_name',
  displayName: 'display_name',
  profileImageUrl: 'profile_image_url',
  bio: 'bio',
  phoneNumber: 'phone_number',
  timezone: 'timezone',
  locale: 'locale',
  metadata: 'user_metadata',
}

const toEventData = (fields: Partial<Profile>): Record<string, unknown> =>
  Object.fromEntries(Object.entries(fields).map(([name, value]) => [EVENT_NAMES[name as keyof Profile], value]))

/** Others change the same profile at the same moment: it is looked at anew, so that what the event says of before is true. */
const ATTEMPTS = 32

/**
 * Changes what a user says about themselves, with `user.updated`. A new username is in the tokens, so it raises the
 * claims version. Throws CONFLICT for a taken username, NOT_FOUND for a user who is gone,
 * SERVICE_UNAVAILABLE when others change the same fields on and on.
 */
export async function updateProfile(ctx: Ctx, input: ProfileChange): Promise<ChangedUser> {
  let { user } = input
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const changed = await changeFrom(ctx, { ...input, user })
    if (changed) return changed
    user = requirePresent(await selectUser(ctx, user.id))
  }
  throw serviceUnavailable()
}

/** Null when what was read is no longer true. */
async function changeFrom(ctx: Ctx, input: ProfileChange): Promise<ChangedUser | null> {
  const changes = changesOf(input)
  const names = Object.keys(changes) as (keyof Profile)[]
  if (names.length === 0) return { user: input.user, propagated: true }
  const before: Partial<Profile> = Object.fromEntries(names.map((name) => [name, input.user[name]]))
  const { id } = input.user
  const changesClaims = changes.username !== undefined
  const usernameKey = changes.username ? normalizeUsername(changes.username) : null
  const row = {
    ...changes,
    ...(changesClaims ? { usernameKey } : {}),
    // A number that nobody has proven to hold.
    ...(changes.phoneNumber === undefined ? {} : { phoneVerified: false as const }),
  }
  const changed = await changeUser(ctx, {
    userId: id,
    ...profileChange(id, before, row),
    actor: input.actor,
    changesClaims,
    events: [{ type: 'user.updated', data: { before: toEventData(before), after: toEventData(changes) } }],
  })
  if (changed) return changed
  const holder = usernameKey && (await selectUserByUsernameKey(ctx, usernameKey))
  if (holder && holder.id !== id) throw usernameTaken()
  return null
}
