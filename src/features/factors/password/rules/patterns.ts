/** Fewer different characters are tried out whatever their number (NIST SP 800-63B 5.1.1.2: repetitive characters). */
const MIN_DIFFERENT = 5
/** A shorter run stands in words, too. */
const MIN_RUN = 4

/** What people run their fingers along: the alphabet, digits, and rows of keyboards with and without Shift. */
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

/** For each pair of neighbours, as text, the lines that have it: `ab`, and `ba` backwards. */
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

/** Whether it is one unit again and again, the last of them cut or not: `abcabcab`. */
function isOneUnitRepeated(characters: readonly string[]): boolean {
  for (let unit = 1; unit <= characters.length / 2; unit += 1) {
    if (characters.every((character, index) => index < unit || character === characters[index - unit])) return true
  }
  return false
}

/** How many characters from `start` on stand side by side on one line, in one direction. */
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

/** Each run is worth its first character, and so is each character that is repeated. */
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

/** What a text is made of that is guessed first, or null. `text` is folded: case and width are left aside. */
export function findPattern(text: string): 'repeated' | 'sequential' | null {
  const characters = [...text]
  if (isPoor(characters) || isOneUnitRepeated(characters)) return 'repeated'
  return isPoor(withoutRuns(characters)) ? 'sequential' : null
}
