import * as z from 'zod'
import { SignUpBody, toSignUp } from '../../sign-in/wire/session.ts'
import type { User } from '../../users/types.ts'
import { UserWire, userToWire } from '../../users/wire.ts'

export const RegisterAdminBody = SignUpBody.extend({
  secret_key: z.string().max(1024).nullish().meta({ description: 'ADMIN_SECRET_KEY; an admin who asks needs none' }),
})

export const toRegistration = (body: z.output<typeof RegisterAdminBody>) => ({
  ...toSignUp(body),
  secretKey: body.secret_key ?? null,
})

export const RegisteredAdminAnswer = UserWire.extend({ message: z.string(), role: z.string() })

export const registeredAdminToWire = (user: User): z.infer<typeof RegisteredAdminAnswer> => ({
  message: 'Admin registered',
  ...userToWire(user),
  role: user.role,
})
