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

/** A template tag that escapes its parameters for text and quoted attributes, except those that are `Html`. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  const written = values.map((value) => (value instanceof Html ? value.text : escapeText(value)))
  return new Html(parts.map((part, index) => part + (written[index] ?? '')).join(''))
}
