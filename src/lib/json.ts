const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b])
const CLOSING: ReadonlySet<number> = new Set([0x5d, 0x7d])

/**
 * Lists and objects of a caller's JSON within each other. Parsers take any depth, but what goes on to an object or a queue
 * is serialized by recursion: an event that throws there is never delivered, and all that come after it wait.
 */
export const MAX_JSON_DEPTH = 64

/** Whether lists and objects nest deeper than `MAX_JSON_DEPTH`. Of text that is no JSON it says nothing of use. */
export function isTooDeep(text: string): boolean {
  // Most bodies open a handful: nothing is to be walked through.
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

/** A name that stands twice in the object that the text is: parsers keep the last of its values, and the others are lost. */
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
