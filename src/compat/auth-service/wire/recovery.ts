import * as z from 'zod'
import { EmailField, NewPasswordField } from '../../fields.ts'

export const PasswordResetRequest = z.object({ email: EmailField }).meta({ id: 'AuthServicePasswordResetRequest' })

export const PasswordReset = z
  .object({ token: z.string().min(1, 'is required').max(512), new_password: NewPasswordField })
  .meta({ id: 'AuthServicePasswordReset' })
