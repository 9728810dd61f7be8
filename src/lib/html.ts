const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeText = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '')

/** Escaped HTML. Only `html` creates it, so unescaped user input never becomes `Html`. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

/** What a template takes: text, which is escaped, HTML, a list of it, or nothing. */
export type HtmlValue = string | Html | readonly Html[] | null

function write(value: HtmlValue): string {
  if (value === null) return ''
  if (typeof value === 'string') return escapeText(value)
  return value instanceof Html ? value.text : value.map(({ text }) => text).join('')
}

/** A template tag that escapes its parameters for text and quoted attributes, except those that are `Html`. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlValue[]): Html {
  const written = values.map(write)
  return new Html(parts.map((part, index) => part + (written[index] ?? '')).join(''))
}

/** What all pages of an answer have in common: whose they are, and in which language. */
export interface Frame {
  readonly language: string
  readonly dir: 'ltr' | 'rtl'
  /** The deployment's name. */
  readonly app: string
  /** The application's address, if there is one. */
  readonly appUrl: string | null
}
