const isBlank = (character: string | undefined): boolean => character === ' ' || character === '\t'

/** Not by a pattern: one for the end of a text takes the square of a long run of blanks. */
function trimBlanks(text: string): string {
  let [from, to] = [0, text.length]
  while (from < to && isBlank(text[from])) from += 1
  while (to > from && isBlank(text[to - 1])) to -= 1
  return text.slice(from, to)
}

/**
 * The values of a name in a `Cookie` header, one for each time it stands there (RFC 6265 4.2.1). White space other than blanks is
 * part of a name: a sibling host could set `__Host-…` and the like with it.
 */
export function cookiesNamed(header: string, name: string): string[] {
  const prefix = `${name}=`
  return header
    .split(';')
    .map(trimBlanks)
    .filter((pair) => pair.startsWith(prefix))
    .map((pair) => pair.slice(prefix.length))
}
