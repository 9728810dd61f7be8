import type { IntlMessageFormat } from 'intl-messageformat'

/** Why a message is refused, where in it (from 0), and which name or sign it is about. */
export interface Flaw {
  readonly reason:
    | 'syntax'
    | 'unknown_placeholder'
    | 'missing_placeholder'
    | 'placeholder_type'
    | 'too_deep'
    | 'too_many_forms'
    | 'control_character'
    | 'line_break'
    | 'address'
    | 'empty'
  readonly position: number
  readonly name: string
}

export const MAX_MESSAGE = 2000

/** Applications build objects of keys: these parts would change what all objects have. */
const OF_PROTOTYPES = /(?:^|\.)(?:__proto__|constructor|prototype)(?:\.|$)/

/** As a key of an application's own is written; ours have capitals, too. */
export const isOwnKey = (key: string): boolean => /^[a-z0-9_]+(?:\.[a-z0-9_]+)*$/.test(key) && !OF_PROTOTYPES.test(key)

const MAX_DEPTH = 5
/** Of all texts that a message can become, by its plurals and selections. */
const MAX_FORMS = 256

type Element = ReturnType<IntlMessageFormat['getAst']>[number]

// The types of elements, as the parser numbers them (icu-messageformat-parser, TYPE).
const LITERAL = 0
const ARGUMENT = 1
const NUMBER = 2
const SELECT = 5
const PLURAL = 6
const POUND = 7

/** Stands for a placeholder in a form: no message has it, private use is refused. */
const FILLED = '\ue000'

/** One text that a message can become, the placeholders in it, and those whose value it shows, or may say in a word. */
interface Form {
  readonly text: string
  readonly names: ReadonlySet<string>
  readonly shown: ReadonlySet<string>
  readonly worded: ReadonlySet<string>
}

const NONE: ReadonlySet<string> = new Set()

type Plural = Extract<Element, { type: typeof PLURAL }>

/** Languages have words for none, one and two. */
const WORDED = 2
/** Further on the forms of every language repeat. */
const COUNTED = 200

/** Whether a form of a plural is for no number beyond two: "one" is for 21 in Russian, and for 1 alone in English. */
function isWorded(form: string, { pluralType }: Pick<Plural, 'pluralType'>, locale: string): boolean {
  if (form.startsWith('=')) return Number(form.slice(1)) <= WORDED
  if (!['zero', 'one', 'two'].includes(form)) return false
  const rules = new Intl.PluralRules(locale, { type: pluralType ?? 'cardinal' })
  for (let number = WORDED + 1; number <= COUNTED; number += 1) if (rules.select(number) === form) return false
  return true
}

interface Placeholder {
  readonly name: string
  readonly type: number
  readonly isStyled: boolean
  readonly position: number
}

/** A message that parses, taken apart. */
export interface Message {
  readonly placeholders: readonly Placeholder[]
  readonly forms: readonly Form[]
}

class Refused extends Error {
  readonly flaw: Flaw
  constructor(flaw: Flaw) {
    super(flaw.reason)
    this.flaw = flaw
  }
}

const positionOf = ({ location }: Element): number => location?.start.offset ?? 0

const nameOf = (element: Element): string =>
  'value' in element && typeof element.value === 'string' ? element.value : ''

/** What a text is read in: its locale, how deep, and what `#` stands for. */
interface Within {
  readonly locale: string
  readonly depth: number
  readonly counted?: string
}

/** Every text of a list of elements. Throws `Refused` for more than `MAX_FORMS`, and below `MAX_DEPTH`. */
function formsOf(elements: readonly Element[], within: Within): Form[] {
  let forms: Form[] = [{ text: '', names: NONE, shown: NONE, worded: NONE }]
  for (const element of elements) {
    const next = formsOfElement(element, within)
    if (forms.length * next.length > MAX_FORMS)
      throw new Refused({ reason: 'too_many_forms', position: positionOf(element), name: nameOf(element) })
    forms = forms.flatMap((form) =>
      next.map(({ text, names, shown, worded }) => ({
        text: form.text + text,
        names: form.names.union(names),
        shown: form.shown.union(shown),
        worded: form.worded.union(worded),
      })),
    )
  }
  return forms
}

