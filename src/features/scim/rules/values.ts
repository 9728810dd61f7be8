import { at, invalidSyntax, invalidValue } from '../errors.ts'
import type { ScimComplex, ScimValue } from '../types.ts'
import { type Attribute, findPath, findSub, fold, type ResourceSchema } from './schema.ts'

const MAX_TEXT = 4096
const MAX_BINARY = 16 * 1024
const MAX_ELEMENTS = 100

type Json = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** RFC 7643 2.5: null and the empty list mean that there is no value. */
export const isAbsent = (value: unknown): boolean =>
  value === undefined || value === null || (Array.isArray(value) && value.every(isAbsent))

/** Throws SCIM_INVALID_SYNTAX for a name that is there twice: readers would differ in which of them counts. */
export function requireOnce(names: readonly string[]): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw at(invalidSyntax, `${name} is there twice`)
    seen.add(name)
  }
}

const wrong = ({ name }: Attribute, what: string) => at(invalidValue, `${name} ${what}`)

/** Text that SQLite stores and compares whole: it ends a text at NUL, and half a surrogate pair is not UTF-8. */
export const isStorable = (text: string): boolean => text.isWellFormed() && !text.includes('\0')

function readText(attribute: Attribute, value: unknown): string {
  if (typeof value !== 'string') throw wrong(attribute, 'is a string')
  if (value.length > (attribute.type === 'binary' ? MAX_BINARY : MAX_TEXT)) throw wrong(attribute, 'is too long')
  if (!isStorable(value)) throw wrong(attribute, 'has characters that no text has')
  return value
}

/** Entra sends `"True"` and `"False"`. */
export function toBoolean(value: unknown): boolean | undefined {
  if (typeof value === 'boolean') return value
  const word = typeof value === 'string' ? value.toLowerCase() : ''
  return word === 'true' ? true : word === 'false' ? false : undefined
}

function readBoolean(attribute: Attribute, value: unknown): boolean {
  const read = toBoolean(value)
  if (read === undefined) throw wrong(attribute, 'is true or false')
  return read
}

/** An object of the sub-attributes; unknown ones are ignored, and so are those that are ours to write. */
function readComplex(attribute: Attribute, value: unknown): ScimComplex | undefined {
  const named = isObject(value) ? value : { value }
  if (!isObject(value) && !(typeof value === 'string' && findSub(attribute, 'value')))
    throw wrong(attribute, 'is an object')
  const read: Record<string, ScimValue> = {}
  requireOnce(Object.keys(named).flatMap((name) => findSub(attribute, name)?.name ?? []))
  for (const [name, given] of Object.entries(named)) {
    const sub = findSub(attribute, name)
    if (!sub || sub.mutability === 'readOnly' || isAbsent(given)) continue
    const inner = readValue(sub, given)
    if (inner !== undefined) read[sub.name] = inner
  }
  return Object.keys(read).length === 0 ? undefined : read
}

export const isComplex = (value: ScimValue | undefined): value is ScimComplex => isObject(value)

const identityOf = (element: ScimValue): string =>
  isComplex(element) && element.value !== undefined
    ? JSON.stringify([fold(String(element.type ?? '')), element.value])
    : JSON.stringify(element)

/** No pair of type and value twice (RFC 7643 2.4), and one primary: the last that was said to be. */
export function settleList(elements: readonly ScimValue[]): readonly ScimValue[] {
  const kept = new Map<string, ScimValue>()
  for (const element of elements) {
    const key = identityOf(element)
    const known = kept.get(key)
    kept.set(key, isComplex(known) && isComplex(element) ? { ...known, ...element } : element)
  }
  const settled = [...kept.values()]
  const primary = settled.findLastIndex((element) => isComplex(element) && element.primary === true)
  return settled.map((element, index) =>
    isComplex(element) && element.primary === true && index !== primary ? { ...element, primary: false } : element,
  )
}

function readList(attribute: Attribute, value: unknown): readonly ScimValue[] | undefined {
  const given = (Array.isArray(value) ? value : [value]).filter((one) => !isAbsent(one))
  if (given.length > MAX_ELEMENTS) throw wrong(attribute, `has ${MAX_ELEMENTS} elements at most`)
  const elements = given.map((one) => readComplex(attribute, one)).filter((one) => one !== undefined)
  return elements.length === 0 ? undefined : settleList(elements)
}

/** The value as it is stored; undefined where nothing is left of it. Throws SCIM_INVALID_VALUE. */
export function readValue(attribute: Attribute, value: unknown): ScimValue | undefined {
  if (attribute.isList) return readList(attribute, value)
  if (attribute.type === 'complex') return readComplex(attribute, value)
  return attribute.type === 'boolean' ? readBoolean(attribute, value) : readText(attribute, value)
}

/** One element of a list. */
export const readElement = (attribute: Attribute, value: unknown): ScimComplex | undefined =>
  readComplex(attribute, value)

/** Whether a directory writes the attribute and the service stores it. */
export const isStored = ({ mutability }: Attribute): boolean => mutability === 'readWrite' || mutability === 'immutable'

/** What a name of an object means: the same for all ways to write it. */
export const nameIn = (schema: ResourceSchema, name: string): string =>
  findPath(schema, name)
    ?.map((attribute) => attribute.name)
    .join('.') ?? name.toLowerCase()

/**
 * The attributes of a body. Names are matched without case; unknown ones, and those that are ours to write, are ignored. Throws
 * SCIM_INVALID_SYNTAX for an attribute that is there twice, by names in different cases or with and without its URN.
 */
export function readBody(schema: ResourceSchema, body: Json): ScimComplex {
  const read: Record<string, ScimValue> = {}
  requireOnce(Object.keys(body).map((name) => nameIn(schema, name)))
  for (const [name, value] of Object.entries(body)) {
    const [attribute, ...deeper] = findPath(schema, name) ?? []
    if (!attribute || deeper.length > 0 || !isStored(attribute) || isAbsent(value)) continue
    const inner = readValue(attribute, value)
    if (inner !== undefined) read[attribute.name] = inner
  }
  return read
}

/** The same value with folded texts. */
export function folded(value: ScimValue): ScimValue {
  if (typeof value === 'string') return fold(value)
  if (typeof value === 'boolean') return value
  if (!isComplex(value)) return value.map(folded)
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, inner === undefined ? inner : folded(inner)]),
  )
}
