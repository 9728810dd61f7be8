import * as z from 'zod'
import { bodyOrQuery, UuidParam } from '../../../http/input.ts'
import { MAX_USER_NUMBER } from '../../users/types.ts'
import { UserParam } from '../../users/wire/parameters.ts'

export { ReasonInput, toReason } from '../../users/wire/parameters.ts'

export const UserPath = z.object({ id: UserParam })
export const PasskeyPath = UserPath.extend({ passkey_id: UuidParam })

/** In the body as the SDK has it, or in the query as the older server did. */
export const UserRefInput = bodyOrQuery(
  'UserReference',
  { user_id: z.union([UserParam, z.int().min(0).max(MAX_USER_NUMBER)], 'must be a UUID or an integer') },
  { user_id: UserParam },
)