function formsOfElement(element: Element, within: Within): Form[] {
  const { locale, depth, counted } = within
  if (element.type === LITERAL) return [{ text: element.value, names: NONE, shown: NONE, worded: NONE }]
  if (element.type === POUND)
    return [{ text: FILLED, names: NONE, shown: counted === undefined ? NONE : new Set([counted]), worded: NONE }]
  if (element.type !== SELECT && element.type !== PLURAL) {
    const named = new Set([nameOf(element)])
    return [{ text: FILLED, names: named, shown: named, worded: NONE }]
  }
  if (depth === MAX_DEPTH)
    throw new Refused({ reason: 'too_deep', position: positionOf(element), name: nameOf(element) })
  const own = new Set([element.value])
  const inner = { ...within, depth: depth + 1, ...(element.type === PLURAL && { counted: element.value }) }
  return Object.entries(element.options).flatMap(([name, { value }]) => {
    const words = element.type === PLURAL && isWorded(name, element, locale) ? own : NONE
    return formsOf(value, inner).map((form) => ({
      ...form,
      names: form.names.union(own),
      worded: form.worded.union(words),
    }))
  })
}

const placeholdersOf = (elements: readonly Element[]): Placeholder[] =>
  elements.flatMap((element): Placeholder[] => {
    if (element.type === LITERAL || element.type === POUND) return []
    const own = {
      name: nameOf(element),
      type: element.type,
      // An offset says another number than the service does.
      isStyled: ('style' in element && element.style != null) || ('offset' in element && element.offset !== 0),
      position: positionOf(element),
    }
    const inner =
      'options' in element ? Object.values(element.options).flatMap(({ value }) => placeholdersOf(value)) : []
    return [own, ...inner]
  })

/** Throws `Refused` where the message does not parse, nests too deep or has too many forms. */
function takeApart(Format: typeof IntlMessageFormat, text: string, locale = 'en'): Message {
  const elements = parse(Format, text)
  return { placeholders: placeholdersOf(elements), forms: formsOf(elements, { locale, depth: 0 }) }
}

function parse(Format: typeof IntlMessageFormat, text: string): Element[] {
  try {
    return new Format(text, 'en', undefined, { ignoreTag: true, captureLocation: true }).getAst()
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause
    const { location } = cause as SyntaxError & { location?: { start: { offset: number }; end: { offset: number } } }
    const [start, end] = [location?.start.offset ?? 0, location?.end.offset ?? 0]
    throw new Refused({ reason: 'syntax', position: start, name: text.slice(start, Math.max(end, start + 1)) })
  }
}

/** Control, direction and other unseen characters, but for joiners, which scripts and emoji need, and line breaks. */
const UNSEEN = /(?!\n|\u200c|\u200d|\ufe0f)[\p{Default_Ignorable_Code_Point}\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Zl}\p{Zp}]/u

/** Mail programs make links of addresses, and of names of hosts alone. */
const ADDRESS = /:[/\\]|[/\\]{2}|www\.|@|\d{1,3}(?:\.\d{1,3}){3}|\S\.(?:[\p{L}\p{M}]{2,}|\ue000)/iu

/** The full stop of Chinese and Japanese, within what is no sentence of theirs. */
const WIDE_STOP = /(?<=[a-z0-9\ue000])\u3002(?=[a-z0-9\ue000])/giu

/** As a mail program may read it: full-width signs are signs, joiners are nothing. */
const readable = (text: string): string =>
  text
    .replaceAll('…', ' ')
    .normalize('NFKC')
    .replaceAll(/\u200c|\u200d|\ufe0f/g, '')
    .replaceAll(WIDE_STOP, '.')

function requireSigns(text: string, { isOneLine }: { isOneLine: boolean }): void {
  const unseen = UNSEEN.exec(text)
  if (unseen) {
    const code = unseen[0].codePointAt(0)?.toString(16).toUpperCase().padStart(4, '0')
    throw new Refused({ reason: 'control_character', position: unseen.index, name: `U+${code}` })
  }
  const lineBreak = text.indexOf('\n')
  if (isOneLine && lineBreak >= 0) throw new Refused({ reason: 'line_break', position: lineBreak, name: 'U+000A' })
}

