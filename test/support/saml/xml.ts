/**
 * A strict reader of XML without declarations, comments and processing instructions, and exclusive canonicalization
 * (https://www.w3.org/TR/xml-exc-c14n/): of its own, so that it shares no mistake with the service's libraries.
 */
export interface Attribute {
  readonly prefix: string
  readonly local: string
  readonly namespace: string
  readonly value: string
}

export interface Node {
  readonly prefix: string
  readonly local: string
  readonly namespace: string
  readonly attributes: readonly Attribute[]
  /** What every prefix means here. */
  readonly scope: ReadonlyMap<string, string>
  readonly parent: Node | null
  readonly children: (Node | string)[]
}

const NAME = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?'
const TOKEN = new RegExp(
  `([^<]+)|</(${NAME})\\s*>|<(${NAME})((?:\\s+${NAME}\\s*=\\s*(?:"[^"<]*"|'[^'<]*'))*)\\s*(/?)>`,
  'y',
)
const PAIR = new RegExp(`(${NAME})\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'g')
const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

const wrong = (what: string): never => {
  throw new Error(`not well-formed: ${what}`)
}

const decode = (text: string): string =>
  text.replace(/&([^;&]*);?/g, (whole, name: string) => {
    if (name in NAMED && whole.endsWith(';')) return NAMED[name] ?? ''
    const [, hex, decimal] = /^#(?:x([0-9A-Fa-f]+)|([0-9]+))$/.exec(name) ?? wrong(whole)
    const code = hex ? Number.parseInt(hex, 16) : Number(decimal)
    return whole.endsWith(';') ? String.fromCodePoint(code) : wrong(whole)
  })

const split = (name: string): [string, string] => {
  const [first = '', second] = name.split(':')
  return second === undefined ? ['', first] : [first, second]
}

function open(name: string, source: string, parent: Node | null): Node {
  const pairs = [...source.matchAll(PAIR)].map(
    ([, key = '', double, single]) => [key, decode((double ?? single ?? '').replace(/[\t\n]/g, ' '))] as const,
  )
  if (new Set(pairs.map(([key]) => key)).size !== pairs.length) wrong('an attribute twice')
  const scope = new Map(parent?.scope ?? [['xml', 'http://www.w3.org/XML/1998/namespace']])
  for (const [key, value] of pairs) if (/^xmlns(?::|$)/.test(key)) scope.set(key.slice(6), value)
  const meaning = (prefix: string) => scope.get(prefix) ?? (prefix === '' ? '' : wrong(`prefix ${prefix}`))
  const attributes = pairs
    .filter(([key]) => !/^xmlns(?::|$)/.test(key))
    .map(([key, value]) => {
      const [prefix, local] = split(key)
      return { prefix, local, namespace: prefix === '' ? '' : meaning(prefix), value }
    })
  const [prefix, local] = split(name)
  return { prefix, local, namespace: meaning(prefix), attributes, scope, parent, children: [] }
}

/** The root of a document. Throws for one that is not well-formed. */
export function parse(given: string): Node {
  const text = given.replace(/\r\n?/g, '\n')
  const token = new RegExp(TOKEN)
  let root: Node | null = null
  let at: Node | null = null
  while (token.lastIndex < text.length) {
    const [, words, end, start, source = '', closed] = token.exec(text) ?? wrong('a tag')
    if (words !== undefined) {
      if (at) at.children.push(decode(words))
      else if (words.trim() !== '') wrong('text beside the root')
    } else if (end !== undefined) {
      const ended: Node = at && qualified(at) === end ? at : wrong('an end tag')
      at = ended.parent
    } else if (start !== undefined) {
      if (root && !at) wrong('a second root')
      const element = open(start, source, at)
      at?.children.push(element)
      root ??= element
      if (closed === '') at = element
    }
  }
  return root && !at ? root : wrong('the end')
}

const qualified = ({ prefix, local }: { prefix: string; local: string }) => (prefix ? `${prefix}:${local}` : local)
const isElement = (node: Node | string): node is Node => typeof node !== 'string'

export const childrenOf = (element: Node): Node[] => element.children.filter(isElement)
export const descendants = (element: Node): Node[] => [element, ...childrenOf(element).flatMap(descendants)]
export const attributeOf = (element: Node, name: string): string | undefined =>
  element.attributes.find(({ prefix, local }) => prefix === '' && local === name)?.value
export const textOf = (element: Node): string =>
  element.children.map((node) => (isElement(node) ? textOf(node) : node)).join('')

const byCodePoint = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0)
const inText = (text: string) =>
  text.replace(/[&<>\r]/g, (sign) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;', '\r': '&#xD;' })[sign] ?? '')
const inAttribute = (text: string) =>
  text.replace(
    /[&<"\t\n\r]/g,
    (sign) => ({ '&': '&amp;', '<': '&lt;', '"': '&quot;', '\t': '&#x9;', '\n': '&#xA;', '\r': '&#xD;' })[sign] ?? '',
  )

interface Options {
  /** PrefixList, `#default` included. */
  readonly inclusive?: readonly string[]
  readonly without?: Node | undefined
}

/** The exclusive canonical form of an element, without one descendant. */
export function canonical(
  element: Node,
  options: Options = {},
  rendered: ReadonlyMap<string, string> = new Map(),
): string {
  const { inclusive = [], without } = options
  const used = new Set([
    element.prefix,
    ...element.attributes.map(({ prefix }) => prefix).filter((prefix) => prefix !== ''),
  ])
  for (const name of inclusive) {
    const prefix = name === '#default' ? '' : name
    if (element.scope.has(prefix)) used.add(prefix)
  }
  used.delete('xml')
  const meaning = (prefix: string) => element.scope.get(prefix) ?? ''
  const declared = [...used].filter((prefix) => (rendered.get(prefix) ?? '') !== meaning(prefix)).sort(byCodePoint)
  const namespaces = declared.map((prefix) => ` xmlns${prefix && `:${prefix}`}="${inAttribute(meaning(prefix))}"`)
  const attributes = element.attributes
    .toSorted((one, other) => byCodePoint(one.namespace, other.namespace) || byCodePoint(one.local, other.local))
    .map((attribute) => ` ${qualified(attribute)}="${inAttribute(attribute.value)}"`)
  const below = new Map([...rendered, ...declared.map((prefix) => [prefix, meaning(prefix)] as const)])
  const content = element.children
    .filter((node) => node !== without)
    .map((node) => (isElement(node) ? canonical(node, options, below) : inText(node)))
  return `<${qualified(element)}${namespaces.join('')}${attributes.join('')}>${content.join('')}</${qualified(element)}>`
}
