/** Numbers that look random and are the same in every run (mulberry32). */
export function randomNumbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

const SNIPPETS = [
  ' ',
  '\n',
  '\r\n',
  '\t',
  'x',
  'root@acme.example',
  '&amp;',
  '&#65;',
  '&#x2028;',
  '&lt;',
  '<x/>',
  '<x>y</x>',
  '<!---->',
  '<?x y?>',
  '<![CDATA[x]]>',
  ']]>',
  ' ID="_assertion"',
  ' Id="_x"',
  ' a="b"',
  ' xmlns="urn:x"',
  ' xmlns=""',
  ' xmlns:x="urn:x"',
  ' xmlns:saml="urn:x"',
  ' xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"',
  ' xmlns:ds="http://www.w3.org/2000/09/xmldsig#"',
  ' xml:space="preserve"',
  '<saml:NameID>root@acme.example</saml:NameID>',
  '<samlp:Extensions/>',
  '<saml:Issuer>https://idp.example/entity</saml:Issuer>',
] as const

type Random = () => number
const below = (random: Random, end: number) => Math.floor(random() * end)
const oneOf = <T>(random: Random, list: readonly T[]): T => {
  const one = list[below(random, list.length)]
  if (one === undefined) throw new Error('nothing to choose from')
  return one
}
const at = (text: string, from: number, to: number, put: string) => text.slice(0, from) + put + text.slice(to)

/** An element without another of its name inside, a tag, an attribute, or a text, by place. */
function partOf(random: Random, text: string): { from: number; to: number } {
  const pattern = oneOf(random, [
    /<(?!samlp:Response)([\w:]+)(?: [^<>]*)?>(?:(?!<\1[ >]).)*?<\/\1>/gs,
    /<[^<>]+>/g,
    / [\w:]+="[^"]*"/g,
    />[^<>]+</g,
  ])
  // Not the whole document.
  const found = [...text.matchAll(pattern)].filter(({ 0: part }) => part.length < text.length / 2)
  const { index, 0: part } = oneOf(random, found)
  return { from: index, to: index + part.length }
}

const EDITS: readonly ((random: Random, text: string) => string)[] = [
  // A character, changed or away.
  (random, text) => {
    const place = below(random, text.length)
    return at(text, place, place + 1, random() < 0.5 ? '' : String.fromCharCode(32 + below(random, 95)))
  },
  // A snippet, anywhere.
  (random, text) => {
    const place = below(random, text.length)
    return at(text, place, place, oneOf(random, SNIPPETS))
  },
  // A snippet beside or in a tag.
  (random, text) => {
    const { index, 0: tag } = oneOf(random, [...text.matchAll(/<[^<>]+>/g)])
    const place = index + oneOf(random, [0, tag.length, tag.search(/[ />]/) > 0 ? tag.search(/[ />](?!.* )/) : 1])
    return at(text, place, place, oneOf(random, SNIPPETS))
  },
  // A part away, doubled, or moved.
  (random, text) => {
    const { from, to } = partOf(random, text)
    return at(text, from, to, '')
  },
  (random, text) => {
    const { from, to } = partOf(random, text)
    return at(text, to, to, text.slice(from, to))
  },
  (random, text) => {
    const { from, to } = partOf(random, text)
    const rest = at(text, from, to, '')
    const { from: place } = partOf(random, rest)
    return at(rest, place, place, text.slice(from, to))
  },
  // Two attributes of one tag, the other way round.
  (random, text) => {
    const { index, 0: two } = oneOf(random, [...text.matchAll(/ [\w:]+="[^"]*" [\w:]+="[^"]*"/g)])
    const [first = '', second = ''] = two.match(/ [\w:]+="[^"]*"/g) ?? []
    return at(text, index, index + two.length, second + first)
  },
  // Other quotes, other line ends, a character by its number.
  (random, text) => {
    const { index, 0: found } = oneOf(random, [...text.matchAll(/="[^"']*"/g)])
    return at(text, index, index + found.length, `='${found.slice(2, -1)}'`)
  },
  (random, text) => {
    const { index, 0: found } = oneOf(random, [...text.matchAll(/[A-Za-z](?=[^<>]*<)/g)])
    return at(text, index, index + 1, `&#${found.charCodeAt(0)};`)
  },
  // An empty element in its other form.
  (random, text) => {
    const { index, 0: found, 1: name } = oneOf(random, [...text.matchAll(/<([\w:]+)[^<>]*\/>/g)])
    return at(text, index, index + found.length, `${found.slice(0, -2)}></${name}>`)
  },
]

/** The text with one to three random changes. */
export function mutate(random: Random, text: string): string {
  let changed = text
  for (let count = 1 + below(random, 3); count > 0; count -= 1) {
    try {
      changed = oneOf(random, EDITS)(random, changed)
    } catch {
      // This text has no such part any more.
    }
  }
  return changed
}
