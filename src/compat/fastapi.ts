import { createErrorRenderer, type ErrorRenderer, type Wording } from '../http/render-error.ts'
import type { DomainError } from '../lib/errors.ts'

interface FastApiIssue {
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
}

interface FieldIssue {
  readonly field: string
  readonly message: string
}

const isIssue = (issue: unknown): issue is FieldIssue =>
  typeof issue === 'object' && issue !== null && 'field' in issue && 'message' in issue

/** Pydantic says one thing of a field: the first that is wrong with it. */
const isFirstOfField = ({ field }: FieldIssue, index: number, issues: readonly FieldIssue[]): boolean =>
  issues.findIndex((issue) => issue.field === field) === index

/** `body.items.0` as FastAPI's `loc`: the places of a list are numbers. */
const toLoc = (field: string): (string | number)[] =>
  field.split('.').map((part) => (/^\d{1,9}$/.test(part) ? Number(part) : part))

/** What schemas say of a field, and how Pydantic says it: with what kind of error. The first row that fits counts. */
const PYDANTIC: readonly (readonly [said: RegExp, msg: string, type: string])[] = [
  [/^.* received undefined$|^.*: expected object, received null$/, 'Field required', 'missing'],
  [/^.*: expected string, .*$/, 'Input should be a valid string', 'string_type'],
  [
    /^.*: expected object, .*$/,
    'Input should be a valid dictionary or object to extract fields from',
    'model_attributes_type',
  ],
  [/^must be an object$/, 'Input should be a valid dictionary', 'dict_type'],
  [
    /^.*: expected (?:number|int), .*$/,
    'Input should be a valid integer, unable to parse string as an integer',
    'int_parsing',
  ],
  [/^must be a number$/, 'Input should be a valid number', 'float_type'],
  [
    /^must be the text of a number$/,
    'Input should be a valid number, unable to parse string as a number',
    'float_parsing',
  ],
  [/^must match (.*)$/, "String should match pattern '$1'", 'string_pattern_mismatch'],
  [/^.* number to be >=(\d+)$/, 'Input should be greater than or equal to $1', 'greater_than_equal'],
  [/^.* number to be <=(\d+)$/, 'Input should be less than or equal to $1', 'less_than_equal'],
  [/^is required$/, 'String should have at least 1 character', 'string_too_short'],
  [/^must have at least (\d+) characters$/, 'String should have at least $1 characters', 'string_too_short'],
  [
    /^(?:must have at most |.* to have <=)(\d+) characters$/,
    'String should have at most $1 characters',
    'string_too_long',
  ],
  [/^must be an email address$/, 'value is not a valid email address', 'value_error'],
]

function wordsOf(message: string): Pick<FastApiIssue, 'msg' | 'type'> {
  const row = PYDANTIC.find(([said]) => said.test(message))
  if (!row) return { msg: `Value error, ${message}`, type: 'value_error' }
  const [said, msg, type] = row
  return { msg: message.replace(said, msg), type }
}

/** FastAPI's `HTTPValidationError`: whatever is wrong with fields is 422, and `detail` lists it. Else undefined. */
function validationWording({ code, message, details }: DomainError): Wording | undefined {
  const issues = details.validation_errors
  if (code !== 'VALIDATION_ERROR' || !Array.isArray(issues)) return undefined
  const detail: FastApiIssue[] = issues
    .filter(isIssue)
    .filter(isFirstOfField)
    .map(({ field, message }) => ({ loc: toLoc(field), ...wordsOf(message) }))
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
  { passwordField = 'password', described }: { passwordField?: string; described?: ErrorRenderer['described'] } = {},
): ErrorRenderer =>
  createErrorRenderer((error) => {
    if (error.code === 'WEAK_PASSWORD') return weakPasswordWording(error, passwordField)
    return validationWording(error) ?? wordingOf(error)
  }, described)
