/** Fewer distinct characters are guessable at any length (NIST SP 800-63B 5.1.1.2: repetitive characters). */
const MIN_DIFFERENT = 5
/** Words contain shorter runs. */
const MIN_RUN = 4

/** Sequences: alphabets, digits, and rows of keyboards with and without Shift. */
const LINES: readonly string[] = [
  'abcdefghijklmnopqrstuvwxyz',
  'абвгдежзийклмнопрстуфхцчшщъыьэюя',
  '01234567890',
  'qwertyuiop[]',
  'qwertzuiopü',
  'azertyuiop',
  'asdfghjkl;',
  'asdfghjklöä',
  'qsdfghjklm',
  'zxcvbnm,./',
  'yxcvbnm,.-',
  'wxcvbn,;:!',
  'йцукенгшщзхъ',
  'фывапролджэ',
  'ячсмитьбю',
  '!@#$%^&*()_+',
  '!"§$%&/()=',
]

const reverse = (line: string): string => [...line].reverse().join('')

/** For each pair of neighbours, such as `ab` or `ba`, the lines that contain it; lines are reversed too. */
const NEIGHBOURS: ReadonlyMap<string, ReadonlySet<number>> = collectNeighbours()

function collectNeighbours(): Map<string, Set<number>> {
  const found = new Map<string, Set<number>>()
  for (const [index, line] of [...LINES, ...LINES.map(reverse)].entries()) {
    const characters = [...line]
    for (const [at, next] of characters.slice(1).entries()) {
      const pair = `${characters[at]}${next}`
      found.set(pair, (found.get(pair) ?? new Set()).add(index))
    }
  }
  return found
}

/** Whether one unit is repeated, the last one possibly cut: `abcabcab`. */
function isOneUnitRepeated(characters: readonly string[]): boolean {
  for (let unit = 1; unit <= characters.length / 2; unit += 1) {
    if (characters.every((character, index) => index < unit || character === characters[index - unit])) return true
  }
  return false
}

/** How many characters from `start` on follow each other on one line, in one direction. */
function lengthOfRun(characters: readonly string[], start: number): number {
  let lines: ReadonlySet<number> | undefined
  let end = start + 1
  for (; end < characters.length; end += 1) {
    const both = NEIGHBOURS.get(`${characters[end - 1]}${characters[end]}`)
    const shared = both && (lines ? new Set([...both].filter((line) => lines?.has(line))) : both)
    if (!shared || shared.size === 0) break
    lines = shared
  }
  return end - start
}

/** Reduces each run, and each repeated character, to its first character. */
function withoutRuns(characters: readonly string[]): string[] {
  const single = characters.filter((character, index) => character !== characters[index - 1])
  const left: string[] = []
  for (let index = 0; index < single.length; ) {
    left.push(single[index] ?? '')
    const run = lengthOfRun(single, index)
    index += run >= MIN_RUN ? run : 1
  }
  return left
}

const isPoor = (characters: readonly string[]): boolean => new Set(characters).size < MIN_DIFFERENT

/** The guessable pattern that the text consists of, or null. `text` is folded (NFKC, lower case). */
export function findPattern(text: string): 'repeated' | 'sequential' | null {
  const characters = [...text]
  if (isPoor(characters) || isOneUnitRepeated(characters)) return 'repeated'
  return isPoor(withoutRuns(characters)) ? 'sequential' : null
}
