import * as z from 'zod'
import { UuidParam } from '../../../http/input.ts'

/** Which user: the UUID, or the sequential number of systems that want integers. */
const UserRefParam = z.union(
  [
    UuidParam,
    z
      .string()
      .regex(/^\d{1,15}$/)
      .transform(Number),
  ],
  'must be a UUID or a number',
)

export const UserPath = z.object({ id: UserRefParam })
export const PasskeyPath = UserPath.extend({ passkey_id: UuidParam })

const UserRefField = z.union([UserRefParam, z.int().min(0)], 'must be a UUID or a number')

/** In the body as the SDK has it, or in the query as the older server did. */
export const UserRefBody = z.object({ user_id: UserRefField.nullish() })
export const UserRefQuery = z.object({ user_id: UserRefParam.optional() })

const reason = z.string().max(500)
export const ReasonBody = z.object({ reason: reason.nullish() })
export const ReasonQuery = z.object({ reason: reason.optional() })

const MAX_PAGE = 1_000_000

export const page = z.coerce.number().int().min(1).max(MAX_PAGE).default(1)
export const perPage = (most: number, usual: number) => z.coerce.number().int().min(1).max(most).default(usual)
