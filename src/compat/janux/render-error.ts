import type { Wording } from '../../http/render-error.ts'
import type { DomainError } from '../../lib/errors.ts'
import { createFastApiRenderer } from '../fastapi.ts'

const TOO_MANY = 'Too many requests. Please try again later.'

/** JANUX has no 403: a forbidden call gets the answer of an unauthenticated one. */
const isRefused = ({ kind, code }: DomainError): boolean =>
  kind === 'unauthenticated' || code === 'ADMIN_REQUIRED' || code === 'INSUFFICIENT_PERMISSIONS'

const wordingFor =
  (refusal: string, documented: Readonly<Record<string, string>>) =>
  (error: DomainError): Wording => {
    if (isRefused(error)) return { status: 401, message: refusal }
    const message = documented[error.code]
    return message === undefined ? {} : { message }
  }

/** JANUX's words for failures under `/users`. */
export const renderUserError = createFastApiRenderer(
  wordingFor('Could not validate user.', {
    CONFLICT: 'Email already registered.',
    RATE_LIMIT_EXCEEDED: TOO_MANY,
  }),
)

/** JANUX's words for failures under `/admins`. */
export const renderAdminError = createFastApiRenderer(
  wordingFor('Not enough permissions.', {
    NOT_FOUND: 'User not found.',
    RATE_LIMIT_EXCEEDED: TOO_MANY,
  }),
)
