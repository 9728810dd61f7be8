import * as z from 'zod'
import { integerParam, UuidParam } from '../../../http/input.ts'
import { MAX_USER_NUMBER } from '../../users/types.ts'
import { UserParam } from '../../users/wire/parameters.ts'

export { ReasonBody, ReasonQuery, toReason } from '../../users/wire/parameters.ts'

export const UserPath = z.object({ id: UserParam })
export const PasskeyPath = UserPath.extend({ passkey_id: UuidParam })

/** In the body as the SDK has it, or in the query as the older server did. */
export const UserRefBody = z.object({
  user_id: z.union([UserParam, z.int().min(0).max(MAX_USER_NUMBER)], 'must be a UUID or an integer').nullish(),
})
export const UserRefQuery = z.object({ user_id: UserParam.optional() })

const MAX_PAGE = 1_000_000

export const page = integerParam(1, MAX_PAGE).default(1)
export const perPage = (most: number, usual: number) => integerParam(1, most).default(usual)
