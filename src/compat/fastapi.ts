import type { $ZodIssue } from 'zod/v4/core'
import { InvalidInput } from '../http/input.ts'
import { createErrorRenderer, type ErrorRenderer, type Wording } from '../http/render-error.ts'
import type { DomainError } from '../lib/errors.ts'

interface FastApiIssue {
  readonly loc: readonly PropertyKey[]
  readonly msg: string
  readonly type: string
}

type Words = Pick<FastApiIssue, 'msg' | 'type'>

/** Pydantic reports only the first error of a field. */
const isFirstOfField = ({ path }: $ZodIssue, index: number, issues: readonly $ZodIssue[]): boolean =>
  issues.findIndex((issue) => issue.path.join('.') === path.join('.')) === index

/** The value at the issue's path. */
const valueAt = (data: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((value, key) => (value === null ? undefined : Object(value)[key]), data)

/** An empty field of a form and a body that is null count as missing. */
const isMissing = ({ code, path }: $ZodIssue, value: unknown): boolean =>
  code === 'invalid_type' && (value === undefined || value === '' || (value === null && path.length === 0))

const TYPES: Readonly<Record<string, Words>> = {
  string: { msg: 'Input should be a valid string', type: 'string_type' },
  object: { msg: 'Input should be a valid dictionary or object to extract fields from', type: 'model_attributes_type' },
  record: { msg: 'Input should be a valid dictionary', type: 'dict_type' },
  int: { msg: 'Input should be a valid integer, unable to parse string as an integer', type: 'int_parsing' },
  number: { msg: 'Input should be a valid number', type: 'float_type' },
}

const NOT_NUMERIC: Words = {
  msg: 'Input should be a valid number, unable to parse string as a number',
  type: 'float_parsing',
}

const characters = (limit: number | bigint): string => `${limit} character${limit === 1 ? '' : 's'}`

const tooShort = (limit: number | bigint): Words => ({
  msg: `String should have at least ${characters(limit)}`,
  type: 'string_too_short',
})

const tooLong = (limit: number | bigint): Words => ({
  msg: `String should have at most ${characters(limit)}`,
  type: 'string_too_long',
})

const NOT_EMAIL: Words = { msg: 'value is not a valid email address', type: 'value_error' }

/** Refinements name their rule in `params`. */
function refinementWords(params: Readonly<Record<string, unknown>> = {}): Words | undefined {
  if (params.format === 'email') return NOT_EMAIL
  if (typeof params.minimum === 'number') return tooShort(params.minimum)
  return typeof params.maximum === 'number' ? tooLong(params.maximum) : undefined
}

/** Pydantic's words for the issue; undefined if it has none. */
function pydanticWords(issue: $ZodIssue, value: unknown): Words | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'number' && typeof value === 'string' ? NOT_NUMERIC : TYPES[issue.expected]
    case 'too_small':
      if (issue.origin === 'string') return tooShort(issue.minimum)
      return { msg: `Input should be greater than or equal to ${issue.minimum}`, type: 'greater_than_equal' }
    case 'too_big':
      if (issue.origin === 'string') return tooLong(issue.maximum)
      return { msg: `Input should be less than or equal to ${issue.maximum}`, type: 'less_than_equal' }
    case 'invalid_format':
      if (issue.format === 'email') return NOT_EMAIL
      if (issue.format !== 'regex') return undefined
      return { msg: `String should match pattern '${issue.pattern?.slice(1, -1)}'`, type: 'string_pattern_mismatch' }
    case 'custom':
      return refinementWords(issue.params)
    default:
      return undefined
  }
}

function wordsOf(issue: $ZodIssue, data: unknown): Words {
  const value = valueAt(data, issue.path)
  if (isMissing(issue, value)) return { msg: 'Field required', type: 'missing' }
  return pydanticWords(issue, value) ?? { msg: `Value error, ${issue.message}`, type: 'value_error' }
}

/** FastAPI's `HTTPValidationError`: 422, with the invalid fields in `detail`. */
const validationWording = ({ issues, source, data, message }: InvalidInput): Wording => ({
  status: 422,
  message,
  detail: issues.filter(isFirstOfField).map((issue) => ({
    loc: [source, ...issue.path],
    ...wordsOf(issue, data),
  })) satisfies FastApiIssue[],
})

/** A weak password is an invalid field, under the name that the body gives it. */
const weakPasswordWording = ({ message }: DomainError, field: string): Wording => ({
  status: 422,
  message,
  detail: [{ loc: ['body', field], msg: message, type: 'weak_password' } satisfies FastApiIssue],
})

/**
 * The envelope in the words of a FastAPI service: 422 with the list of invalid fields. `wordingOf` words other errors;
 * `passwordField` is the body's name of a new password.
 */
export const createFastApiRenderer = (
  wordingOf: (error: DomainError) => Wording,
  { passwordField = 'password', described }: { passwordField?: string; described?: ErrorRenderer['described'] } = {},
): ErrorRenderer =>
  createErrorRenderer((error) => {
    if (error.code === 'WEAK_PASSWORD') return weakPasswordWording(error, passwordField)
    return error instanceof InvalidInput ? validationWording(error) : wordingOf(error)
  }, described)
