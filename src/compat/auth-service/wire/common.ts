import * as z from 'zod'
import { isRoleName, isUsername } from '../../../features/users/service.ts'

export const UsernameField = z
  .string()
  .refine(isUsername, 'must have 3 to 50 letters, digits, - or _, and not digits alone')

export const RoleField = z.string().refine(isRoleName, 'must have 1 to 64 of a-z, 0-9, :, _ and -')

export const CodeField = z.string().min(1, 'is required').max(32)

/** Beyond it no integer of ours is, and none is exact in JSON. */
const MAX_DIGITS = 15

/** FastAPI reads digits alone as an integer; in a URL everything is text. */
const integer = (minimum: 0 | 1) =>
  z
    .string()
    .regex(
      minimum === 0 ? /^\d+$/ : /^0*[1-9]\d*$/,
      minimum === 0 ? 'must be an integer' : 'must be a positive integer',
    )
    .max(MAX_DIGITS, 'is too large')
    .transform(Number)
    .meta({ override: { type: 'integer', minimum } })

export const UserPath = z.object({ user_id: integer(1) })
export const SessionPath = z.object({ session_id: integer(1) })
export const UsernamePath = z.object({ username: z.string().max(254) })

const MAX_SKIP = 10_000_000
const MAX_LIMIT = 1000

export const PageQuery = z.object({
  skip: integer(0)
    .refine((skip) => skip <= MAX_SKIP, `must be at most ${MAX_SKIP}`)
    .default(0),
  limit: integer(1)
    .refine((limit) => limit <= MAX_LIMIT, `must be at most ${MAX_LIMIT}`)
    .default(100),
})

export const Message = z.object({ message: z.string() }).meta({ id: 'AuthServiceMessage' })

export const messageToWire = (message: string): z.infer<typeof Message> => ({ message })

/** FastAPI's, within the one envelope. */
const ValidationError = z
  .object({
    detail: z.array(z.object({ loc: z.array(z.union([z.string(), z.int()])), msg: z.string(), type: z.string() })),
  })
  .meta({ id: 'AuthServiceHTTPValidationError' })

/** What every call answers whose fields are wrong. */
export const INVALID = { 422: { description: 'Validation Error', schema: ValidationError } } as const
