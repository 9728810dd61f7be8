import * as z from 'zod'
import { isRoleName, isUsername } from '../../../features/users/service/users.ts'
import { integerParam, MAX_INTEGER } from '../../fields.ts'

export const UsernameField = z
  .string()
  .refine(isUsername, 'must have 3 to 50 letters, digits, - or _, and not digits alone')

export const RoleField = z.string().refine(isRoleName, 'must have 1 to 64 of a-z, 0-9, :, _ and -')

export const CodeField = z.string().min(1, 'is required').max(32)

export const UserPath = z.object({ user_id: integerParam(1, MAX_INTEGER) })
export const SessionPath = z.object({ session_id: integerParam(1, MAX_INTEGER) })
export const UsernamePath = z.object({ username: z.string().max(254) })
