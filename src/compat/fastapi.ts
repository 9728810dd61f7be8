import type { Wording } from '../http/render-error.ts'
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

/** FastAPI's `HTTPValidationError`: whatever is wrong with fields is 422, and `detail` lists it. Else undefined. */
export function validationWording({ code, message, details }: DomainError): Wording | undefined {
  const issues = details.validation_errors
  if (code !== 'VALIDATION_ERROR' || !Array.isArray(issues)) return undefined
  const detail: FastApiIssue[] = issues
    .filter(isIssue)
    .map((issue) => ({ loc: toLoc(issue.field), msg: issue.message, type: issue.type }))
  return { status: 422, message, detail }
}
