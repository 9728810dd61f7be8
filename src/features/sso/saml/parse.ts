import { late } from '../../../lib/late.ts'
import { loadParser, loadSignatures, type XmlAttribute, type XmlElement } from './libraries.mjs'
import { refuse } from './refusal.ts'
import { childElements, isElement, isText } from './tree.ts'

/** Loaded at first use: most isolates never see a SAML message. */
const parser = late(loadParser)
const signatures = late(loadSignatures)

/** Loads what the rules use, which are synchronous. */
export async function loadXml(): Promise<void> {
  await Promise.all([parser.load(), signatures.load()])
}

export const signatureLibrary = () => signatures.get()

/** A document: its text, its root, and all its elements in their order. */
export interface Xml {
  readonly text: string
  readonly root: XmlElement
  readonly elements: readonly XmlElement[]
}

const MAX_DEPTH = 32
const NAME = '[A-Za-z_][\\w.-]*(?::[A-Za-z_][\\w.-]*)?'
const SPACE = '[ \\t\\r\\n]'
const ATTRIBUTE = `${SPACE}+${NAME}${SPACE}*=${SPACE}*(?:"[^<"]*"|'[^<']*')`
const TAG = new RegExp(`<(?:/(?<end>${NAME})${SPACE}*|(?<start>${NAME})(?:${ATTRIBUTE})*${SPACE}*(?<empty>/?))>`, 'y')

/** Every tag is whole and closed in its turn, and nothing stands beside the root: the parser below takes more. */
function checkTags(text: string): void {
  const tag = new RegExp(TAG)
  const open: string[] = []
  let from = 0
  let roots = 0
  for (;;) {
    const at = text.indexOf('<', from)
    if (open.length === 0 && /[^ \t\r\n]/.test(text.slice(from, at === -1 ? undefined : at))) refuse('not_xml')
    if (at === -1) break
    tag.lastIndex = at
    const { end, start, empty } = tag.exec(text)?.groups ?? refuse('not_xml')
    from = tag.lastIndex
    if (end !== undefined) {
      if (open.pop() !== end) refuse('not_xml')
      continue
    }
    if (open.length === 0 && ++roots > 1) refuse('not_xml')
    if (open.length === MAX_DEPTH) refuse('too_deep')
    if (start !== undefined && empty === '') open.push(start)
  }
  if (open.length > 0 || roots === 0) refuse('not_xml')
}

const XMLNS = /^xmlns(?::|$)/
/**
 * What the canonical form has as it is. Bounded, for it is written once more for each element that uses it: 100 kB of it
 * would make hundreds of megabytes.
 */
const NAMESPACE_NAME = /^[!#-%'-;=?-~]{1,256}$/
const RESERVED = /^xmlns:xml(?:ns)?$/
/** The parser reads `script` and `textarea` of it as HTML does. */
const XHTML = 'http://www.w3.org/1999/xhtml'

function checkAttribute({ name, prefix, namespaceURI, value }: XmlAttribute): void {
  if (!XMLNS.test(name)) {
    // The library's canonical form has no attribute whose name begins so.
    if (name.startsWith('xmlns')) refuse('namespace')
    if (prefix && !namespaceURI) refuse('namespace')
    return
  }
  const isUndeclaration = name === 'xmlns' && value === ''
  if (RESERVED.test(name) || value === XHTML || (!isUndeclaration && !NAMESPACE_NAME.test(value))) refuse('namespace')
}

function checkElement(element: XmlElement): void {
  if (element.prefix && !element.namespaceURI) refuse('namespace')
  for (const attribute of Array.from(element.attributes)) checkAttribute(attribute)
  for (const node of Array.from(element.childNodes)) if (!isElement(node) && !isText(node)) refuse('not_xml')
}

const elementsOf = (root: XmlElement): XmlElement[] => [root, ...childElements(root).flatMap(elementsOf)]

function parse(text: string): XmlElement {
  const fail = () => refuse('not_xml')
  const reader = new (parser.get().DOMParser)({ errorHandler: fail })
  try {
    return reader.parseFromString(text, 'text/xml').documentElement ?? fail()
  } catch {
    return fail()
  }
}

/** Rule 3: parsed once, elements and text only, every prefix declared, at most 32 deep. Of a text that passed rule 2. */
export function parseXml(text: string): Xml {
  checkTags(text)
  const root = parse(text)
  const elements = elementsOf(root)
  for (const element of elements) checkElement(element)
  return { text, root, elements }
}
