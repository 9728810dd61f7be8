const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

const escapeText = (text: string): string => text.replace(/[&<>"']/g, (sign) => ENTITIES[sign] ?? '')

/** Text that is HTML already. Only `html` makes it, so nothing that a person wrote becomes it unescaped. */
export class Html {
  constructor(readonly text: string) {}
}

/** A template whose parameters are escaped, in text and in quoted attributes; those that are Html stay. */
export function html(parts: TemplateStringsArray, ...values: readonly (string | Html)[]): Html {
  const written = values.map((value) => (value instanceof Html ? value.text : escapeText(value)))
  return new Html(parts.map((part, index) => part + (written[index] ?? '')).join(''))
}
