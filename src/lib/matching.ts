/** Work that an evaluation may still do. One step is about one comparison. */
export interface Steps {
  left: number
}

/** The evaluation has no steps left. */
export class StepLimitReached extends Error {
  override readonly name = 'StepLimitReached'
}

/** Throws StepLimitReached when fewer than `count` steps are left. */
export function spend(steps: Steps, count: number): void {
  steps.left -= count
  if (steps.left < 0) throw new StepLimitReached()
}

/**
 * Whether the whole text matches: `*` stands for any text, `?` for one character (a Unicode code point), everything else for
 * itself in its case. Takes time linear in the text, whatever the pattern: nothing is tried twice. The work is counted where
 * `steps` are given. Patterns are not compiled beforehand: a compiled one takes many times the memory of its text.
 */
export function matchesPattern(pattern: string, text: string, steps?: Steps): boolean {
  if (steps) spend(steps, 1)
  const star = pattern.indexOf('*')
  const hasAny = pattern.includes('?')
  if (star === -1 && !hasAny) return pattern === text
  const lastStar = pattern.lastIndexOf('*')
  if (!hasAny && star === lastStar) {
    return (
      text.length >= pattern.length - 1 &&
      text.startsWith(pattern.slice(0, star)) &&
      text.endsWith(pattern.slice(star + 1))
    )
  }
  return hasEnds(pattern, text) && matchesAll(pattern, text, steps)
}

const INNER = /[*?](?:.*[*?])?/su

/** Whether the text begins and ends as the pattern does, before its first wildcard and behind its last: most texts do not. */
function hasEnds(pattern: string, text: string): boolean {
  const [prefix = '', suffix = ''] = pattern.split(INNER)
  return text.startsWith(prefix) && text.endsWith(suffix)
}

const WORD_BITS = 32
/** What the tables cost, for each character of the pattern. */
const TABLE_STEPS = 8

/**
 * Follows all ways to match at once: bit `i` of the state says that the first `i` characters of the pattern, without its stars,
 * match the text so far (Shift-And: Baeza-Yates and Gonnet, 1992).
 */
function matchesAll(pattern: string, text: string, steps: Steps | undefined): boolean {
  const { last, words, advances, advancesOfOthers, stays } = tablesOf(pattern)
  if (steps) spend(steps, TABLE_STEPS * pattern.length + words * text.length)
  const state = new Int32Array(words)
  state[0] = 1
  for (let index = 0; index < text.length; index += 1) {
    const code = text.codePointAt(index) ?? 0
    if (code > 0xffff) index += 1
    const moves = advances.get(code) ?? advancesOfOthers
    let carry = 0
    let alive = 0
    for (let word = 0; word < words; word += 1) {
      const bits = state[word] ?? 0
      const moved = bits & (moves[word] ?? 0)
      const next = (moved << 1) | carry | (bits & (stays[word] ?? 0))
      carry = moved >>> (WORD_BITS - 1)
      state[word] = next
      alive |= next
    }
    if (alive === 0) return false
  }
  return hasBit(state, last)
}

interface Tables {
  /** The number of the bit that is set when the whole pattern matches. */
  readonly last: number
  readonly words: number
  /** Which bits a character moves on by one; any other character moves those of `?`. */
  readonly advances: ReadonlyMap<number, Int32Array>
  readonly advancesOfOthers: Int32Array
  /** Which bits every character keeps: a star follows them. */
  readonly stays: Int32Array
}

function tablesOf(pattern: string): Tables {
  const last = [...pattern.replaceAll('*', '')].length
  const words = Math.floor(last / WORD_BITS) + 1
  const [stays, advancesOfOthers] = [new Int32Array(words), new Int32Array(words)]
  const advances = new Map<number, Int32Array>()
  let bit = 0
  for (const character of pattern) {
    if (character === '*') setBit(stays, bit)
    else {
      const code = character.codePointAt(0) ?? 0
      const moves = character === '?' ? advancesOfOthers : (advances.get(code) ?? new Int32Array(words))
      setBit(moves, bit)
      if (character !== '?') advances.set(code, moves)
      bit += 1
    }
  }
  for (const moves of advances.values()) {
    for (let word = 0; word < words; word += 1) moves[word] = (moves[word] ?? 0) | (advancesOfOthers[word] ?? 0)
  }
  return { last, words, advances, advancesOfOthers, stays }
}

// A shift by more than 31 is one by the rest modulo 32.
function setBit(bits: Int32Array, bit: number): void {
  bits[bit >>> 5] = (bits[bit >>> 5] ?? 0) | (1 << bit)
}

const hasBit = (bits: Int32Array, bit: number): boolean => (((bits[bit >>> 5] ?? 0) >>> bit) & 1) === 1
