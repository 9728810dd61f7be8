import * as z from 'zod'
import { mapped } from '../../../http/answers.ts'
import { listOf, pageOfRange } from '../../../http/list.ts'
import { PropagatedField } from '../../../http/propagated.ts'
import { permissionsOf, type UserPage } from '../../users/service/users.ts'
import type { User, UserRef } from '../../users/types.ts'
import { UserWire, userToWire } from '../../users/wire.ts'
import type { ChangedProfile as Changed } from '../service/own-profile.ts'
import { ChangedProfile, changedProfileToWire } from './profile.ts'
import type { Paging } from './requests.ts'

const anyId = z.union([z.uuid(), z.int()]).meta({ description: 'The UUID or the number, as the request has it' })

/** A user with `id` in the form that was asked, and the username of that form; `uuid` and `number` are always there. */
export const AskedUser = UserWire.extend({ id: anyId }).meta({ id: 'AskedUser' })

export type AskedUser = z.infer<typeof AskedUser>

/** users-api names users by number, and its clients know no user without a username. */
const usernameOf = ({ username, email }: User, ref: UserRef): string | null =>
  typeof ref === 'number' ? (username ?? email) : username

const asAsked = (user: User, ref: UserRef) => ({ id: ref, username: usernameOf(user, ref) })

export const askedUserToWire = (user: User, ref: UserRef): AskedUser => ({
  ...userToWire(user),
  ...asAsked(user, ref),
})

export const ChangedUser = ChangedProfile.extend({ id: anyId }).meta({ id: 'ChangedUser' })

export const changedUserToWire = (changed: Changed, ref: UserRef): z.infer<typeof ChangedUser> => ({
  ...changedProfileToWire(changed),
  ...asAsked(changed.user, ref),
})

const listed = mapped(AskedUser, ({ user, ref }: { readonly user: User; readonly ref: UserRef }) =>
  askedUserToWire(user, ref),
)

/** Janua reads `users`, `page`, `per_page`; users-api `items`, `skip`, `limit`. */
const UserListShape = listOf(['users', 'items'], listed, {
  total: z.int().meta({ description: 'Of all pages; of a search among its newest 10,000 matches' }),
  page: z.int(),
  per_page: z.int(),
  skip: z.int(),
  limit: z.int(),
})

export const UserList = { ...UserListShape, schema: UserListShape.schema.meta({ id: 'UserList' }) }

export const toUserList = ({ users, total }: UserPage, { by, ...range }: Paging) => ({
  rows: users.map((user) => ({ user, ref: user[by] })),
  total,
  ...pageOfRange(range),
  skip: range.offset,
  limit: range.limit,
})

/** Nobody may learn whether there was an account before. */
const RegistrationAwaited = z
  .object({ email_verification_required: z.literal(true), message: z.string() })
  .meta({ id: 'RegistrationAwaited' })

export const RegisteredUser = z.union([AskedUser, RegistrationAwaited])

export const registeredToWire = (user: User | null): z.infer<typeof RegisteredUser> =>
  user === null
    ? {
        email_verification_required: true,
        message: 'Open the link that was sent to this address, then sign in',
      }
    : askedUserToWire(user, user.number)

export const UserDone = z
  .object({
    message: z.string(),
    propagated: PropagatedField,
  })
  .meta({ id: 'UserDone' })

export const userDoneToWire = (message: string, { propagated }: { propagated: boolean }): z.infer<typeof UserDone> => ({
  message,
  propagated,
})

export const UserPermissions = z
  .object({ user_id: anyId, permissions: z.array(z.string()), role: z.string() })
  .meta({ id: 'UserPermissions' })

export const permissionsToWire = (user: User, ref: UserRef): z.infer<typeof UserPermissions> => ({
  user_id: ref,
  permissions: permissionsOf(user),
  role: user.role,
})
