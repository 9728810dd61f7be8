import { utf8 } from './encoding.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b])
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d])

/**
 * How deeply arrays and objects of a request may nest. The parser accepts any depth, but serialization for an object or a queue
 * is recursive: an event that throws there is never delivered and blocks all events behind it.
 */
export const MAX_JSON_DEPTH = 64

/** Whether arrays and objects nest deeper than `MAX_JSON_DEPTH`. Meaningless for text that is not JSON. */
export function isTooDeep(text: string): boolean {
  // Fast path: most bodies have few brackets.
  if (text.split(/[[{]/, MAX_JSON_DEPTH + 2).length <= MAX_JSON_DEPTH + 1) return false
  let depth = 0
  let isInString = false
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at)
    if (isInString) {
      if (code === BACKSLASH) at += 1
      else if (code === QUOTE) isInString = false
    } else if (code === QUOTE) isInString = true
    else if (OPENING.has(code)) {
      depth += 1
      if (depth > MAX_JSON_DEPTH) return true
    } else if (CLOSING.has(code)) depth -= 1
  }
  return false
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\]:]/gs

/** A member name that occurs twice in a JSON object: parsers keep only the last of its values. */
export function findRepeatedName(text: string): string | undefined {
  const names = new Set<unknown>()
  let depth = 0
  let last = ''
  for (const [token] of text.matchAll(TOKEN)) {
    if (token === ':' && depth === 1) {
      const name: unknown = JSON.parse(last)
      if (names.has(name)) return String(name)
      names.add(name)
    } else if (token === '{' || token === '[') depth += 1
    else if (token === '}' || token === ']') depth -= 1
    else last = token
  }
  return undefined
}

/** How many bytes a value takes as JSON in UTF-8. */
export const jsonBytesOf = (value: unknown): number => utf8(JSON.stringify(value)).length

/** Whether a value nests deeper: a flat object is 1 deep. Stops at that depth, however deep the value is. */
export const isDeeperThan = (depth: number, value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (depth === 0 || Object.values(value).some((inner) => isDeeperThan(depth - 1, inner)))

/** The property that a name of the wire has in a row: `created_at` is `createdAt`. */
export const camelOf = (name: string): string =>
  name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase())

/** The reverse: properties under their names of the wire. */
export const inSnake = (properties: Readonly<Record<string, unknown>>): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      value,
    ]),
  )
