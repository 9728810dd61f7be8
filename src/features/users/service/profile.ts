import type { Ctx } from '../../../context.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import type { EventActor } from '../../../lib/event.ts'
import { normalizeUsername } from '../rules.ts'
import { profileChange } from '../store/changes.ts'
import { selectUser, selectUserByUsernameKey } from '../store/users.ts'
import type { ChangedUser, Profile, User } from '../types.ts'
import { changeUser } from './change-user.ts'
import { requirePresent, usernameTaken } from './users.ts'

export interface ProfileChange {
  readonly user: User
  /** Absent fields stay as they are; null empties a field. */
  readonly changes: Partial<Profile>
  readonly actor: EventActor
}

/** The fields whose value differs from the row's. */
function changesOf({ user, changes }: Pick<ProfileChange, 'user' | 'changes'>): Partial<Profile> {
  const differs = ([name, value]: [string, unknown]) =>
    JSON.stringify(value) !== JSON.stringify(user[name as keyof Profile])
  return Object.fromEntries(Object.entries(changes).filter(differs))
}

/** The names of the fields in events: those of the API. */
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

/** `before` is the row as it was when its fields were replaced. */
type ReplacedProfile = ChangedUser & { readonly before: User }

/** If the profile changes between read and write, it is read again, so that the event's `before` is true. */
const ATTEMPTS = 32

/**
 * Changes a profile, with `user.updated`. A new username increments the claims version, because tokens contain it. Throws
 * CONFLICT for a taken username, NOT_FOUND for a deleted user, SERVICE_UNAVAILABLE when concurrent changes never let it write.
 */
export async function updateProfile(ctx: Ctx, input: ProfileChange): Promise<ReplacedProfile> {
  let { user } = input
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const changed = await changeFrom(ctx, { ...input, user })
    if (changed) return changed
    user = requirePresent(await selectUser(ctx, user.id))
  }
  throw serviceUnavailable()
}

/** A new number is not verified. */
const rowOf = (changes: Partial<Profile>) => ({
  ...changes,
  ...(changes.phoneNumber === undefined ? {} : { phoneVerified: false as const }),
})

/** What `changeUser` takes for fields that differ, as part of another change; null when none does. */
export function profileParts({
  user,
  changes,
}: Pick<ProfileChange, 'user'> & { changes: Omit<Partial<Profile>, 'username'> }) {
  const differing = changesOf({ user, changes })
  const names = Object.keys(differing) as (keyof Profile)[]
  if (names.length === 0) return null
  const before: Partial<Profile> = Object.fromEntries(names.map((name) => [name, user[name]]))
  const data = { before: toEventData(before), after: toEventData(differing) }
  return { set: rowOf(differing), events: [{ type: 'user.updated', data }] as const }
}

/** Null when the row is no longer as it was read. */
async function changeFrom(ctx: Ctx, input: ProfileChange): Promise<ReplacedProfile | null> {
  const changes = changesOf(input)
  const names = Object.keys(changes) as (keyof Profile)[]
  if (names.length === 0) return { user: input.user, propagated: true, before: input.user }
  const before: Partial<Profile> = Object.fromEntries(names.map((name) => [name, input.user[name]]))
  const { id } = input.user
  const changesClaims = changes.username !== undefined
  const usernameKey = changes.username ? normalizeUsername(changes.username) : null
  const row = {
    ...rowOf(changes),
    ...(changesClaims ? { usernameKey } : {}),
  }
  const changed = await changeUser(ctx, {
    userId: id,
    ...profileChange(id, before, row),
    actor: input.actor,
    changesClaims,
    events: [{ type: 'user.updated', data: { before: toEventData(before), after: toEventData(changes) } }],
  })
  if (changed) return { ...changed, before: input.user }
  const holder = usernameKey && (await selectUserByUsernameKey(ctx, usernameKey))
  if (holder && holder.id !== id) throw usernameTaken()
  return null
}
