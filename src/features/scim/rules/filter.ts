import { type Filter as Parsed, parse } from 'scim2-parse-filter'
import { at, invalidFilter } from '../errors.ts'
import { type Attribute, type AttributePath, findPath, findSub, type ResourceSchema } from './schema.ts'
import { isStorable, toBoolean } from './values.ts'

export type Comparison = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le'

/** A filter whose names are those of the schema table and whose values have their types. */
export type Condition =
  | { readonly kind: 'and' | 'or'; readonly of: readonly Condition[] }
  | { readonly kind: 'not'; readonly of: Condition }
  | { readonly kind: 'compare'; readonly path: AttributePath; readonly op: Comparison; readonly value: FilterValue }
  | { readonly kind: 'present'; readonly path: AttributePath }
  /** One element of the list is all of it; paths in it start at the element. */
  | { readonly kind: 'element'; readonly path: AttributePath; readonly of: Condition }

/** A number is a time. */
export type FilterValue = string | boolean | number

const MAX_LENGTH = 2000
const MAX_DEPTH = 20
const MAX_COMPARISONS = 30

const refuse = (what: string) => at(invalidFilter, what)

const STRING = /"(?:[^"\\]|\\.)*"/gs
/** `a[…].b eq c`: one element is both, which the parser takes for two conditions. */
const SUB_OF_ELEMENT =
  /\[([^[\]]*)\]\.([A-Za-z$][\w$-]*)(\s+(?:pr(?![\w"])|(?:eq|ne|co|sw|ew|gt|ge|lt|le)\s+[^\s()[\]]+))/gi

/** The text of a literal. Directories that do not escape backslashes mean them. */
function literalOf(quoted: string): string {
  try {
    return JSON.parse(quoted) as string
  } catch {
    return quoted.slice(1, -1).replaceAll('\\"', '"')
  }
}

function depthOf(text: string): number {
  let depth = 0
  let deepest = 0
  for (const character of text) {
    if (character === '(' || character === '[') depth += 1
    else if (character === ')' || character === ']') depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

/** Literals are taken out before anything else reads the text: `"0"` stands for the first. */
function parseText(text: string): { parsed: Parsed; literals: readonly string[] } {
  if (text.length > MAX_LENGTH) throw refuse(`A filter has ${MAX_LENGTH} characters at most`)
  const literals: string[] = []
  const bare = text.replace(STRING, (quoted) => `"${literals.push(literalOf(quoted)) - 1}"`)
  // The parser is recursive.
  const nots = bare.match(/\bnot\b/gi)?.length ?? 0
  if (depthOf(bare) > MAX_DEPTH || nots > MAX_DEPTH) throw refuse(`A filter nests ${MAX_DEPTH} deep at most`)
  const words = bare.replace(
    /\b(eq|ne)(\s+)(true|false|null)\b/gi,
    (_all, op, space, word) => `${op}${space}${word.toLowerCase()}`,
  )
  const whole = words.replace(SUB_OF_ELEMENT, '[($1) and $2$3]')
  if (/\]\s*\./.test(whole)) throw refuse('The filter is not valid')
  try {
    return { parsed: parse(whole), literals }
  } catch {
    throw refuse('The filter is not valid')
  }
}

type Find = (name: string) => AttributePath | undefined

interface Reading {
  readonly literals: readonly string[]
  comparisons: number
}

/** Throws SCIM_INVALID_FILTER. */
export function readFilter(schema: ResourceSchema, text: string): Condition {
  return read(text, (name) => findPath(schema, name))
}

/** The filter of an element, as a path of PATCH has it. */
export function readElementFilter(list: Attribute, text: string): Condition {
  return read(text, subOf(list))
}

const subOf =
  (list: Attribute): Find =>
  (name) => {
    const sub = findSub(list, name)
    return sub && [sub]
  }

function read(text: string, find: Find): Condition {
  const { parsed, literals } = parseText(text)
  const reading = { literals, comparisons: 0 }
  const condition = toCondition(parsed, find, reading)
  if (reading.comparisons > MAX_COMPARISONS) throw refuse(`A filter has ${MAX_COMPARISONS} comparisons at most`)
  return condition
}

function toCondition(parsed: Parsed, find: Find, reading: Reading): Condition {
  if ('filters' in parsed)
    return { kind: parsed.op, of: parsed.filters.map((inner) => toCondition(inner, find, reading)) }
  if ('filter' in parsed) return { kind: 'not', of: toCondition(parsed.filter, find, reading) }
  const path = find(parsed.attrPath)
  if (!path || path.some(({ mutability }) => mutability === 'dropped'))
    throw refuse(`There is no attribute ${parsed.attrPath}`)
  if ('valFilter' in parsed) return toElement(path, parsed.valFilter, reading)
  reading.comparisons += 1
  if (!('compValue' in parsed)) return atLeaf(path, (inner) => ({ kind: 'present', path: inner }))
  const { op, compValue } = parsed
  const value = typeof compValue === 'string' ? literalAt(reading, compValue) : compValue
  return atLeaf(path, (inner) => toComparison(inner, op, value))
}

const literalAt = ({ literals }: Reading, index: string): string => literals[Number(index)] ?? ''

function toElement(path: AttributePath, inner: Parsed, reading: Reading): Condition {
  const list = path.at(-1)
  if (!list?.isList || path.slice(0, -1).some(({ isList }) => isList)) throw refuse(`${list?.name} is no list`)
  return { kind: 'element', path, of: toCondition(inner, subOf(list), reading) }
}

/** What is asked of `emails.value`, or of `emails`, is asked of one element. */
function atLeaf(path: AttributePath, leafOf: (path: AttributePath) => Condition): Condition {
  const index = path.findIndex(({ isList }) => isList)
  const list = path[index]
  if (!list) return leafOf(path)
  const [sub, ...more] = path.slice(index + 1)
  if (sub) return { kind: 'element', path: upTo(path, index), of: leafOf([sub, ...more]) }
  const condition = leafOf(path)
  const value = findSub(list, 'value')
  if (condition.kind !== 'compare') return condition
  return value ? { kind: 'element', path, of: { ...condition, path: [value] } } : condition
}

const upTo = ([first, ...rest]: AttributePath, index: number): AttributePath => [first, ...rest.slice(0, index)]

function toComparison(path: AttributePath, op: Comparison, given: string | number | boolean | null): Condition {
  const leaf = comparedOf(path)
  if (given === null) {
    const present: Condition = { kind: 'present', path }
    if (op === 'eq') return { kind: 'not', of: present }
    if (op === 'ne') return present
    throw refuse(`${op} does not compare with null`)
  }
  return { kind: 'compare', path, op, value: toValue(leaf, op, given) }
}

/** A list or an object is compared by its `value`. */
function comparedOf(path: AttributePath): Attribute {
  const leaf = path.at(-1) ?? path[0]
  if (leaf.type !== 'complex') return leaf
  const value = leaf.isList ? findSub(leaf, 'value') : undefined
  if (!value) throw refuse(`${leaf.name} has no value to compare`)
  return value
}

const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)?$/i

function toValue({ name, type }: Attribute, op: Comparison, given: string | number | boolean): FilterValue {
  if (type === 'boolean') {
    const value = toBoolean(given)
    if (value === undefined || (op !== 'eq' && op !== 'ne')) throw refuse(`${name} is true or false`)
    return value
  }
  if (typeof given !== 'string') throw refuse(`${name} is compared with a string`)
  if (!isStorable(given)) throw refuse('A value has characters that no text has')
  if (type !== 'dateTime') return given
  const time = TIME.test(given) ? Date.parse(/(?:Z|[+-]\d\d:\d\d)$/i.test(given) ? given : `${given}Z`) : Number.NaN
  if (Number.isNaN(time) || op === 'co' || op === 'sw' || op === 'ew') throw refuse(`${name} is compared with a time`)
  return time
}

/** What the comparisons with `eq` of a filter say an element has; undefined where it says more than that. */
export function equalsOf(condition: Condition): Readonly<Record<string, string | boolean>> | undefined {
  if (condition.kind === 'and') {
    const all = condition.of.map(equalsOf)
    return all.includes(undefined) ? undefined : Object.assign({}, ...all)
  }
  if (condition.kind !== 'compare' || condition.op !== 'eq' || typeof condition.value === 'number') return undefined
  return { [condition.path[0].name]: condition.value }
}
