/** Edits between two names: a character more, less or another, or two neighbours swapped (optimal string alignment). */
export function editsBetween(one: string, other: string): number {
  let [before, last]: [number[], number[]] = [[], Array.from({ length: other.length + 1 }, (_, column) => column)]
  for (let row = 1; row <= one.length; row += 1) {
    const next = [row]
    for (let column = 1; column <= other.length; column += 1) {
      const isSame = one[row - 1] === other[column - 1]
      const isSwapped =
        row > 1 && column > 1 && one[row - 1] === other[column - 2] && one[row - 2] === other[column - 1]
      const changed = (last[column - 1] ?? 0) + (isSame ? 0 : 1)
      const swapped = isSwapped ? (before[column - 2] ?? 0) + 1 : changed
      next[column] = Math.min((last[column] ?? 0) + 1, (next[column - 1] ?? 0) + 1, changed, swapped)
    }
    ;[before, last] = [last, next]
  }
  return last[other.length] ?? 0
}

/** The name among `names` that is fewest edits away, and how many those are. */
export function nearestName(name: string, names: readonly string[]): { readonly name: string; readonly edits: number } {
  return names
    .map((candidate) => ({ name: candidate, edits: editsBetween(name.toUpperCase(), candidate) }))
    .reduce((best, each) => (each.edits < best.edits ? each : best), { name: '', edits: Number.POSITIVE_INFINITY })
}
