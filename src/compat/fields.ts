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

/** Beyond it no integer of ours is, and none is exact in JSON. */
const MAX_DIGITS = 15

/** FastAPI reads digits alone as an integer; in a URL everything is text. */
export const integerParam = (minimum: 0 | 1) =>
  z
    .string()
    .regex(
      minimum === 0 ? /^\d+$/ : /^0*[1-9]\d*$/,
      minimum === 0 ? 'must be an integer' : 'must be a positive integer',
    )
    .max(MAX_DIGITS, 'is too large')
    .transform(Number)
    .meta({ override: { type: 'integer', minimum } })

const MAX_SKIP = 1_000_000_000
const MAX_LIMIT = 1000

/** A page of a FastAPI service. Without `limit` these systems answer everybody at once, which no service of many users can. */
export const PageQuery = z.object({
  skip: integerParam(0)
    .refine((skip) => skip <= MAX_SKIP, `must be at most ${MAX_SKIP}`)
    .default(0),
  limit: integerParam(1)
    .refine((limit) => limit <= MAX_LIMIT, `must be at most ${MAX_LIMIT}`)
    .default(100),
})
