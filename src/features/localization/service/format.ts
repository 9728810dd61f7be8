import type { IntlMessageFormat } from 'intl-messageformat'
import { type BoundedCache, createBoundedCache } from '../../../lib/bounded-cache.ts'
import { type Isolate, isolateSlot } from '../../../lib/isolate.ts'
import { late } from '../../../lib/late.ts'

export const library = late(() => import('intl-messageformat'))

/** What stands for placeholders: text, or a number that a plural counts. `T`: elements of a page. */
export type Values<T = never> = Readonly<Record<string, string | number | T>>

const MAX_COMPILED = 2000

const compiledOf = isolateSlot(
  'compiled messages',
  (): BoundedCache<IntlMessageFormat> => createBoundedCache(MAX_COMPILED),
)

function compile(ctx: { isolate: Isolate }, locale: string, message: string): IntlMessageFormat {
  const compiled = compiledOf(ctx)
  const key = `${locale}\n${message}`
  const known = compiled.get(key)
  if (known) return known
  // `ignoreTag`: a message is text, `<b>` in it stands for itself.
  const made = new (library.get().IntlMessageFormat)(message, locale, undefined, { ignoreTag: true })
  compiled.set(key, made)
  return made
}

/**
 * The message with its values, as pieces of text and elements. Throws where it does not parse, and where a value is missing;
 * `library` must be loaded.
 */
export function formatMessage<T extends object>(
  ctx: { isolate: Isolate },
  { locale, message }: { readonly locale: string; readonly message: string },
  values: Values<T>,
): (string | T)[] {
  // Neither a placeholder nor a quoted part.
  if (!/[{']/.test(message)) return [message]
  // Without a prototype: `{constructor}` is a placeholder like any other.
  const given = Object.assign(Object.create(null) as Record<string, string | number | T>, values)
  return compile(ctx, locale, message)
    .formatToParts<T>(given)
    .map(({ value }) => value as string | T)
}
