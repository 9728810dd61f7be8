import { at, invalidValue } from '../errors.ts'
import type { ScimComplex, ScimValue } from '../types.ts'
import { type AttributePath, findPath, type ResourceSchema } from './schema.ts'
import { isComplex } from './values.ts'

/** Which attributes are answered; null for all. */
export interface Projection {
  readonly only: readonly AttributePath[] | null
  readonly without: readonly AttributePath[]
}

const MAX_LENGTH = 8000

const namesIn = (list: string | undefined): string[] =>
  (list ?? '')
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '')

/** What is to be answered of a resource, as it was asked. */
export interface AskedProjection {
  readonly attributes?: string | undefined
  readonly excludedAttributes?: string | undefined
}

/** RFC 7644 3.9. Unknown names are ignored. Throws SCIM_INVALID_VALUE for both at once. */
export function readProjection(
  schema: ResourceSchema,
  { attributes, excludedAttributes: excluded }: AskedProjection,
): Projection {
  const [only, without] = [namesIn(attributes), namesIn(excluded)]
  if (only.length > 0 && without.length > 0)
    throw at(invalidValue, 'attributes and excludedAttributes exclude each other')
  if (`${attributes}${excluded}`.length > MAX_LENGTH) throw at(invalidValue, 'Too many attributes are named')
  const find = (names: string[]) =>
    names.flatMap((name) => [findPath(schema, name)].filter((path) => path !== undefined))
  return { only: only.length > 0 ? find(only) : null, without: find(without) }
}

/** Whether the answer may have the attribute: what is not asked for is not read. */
export const asksFor = ({ only, without }: Projection, name: string): boolean =>
  only === null
    ? !without.some((path) => path.length === 1 && path[0].name === name)
    : only.some(([first]) => first.name === name)

const isAlways = (name: string): boolean => name === 'id' || name === 'schemas'

/** The resource with what is asked for; `id` and `schemas` are always there. */
export function project(resource: ScimComplex, projection: Projection): ScimComplex {
  const { only, without } = projection
  if (only) return Object.fromEntries(Object.entries(resource).flatMap(([name, value]) => picked(name, value, only)))
  return without.filter(([first]) => !isAlways(first.name)).reduce<ScimComplex>(omit, resource)
}

function picked(
  name: string,
  value: ScimValue | undefined,
  only: readonly AttributePath[],
): [string, ScimValue | undefined][] {
  if (isAlways(name)) return [[name, value]]
  const deeper = only.filter(([first]) => first.name === name).map((path) => path.slice(1))
  if (deeper.length === 0 || value === undefined) return []
  const inner = deeper.filter((path): path is [AttributePath[0], ...AttributePath[0][]] => path.length > 0)
  if (inner.length < deeper.length) return [[name, value]]
  const pick = (object: ScimComplex): ScimComplex =>
    Object.fromEntries(Object.entries(object).flatMap(([sub, one]) => picked(sub, one, inner)))
  return [
    [
      name,
      Array.isArray(value)
        ? value.map((one) => (isComplex(one) ? pick(one) : one))
        : isComplex(value)
          ? pick(value)
          : value,
    ],
  ]
}

function omit(object: ScimComplex, [first, next, ...more]: AttributePath): ScimComplex {
  const { [first.name]: value, ...rest } = object
  if (value === undefined) return object
  if (!next) return rest
  const inner = (one: ScimValue): ScimValue => (isComplex(one) ? omit(one, [next, ...more]) : one)
  return { ...rest, [first.name]: Array.isArray(value) ? value.map(inner) : inner(value) }
}
