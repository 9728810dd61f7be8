import * as z from 'zod'
import { EmailField, IdentifierField, NewPasswordField, PasswordField } from '../../fields.ts'
import { RoleField, UsernameField } from './fields.ts'

export const RoleUpdate = z.object({ username: IdentifierField, role: RoleField }).meta({ id: 'AuthServiceRoleUpdate' })

export const LockAccountRequest = z.object({ email: EmailField }).meta({ id: 'AuthServiceLockAccountRequest' })
export const UnlockAccountRequest = z.object({ email: EmailField }).meta({ id: 'AuthServiceUnlockAccountRequest' })

export const AdminLogin = z.object({ email: EmailField, password: PasswordField }).meta({ id: 'AuthServiceAdminLogin' })

export const AdminCreate = z
  .object({
    username: UsernameField,
    email: EmailField,
    password: NewPasswordField,
    secret_key: z.string().max(512).nullish().meta({ description: "An admin's bearer stands in for it" }),
  })
  .meta({ id: 'AuthServiceAdminCreate' })

export const toNewAdmin = ({ username, email, password, secret_key }: z.output<typeof AdminCreate>) => ({
  username,
  email,
  password,
  secretKey: secret_key ?? null,
})
