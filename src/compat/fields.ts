import * as z from 'zod'
import { isEmail, isPlainText } from '../features/users/service/users.ts'
import {
  MAX_PASSWORD_LENGTH,
  MAX_VERIFIED_PASSWORD_LENGTH,
  MIN_PASSWORD_LENGTH,
  passwordLength,
} from '../lib/password-hash/length.ts'

const MAX_EMAIL_LENGTH = 254

export const EmailField = z
  .string()
  .refine(isEmail, { error: 'must be an email address', params: { format: 'email' } })
  .meta({ format: 'email', maxLength: MAX_EMAIL_LENGTH })

const passwordField = (max: number) =>
  z
    .string()
    .min(1, 'is required')
    .refine((text) => passwordLength(text) <= max, {
      error: `must have at most ${max} characters`,
      params: { maximum: max },
    })
    .meta({ maxLength: max })

/** A password to verify: another system may have accepted a longer one. */
export const PasswordField = passwordField(MAX_VERIFIED_PASSWORD_LENGTH)

/** A password to set; the service checks its strength. */
export const NewPasswordField = passwordField(MAX_PASSWORD_LENGTH)
  .refine((text) => passwordLength(text) >= MIN_PASSWORD_LENGTH, {
    error: `must have at least ${MIN_PASSWORD_LENGTH} characters`,
    params: { minimum: MIN_PASSWORD_LENGTH },
  })
  .meta({ minLength: MIN_PASSWORD_LENGTH, maxLength: MAX_PASSWORD_LENGTH })

/** The name of a person or a vendor. */
export const NameField = z
  .string()
  .trim()
  .min(1, 'is required')
  .max(200)
  .refine(isPlainText, 'must not have control characters')

/** An email or a username, as typed. */
export const IdentifierField = z.string().trim().min(1, 'is required').max(MAX_EMAIL_LENGTH)

/** Larger than any id of ours, and exact in JSON. */
export const MAX_INTEGER = 999_999_999_999_999

/** An integer in a URL: as in FastAPI, digits only. */
export const integerParam = (minimum: number, maximum: number) =>
  z.preprocess((text, { addIssue }) => {
    const value = typeof text === 'string' && /^-?\d{1,15}$/.test(text) ? Number(text) : text
    if (typeof value !== 'number') addIssue({ code: 'invalid_type', expected: 'int', input: text })
    return value
  }, z.int().min(minimum).max(maximum))

/** `skip` and `limit` of a FastAPI service. Without `limit` these systems answer all users; here 100. */
export const PageQuery = z.object({
  skip: integerParam(0, 1_000_000_000).prefault(0),
  limit: integerParam(1, 1000).prefault(100),
})
