import { at, invalidPath, invalidSyntax, invalidValue, mutability, noTarget } from '../errors.ts'
import type { ScimComplex, ScimValue } from '../types.ts'
import { type Condition, equalsOf, readElementFilter } from './filter.ts'
import { isMatch } from './match.ts'
import { type Attribute, type AttributePath, findPath, findSub, type ResourceSchema } from './schema.ts'
import {
  isAbsent,
  isComplex,
  isObject,
  isStored,
  nameIn,
  readElement,
  readValue,
  requireOnce,
  settleList,
} from './values.ts'

const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'
const MAX_OPERATIONS = 100
const MAX_PATH = 2000

type Op = 'add' | 'replace' | 'remove'

/** What a path names. */
export interface Target {
  readonly path: AttributePath
  readonly filter: Condition | null
  /** Behind the filter. */
  readonly sub: Attribute | null
}

/** One change of one attribute. */
export interface Change {
  readonly op: Op
  readonly target: Target
  /** As it was sent; undefined for a removal without one. */
  readonly value: unknown
}

type Json = Readonly<Record<string, unknown>>

function namesOf(body: Json): ReadonlyMap<string, unknown> {
  requireOnce(Object.keys(body).map((name) => name.toLowerCase()))
  return new Map(Object.entries(body).map(([name, value]) => [name.toLowerCase(), value]))
}

/** The changes of a PATCH message, in its order. `id`: of the resource. Throws SCIM_INVALID_SYNTAX, SCIM_INVALID_PATH, SCIM_NO_TARGET. */
export function readPatch(schema: ResourceSchema, body: Json, id: string): readonly Change[] {
  const names = namesOf(body)
  const schemas = names.get('schemas')
  const isPatch =
    Array.isArray(schemas) &&
    schemas.some((urn) => typeof urn === 'string' && urn.toLowerCase() === PATCH_OP.toLowerCase())
  if (!isPatch) throw at(invalidSyntax, `schemas has ${PATCH_OP}`)
  const operations = names.get('operations')
  if (!Array.isArray(operations) || operations.length === 0 || operations.length > MAX_OPERATIONS)
    throw at(invalidSyntax, `Operations is a list of 1 to ${MAX_OPERATIONS}`)
  return operations.flatMap((operation) => readOperation(schema, operation, id))
}

const OPS: Readonly<Record<Op, true>> = { add: true, replace: true, remove: true }

const isOp = (op: string): op is Op => Object.hasOwn(OPS, op)

function readOperation(schema: ResourceSchema, operation: unknown, id: string): readonly Change[] {
  if (!isObject(operation)) throw at(invalidSyntax, 'An operation is an object')
  const names = namesOf(operation)
  const given = names.get('op')
  const op = typeof given === 'string' ? given.toLowerCase() : ''
  if (!isOp(op)) throw at(invalidSyntax, 'op is add, replace or remove')
  const path = names.get('path')
  const value = names.get('value')
  if (path !== undefined && path !== null && path !== '') return [{ op, target: readTarget(schema, path), value }]
  if (op === 'remove') throw at(noTarget, 'A removal needs a path')
  if (!isObject(value)) throw at(invalidValue, 'Without a path the value is an object')
  requireOnce(Object.keys(value).map((name) => nameIn(schema, name)))
  return Object.entries(value).flatMap(([name, inner]) => readNamed(schema, op, { name, value: inner, id }))
}

/** A name in the value of an operation without a path. What is ours to write is refused, but the id that stays what it is. */
function readNamed(
  schema: ResourceSchema,
  op: Op,
  { name, value, id }: { name: string; value: unknown; id: string },
): readonly Change[] {
  const lower = name.toLowerCase()
  if (lower === 'schemas' || (lower === 'id' && value === id)) return []
  return [{ op, target: readTarget(schema, name), value }]
}

function splitFilter(path: string): { name: string; filter: string | null; rest: string } {
  const open = path.indexOf('[')
  if (open === -1) return { name: path, filter: null, rest: '' }
  // Brackets in a literal close nothing.
  const bare = path.replace(/"(?:[^"\\]|\\.)*"/gs, (quoted) => '"'.padEnd(quoted.length, '_'))
  const close = bare.indexOf(']', open)
  if (close === -1) throw at(invalidPath, 'The path has an open bracket')
  return { name: path.slice(0, open), filter: path.slice(open + 1, close), rest: path.slice(close + 1) }
}

/** Throws SCIM_INVALID_PATH, SCIM_INVALID_FILTER, SCIM_MUTABILITY for what is ours to write. */
function readTarget(schema: ResourceSchema, given: unknown): Target {
  if (typeof given !== 'string' || given.length > MAX_PATH) throw at(invalidPath, 'A path is a string')
  const { name, filter, rest } = splitFilter(given.trim())
  const path = findPath(schema, name)
  if (!path) throw at(invalidPath, `There is no attribute ${name}`)
  const [attribute] = path.slice(-1)
  if (!path.every(isWritable)) throw at(mutability, `${name} is not a directory's to write`)
  if (filter === null) return { path, filter: null, sub: null }
  if (!attribute?.isList) throw at(invalidPath, `${name} is no list`)
  const sub = rest === '' ? null : findSub(attribute, rest.replace(/^\./, ''))
  if (sub === undefined || (rest !== '' && !rest.startsWith('.'))) throw at(invalidPath, `${name} has no ${rest}`)
  if (sub && !isWritable(sub)) throw at(mutability, `${name}${rest} is not a directory's to write`)
  return { path, filter: readElementFilter(attribute, filter), sub }
}