function requireNoAddress({ forms }: Message, text: string): void {
  for (const form of forms) {
    const [found] = ADDRESS.exec(readable(form.text)) ?? []
    if (found === undefined) continue
    const name = found.replaceAll(FILLED, '{}')
    // An address may be made of several parts of the message: then it is nowhere as a whole.
    throw new Refused({ reason: 'address', position: Math.max(0, text.indexOf(found)), name })
  }
}

const COUNTS = new Set([NUMBER, PLURAL])

/** A text may stand as it is alone, a number may be counted, a choice may be chosen by: formatting never fails. */
function requireTypes(message: Message, original: Message): void {
  for (const { name, type, isStyled, position } of message.placeholders) {
    const types = original.placeholders.filter((placeholder) => placeholder.name === name).map((found) => found.type)
    const isCount = types.some((each) => COUNTS.has(each))
    const isAllowed = type === ARGUMENT || types.includes(type) || (isCount && COUNTS.has(type))
    if (!isAllowed || isStyled) throw new Refused({ reason: 'placeholder_type', position, name })
  }
}

const inEvery = ({ forms }: Message): ReadonlySet<string> =>
  forms.map(({ names }) => names).reduce((all, names) => all.intersection(names))

/** The placeholders of the original, and no others: in every form those that stand in every form of the original. */
function requirePlaceholders(message: Message, original: Message, text: string): void {
  const known = new Set(original.placeholders.map(({ name }) => name))
  const unknown = message.placeholders.find(({ name }) => !known.has(name))
  if (unknown) throw new Refused({ reason: 'unknown_placeholder', position: unknown.position, name: unknown.name })
  const [missing] = inEvery(original).difference(inEvery(message))
  if (missing !== undefined) throw new Refused({ reason: 'missing_placeholder', position: text.length, name: missing })
}

/** Of which every form shows the value, but for those of none, one and two, which may say a word. */
const saidIn = ({ forms }: Message): ReadonlySet<string> =>
  forms.map(({ shown, worded }) => shown.union(worded)).reduce((all, said) => all.intersection(said))

/** Whose value the original says, an override says. */
function requireShown(message: Message, original: Message, text: string): void {
  const [hidden] = saidIn(original).difference(saidIn(message))
  if (hidden !== undefined) throw new Refused({ reason: 'missing_placeholder', position: text.length, name: hidden })
}

const flawOf = (check: () => void): Flaw | null => {
  try {
    check()
    return null
  } catch (cause) {
    if (cause instanceof Refused) return cause.flaw
    throw cause
  }
}

/** What is wrong with a text that an application keeps; `original` is its key's default, null for the default itself. */
export const findFlaw = (Format: typeof IntlMessageFormat, text: string, original: string | null): Flaw | null =>
  flawOf(() => {
    requireSigns(text, { isOneLine: false })
    const message = takeApart(Format, text)
    requirePlaceholders(message, original === null ? message : takeApart(Format, original), text)
  })

/** What is wrong with an override of one of our texts in a locale, which stands in mails and on pages. `original`: the English text. */
export const findOverrideFlaw = (
  Format: typeof IntlMessageFormat,
  text: string,
  { original, locale }: { readonly original: string; readonly locale: string },
): Flaw | null =>
  flawOf(() => {
    requireSigns(text, { isOneLine: !original.includes('\n') })
    if (text.trim() === '') throw new Refused({ reason: 'empty', position: 0, name: '' })
    const message = takeApart(Format, text, locale)
    const takenApart = takeApart(Format, original)
    requirePlaceholders(message, takenApart, text)
    requireTypes(message, takenApart)
    requireNoAddress(message, text)
    const blank = message.forms.find((form) => readable(form.text).trim() === '')
    if (blank) throw new Refused({ reason: 'empty', position: 0, name: '' })
    requireShown(message, takenApart, text)
  })
