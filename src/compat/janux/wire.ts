import * as z from 'zod'
import type { RegistrationInput } from '../../features/sign-in/service/sign-up.ts'
import { fullNameOf } from '../../features/users/service/users.ts'
import type { User } from '../../features/users/types.ts'
import { PropagatedField } from '../../http/done.ts'
import { EmailField, NameField, NewPasswordField } from '../fields.ts'

export const RegisterBody = z
  .object({
    email: EmailField,
    full_name: NameField,
    password: NewPasswordField,
  })
  .meta({ id: 'JanuxRegistration' })

export const toRegistration = (body: z.output<typeof RegisterBody>): RegistrationInput => ({
  email: body.email,
  displayName: body.full_name,
  password: body.password,
})

export const Registered = z
  .object({
    id: z
      .uuid()
      .nullable()
      .meta({ description: 'Null where the answer must not reveal whether the account existed before' }),
    email: z.string(),
    full_name: z.string(),
  })
  .meta({ id: 'JanuxRegistered' })

/** Without a user it repeats what was sent: must not reveal whether the account existed before. */
export const registeredToWire = (
  user: User | null,
  sent: z.output<typeof RegisterBody>,
): z.infer<typeof Registered> => ({
  id: user?.id ?? null,
  email: user?.email ?? sent.email,
  full_name: sent.full_name,
})

const JanuxUser = z
  .object({ id: z.uuid(), email: z.string(), full_name: z.string(), role: z.string() })
  .meta({ id: 'JanuxUser' })

const userToWire = (user: User): z.infer<typeof JanuxUser> => ({
  id: user.id,
  email: user.email,
  // Clients of this system do not expect null.
  full_name: fullNameOf(user) ?? '',
  role: user.role,
})

export const Profile = z.object({ message: z.string(), user: JanuxUser }).meta({ id: 'JanuxProfile' })

export const profileToWire = (user: User): z.infer<typeof Profile> => ({
  message: 'This is your profile',
  user: userToWire(user),
})

export const AdminProfile = z.object({ message: z.string(), admin: JanuxUser }).meta({ id: 'JanuxAdminProfile' })

export const adminProfileToWire = (admin: User): z.infer<typeof AdminProfile> => ({
  message: 'This is your admin profile',
  admin: userToWire(admin),
})

export const UserList = z.array(JanuxUser)

export const usersToWire = (users: readonly User[]): z.infer<typeof UserList> => users.map(userToWire)

/** Any text: what is no id is 404. */
export const UserPath = z.object({ user_id: z.string().toLowerCase() })

export const Ended = z
  .object({
    message: z.string(),
    propagated: PropagatedField,
  })
  .meta({ id: 'JanuxEnded' })

export const signedOutToWire = ({ propagated }: { propagated: boolean }): z.infer<typeof Ended> => ({
  message: 'You have been logged out successfully.',
  propagated,
})

export const deletedToWire = (deleted: { user: User; propagated: boolean }): z.infer<typeof Ended> => ({
  message: `User ID ${deleted.user.id} successfully deleted.`,
  propagated: deleted.propagated,
})