const isWritable = (attribute: Attribute): boolean => isStored(attribute) || attribute.mutability === 'dropped'

/** The attributes after the changes. All apply or none: what throws leaves nothing behind. Throws what SCIM says of each fault. */
export const applyChanges = (attributes: ScimComplex, changes: readonly Change[]): ScimComplex =>
  changes.reduce(applyChange, attributes)

function applyChange(attributes: ScimComplex, change: Change): ScimComplex {
  const { target } = change
  if (target.path.some(({ mutability }) => mutability === 'dropped')) return attributes
  return within(attributes, target.path, (before) => changed(before, change))
}

/** The object with the value at a path replaced; objects that become empty go. */
function within(
  object: ScimComplex,
  [first, ...rest]: AttributePath,
  change: (before: ScimValue | undefined) => ScimValue | undefined,
): ScimComplex {
  const before = object[first.name]
  const [next, ...more] = rest
  if (!next) return withValue(object, first, change(before))
  if (first.isList) return withValue(object, first, eachElement(before, next, change))
  const inner = within(isComplex(before) ? before : {}, [next, ...more], change)
  return withValue(object, first, Object.keys(inner).length === 0 ? undefined : inner)
}

/** `emails.type` without a filter is that of every element. */
const eachElement = (
  list: ScimValue | undefined,
  sub: Attribute,
  change: (before: ScimValue | undefined) => ScimValue | undefined,
): ScimValue | undefined =>
  nonEmpty(elementsOf(list).map((element) => withValue(element, sub, change(element[sub.name]))))

function withValue(object: ScimComplex, attribute: Attribute, value: ScimValue | undefined): ScimComplex {
  if (value === undefined && attribute.isRequired) throw at(invalidValue, `${attribute.name} cannot be without a value`)
  const { [attribute.name]: _before, ...rest } = object
  return value === undefined ? rest : { ...rest, [attribute.name]: value }
}

const elementsOf = (list: ScimValue | undefined): readonly ScimComplex[] =>
  Array.isArray(list) ? list.filter((element): element is ScimComplex => isComplex(element)) : []

const nonEmpty = (elements: readonly ScimComplex[]): readonly ScimValue[] | undefined => {
  const kept = elements.filter((element) => Object.keys(element).length > 0)
  return kept.length === 0 ? undefined : settleList(kept)
}

function changed(before: ScimValue | undefined, { op, target, value }: Change): ScimValue | undefined {
  const attribute = target.path.at(-1) ?? target.path[0]
  if (target.filter)
    return changedElements(elementsOf(before), attribute, { op, value, ...target, filter: target.filter })
  if (op === 'remove') return removed(before, attribute, value)
  const read = isAbsent(value) ? undefined : readValue(attribute, value)
  if (op === 'replace' || read === undefined) return op === 'add' ? before : read
  if (attribute.isList) return addedTo(elementsOf(before), elementsOf(read))
  return attribute.type === 'complex' && isComplex(before) && isComplex(read) ? { ...before, ...read } : read
}

/** A new primary takes that from the others. */
const addedTo = (before: readonly ScimComplex[], added: readonly ScimComplex[]): ScimValue =>
  settleList([...before, ...added])

/** Some directories name what goes in the value. */
function removed(before: ScimValue | undefined, attribute: Attribute, value: unknown): ScimValue | undefined {
  // An empty list names nothing, and removes nothing.
  if (!attribute.isList || value === undefined || value === null) return undefined
  const gone = new Set(
    elementsOf(isAbsent(value) ? undefined : readValue(attribute, value)).map(({ value: one }) => one),
  )
  return nonEmpty(elementsOf(before).filter((element) => !gone.has(element.value)))
}

interface ElementChange {
  readonly op: Op
  readonly value: unknown
  readonly filter: Condition
  readonly sub: Attribute | null
}

function changedElements(
  elements: readonly ScimComplex[],
  list: Attribute,
  { op, value, filter, sub }: ElementChange,
): ScimValue | undefined {
  const isMeant = (element: ScimComplex) => isMatch(filter, element)
  if (op === 'remove') {
    if (!sub) return nonEmpty(elements.filter((element) => !isMeant(element)))
    return nonEmpty(elements.map((element) => (isMeant(element) ? withValue(element, sub, undefined) : element)))
  }
  const read = sub ? (isAbsent(value) ? undefined : readValue(sub, value)) : readElement(list, value ?? {})
  const write = (element: ScimComplex): ScimComplex => {
    if (sub) return withValue(element, sub, read)
    const whole = isComplex(read) ? read : {}
    return op === 'add' ? { ...element, ...whole } : whole
  }
  if (elements.some(isMeant)) {
    const written = elements.map((element) => (isMeant(element) ? write(element) : element))
    return nonEmpty(withPrimaryOf(written, elements))
  }
  const made = equalsOf(filter)
  // Entra writes into an element that is not there yet.
  if (!made) throw at(noTarget, `${list.name} has no such element`)
  if (read === undefined) return nonEmpty(elements)
  return nonEmpty([...elements, sub ? withValue(made, sub, read) : { ...made, ...(isComplex(read) ? read : {}) }])
}

/** The one that became primary stays so, wherever it stands: `settleList` keeps the last. */
function withPrimaryOf(after: readonly ScimComplex[], before: readonly ScimComplex[]): readonly ScimComplex[] {
  const chosen = after.findIndex((element, index) => element.primary === true && before[index]?.primary !== true)
  if (chosen === -1) return after
  return after.map((element, index) =>
    element.primary === true && index !== chosen ? { ...element, primary: false } : element,
  )
}
