import type { ErrorRenderer, Wording } from '../../http/render-error.ts'
import type { DomainError } from '../../lib/errors.ts'
import { createFastApiRenderer } from '../fastapi.ts'
import { INVALID } from './wire.ts'

type Words = Readonly<Record<string, Wording>>

/** By code: statuses and messages that differ from the rest of the service. */
const WORDS: Words = {
  ACCOUNT_LOCKED: { status: 403 },
  SECOND_FACTOR_LOCKED: { status: 403 },
  SESSION_ALREADY_REVOKED: { status: 404, message: 'Session not found' },
}

const TAKEN: Words = {
  email: { status: 400, message: 'Email already registered' },
  username: { status: 400, message: 'Username already registered' },
}

/** For the logins of admins and vendors. */
export const WRONG_CREDENTIALS: Words = { INVALID_CREDENTIALS: { status: 400, message: 'Invalid credentials' } }

function wordingOf({ code, details }: DomainError): Wording {
  if (code === 'CONFLICT') return TAKEN[String(details.field)] ?? { status: 400 }
  return WORDS[code] ?? {}
}

/** A renderer in this system's words; `words` are those of a single call. */
export const createRenderer = (words: Words = {}, options?: { passwordField: string }): ErrorRenderer =>
  createFastApiRenderer((error) => words[error.code] ?? wordingOf(error), { ...options, described: INVALID })

export const renderError = createRenderer()
