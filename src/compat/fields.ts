import * as z from 'zod'
import { isEmail } from '../features/users/service.ts'
import { MAX_PASSWORD_LENGTH, passwordLength } from '../lib/password-hash/length.ts'

const MIN_PASSWORD_LENGTH = 8
const MAX_EMAIL_LENGTH = 254

/** Fields that every documented system has, by whatever name. */
export const EmailField = z
  .string()
  .refine(isEmail, 'must be an email address')
  .meta({ format: 'email', maxLength: MAX_EMAIL_LENGTH })

/** A password that is only compared. */
export const PasswordField = z
  .string()
  .min(1, 'is required')
  .refine((text) => passwordLength(text) <= MAX_PASSWORD_LENGTH, `must have at most ${MAX_PASSWORD_LENGTH} characters`)

/** A password that is to be set; what else speaks against it the service says. */
export const NewPasswordField = PasswordField.refine(
  (text) => passwordLength(text) >= MIN_PASSWORD_LENGTH,
  `must have at least ${MIN_PASSWORD_LENGTH} characters`,
)

/** An email or a username, as typed. */
export const IdentifierField = z.string().trim().min(1, 'is required').max(MAX_EMAIL_LENGTH)
