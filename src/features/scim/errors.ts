import { defineError } from '../../lib/errors.ts'

// RFC 7644 3.12. `SCIM_TYPES` says which `scimType` each has.
export const invalidSyntax = defineError('SCIM_INVALID_SYNTAX', 'malformed', 'The request is not a SCIM message')
export const invalidFilter = defineError('SCIM_INVALID_FILTER', 'malformed', 'The filter is not valid')
export const invalidPath = defineError('SCIM_INVALID_PATH', 'malformed', 'The path is not that of an attribute')
export const invalidValue = defineError('SCIM_INVALID_VALUE', 'malformed', 'A value is missing or not valid')
export const noTarget = defineError('SCIM_NO_TARGET', 'malformed', 'The path names nothing that is there')
export const mutability = defineError('SCIM_MUTABILITY', 'malformed', 'The attribute cannot be changed so')
export const tooMany = defineError('SCIM_TOO_MANY', 'malformed', 'The filter would read too many resources')
export const invalidCursor = defineError('SCIM_INVALID_CURSOR', 'malformed', 'The cursor is not one of this service')
export const uniqueness = defineError('SCIM_UNIQUENESS', 'conflict', 'Another resource has this value')
export const resourceNotFound = defineError('SCIM_NOT_FOUND', 'not_found', 'There is no such resource')
export const writeConflict = defineError('SCIM_CONFLICT', 'conflict', 'The resource was changed meanwhile; try again')
export const versionMismatch = defineError(
  'SCIM_VERSION_MISMATCH',
  'precondition_failed',
  'The resource has another version than If-Match names',
)
export const notImplemented = defineError(
  'SCIM_NOT_IMPLEMENTED',
  'not_implemented',
  'A token is no user: there is no Me',
)
export const organizationFull = defineError(
  'SCIM_ORGANIZATION_FULL',
  'forbidden',
  'The organization has no room for more',
)

export const SCIM_TYPES: Readonly<Record<string, string>> = {
  [invalidSyntax.code]: 'invalidSyntax',
  [invalidFilter.code]: 'invalidFilter',
  [invalidPath.code]: 'invalidPath',
  [invalidValue.code]: 'invalidValue',
  [noTarget.code]: 'noTarget',
  [mutability.code]: 'mutability',
  [tooMany.code]: 'tooMany',
  [invalidCursor.code]: 'invalidCursor',
  [uniqueness.code]: 'uniqueness',
}

/** An error that names what is wrong. Names come from requests: they are cut. */
export const at = (define: typeof invalidValue, message: string) => define({}, { message: message.slice(0, 300) })

// How people and groups alike are read and written in vain.
export const listErrors = [invalidFilter, invalidValue, invalidCursor, tooMany]
export const readErrors = [invalidValue, resourceNotFound]
export const createErrors = [invalidSyntax, invalidValue, uniqueness, organizationFull, writeConflict]
export const replaceErrors = [...createErrors, resourceNotFound, versionMismatch]
export const patchErrors = [...replaceErrors, invalidPath, invalidFilter, noTarget, mutability]
export const removeErrors = [resourceNotFound, versionMismatch, writeConflict]
