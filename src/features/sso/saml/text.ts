import { fromUtf8 } from '../../../lib/encoding.ts'
import { refuse } from './refusal.ts'

/** How much of a document is read. A digest is computed before the signature is known, so these bound what a stranger can cost. */
export interface TextLimits {
  readonly bytes: number
  readonly tags: number
  readonly attributes: number
}

export const MESSAGE_LIMITS: TextLimits = { bytes: 128 * 1024, tags: 2000, attributes: 3000 }

const BASE64 = /^[A-Za-z0-9+/]+={0,2}$/

/** Rule 1: base64 in its only form. */
export function decodeBase64(text: string, { bytes }: TextLimits): Uint8Array<ArrayBuffer> {
  if (text.length > Math.ceil(bytes / 3) * 4) refuse('too_large')
  if (!BASE64.test(text)) refuse('not_base64')
  try {
    return Uint8Array.fromBase64(text, { lastChunkHandling: 'strict' })
  } catch {
    return refuse('not_base64')
  }
}

/** Rule 1: UTF-8 that says so in no other encoding. */
export function decodeUtf8(bytes: Uint8Array, limits: TextLimits): string {
  if (bytes.length > limits.bytes) refuse('too_large')
  try {
    return fromUtf8(bytes)
  } catch {
    return refuse('not_utf8')
  }
}

const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*["']1\.0["'](?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*["'][Uu][Tt][Ff]-8["'])?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*["'](?:yes|no)["'])?[ \t\r\n]*\?>/
const MARKUP = /<[!?]|\]\]>/
const OTHER_REFERENCE = /&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)/
const CHARACTER_REFERENCE = /&#(?:x([0-9A-Fa-f]+)|([0-9]+));/g
/** Outside XML 1.0. Also two that the parser takes for line ends, as XML 1.1 does: what is signed has them, what is read would not. */
const OTHER_CHARACTER = /[^\t\n\r\u0020-\u0084\u0086-\u2027\u2029-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

const countOf = (text: string, sign: string): number => {
  let count = 0
  for (let at = text.indexOf(sign); at !== -1; at = text.indexOf(sign, at + 1)) count += 1
  return count
}

const isCharacter = (code: number): boolean => code <= 0x10ffff && !OTHER_CHARACTER.test(String.fromCodePoint(code))

/**
 * Rule 2, before any parser: elements, text and what stands for one character; nothing that a parser looks up, skips or reads in
 * another way than the next. Answers the text without its XML declaration.
 */
export function checkText(given: string, limits: TextLimits): string {
  const text = given.replace(DECLARATION, '')
  if (MARKUP.test(text)) refuse('markup_declaration')
  if (OTHER_REFERENCE.test(text)) refuse('entity')
  if (OTHER_CHARACTER.test(text)) refuse('character')
  for (const [, hex, decimal] of text.matchAll(CHARACTER_REFERENCE)) {
    if (!isCharacter(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16))) refuse('character')
  }
  if (countOf(text, '<') > limits.tags || countOf(text, '=') > limits.attributes) refuse('too_many_nodes')
  return text
}
