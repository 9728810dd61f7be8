import { createErrorRenderer, type ErrorRenderer, type Wording } from '../http/render-error.ts'
import type { DomainError } from '../lib/errors.ts'

interface FastApiIssue {
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
}

const isIssue = (issue: unknown): issue is { field: string; message: string; type: string } =>
  typeof issue === 'object' && issue !== null && 'field' in issue && 'message' in issue && 'type' in issue

/** `body.items.0` as FastAPI's `loc`: the places of a list are numbers. */
const toLoc = (field: string): (string | number)[] =>
  field.split('.').map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : part))

/** FastAPI has words of its own for a field that is absent. */
const isMissing = ({ type, message }: { type: string; message: string }): boolean =>
  type === 'invalid_type' && message.endsWith('received undefined')

/** FastAPI's `HTTPValidationError`: whatever is wrong with fields is 422, and `detail` lists it. Else undefined. */
function validationWording({ code, message, details }: DomainError): Wording | undefined {
  const issues = details.validation_errors
  if (code !== 'VALIDATION_ERROR' || !Array.isArray(issues)) return undefined
  const detail: FastApiIssue[] = issues.filter(isIssue).map((issue) => ({
    loc: toLoc(issue.field),
    ...(isMissing(issue) ? { msg: 'Field required', type: 'missing' } : { msg: issue.message, type: issue.type }),
  }))
  return { status: 422, message, detail }
}

/** A password that the policy refuses is an invalid field. Its name is the body's that set it. */
const weakPasswordWording = ({ message }: DomainError, field: string): Wording => ({
  status: 422,
  message,
  detail: [{ loc: ['body', field], msg: message, type: 'weak_password' } satisfies FastApiIssue],
})

/**
 * The one envelope as a FastAPI service words it: 422 with the list of what is wrong with fields. `wordingOf` says how
 * the system words the rest. `passwordField` is what bodies call a password that is to be set.
 */
export const createFastApiRenderer = (
  wordingOf: (error: DomainError) => Wording,
  { passwordField = 'password' }: { passwordField?: string } = {},
): ErrorRenderer =>
  createErrorRenderer((error) => {
    if (error.code === 'WEAK_PASSWORD') return weakPasswordWording(error, passwordField)
    return validationWording(error) ?? wordingOf(error)
  })
