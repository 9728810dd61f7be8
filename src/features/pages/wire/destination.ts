import * as z from 'zod'
import { MAX_RETURN } from '../rules/returns.ts'
import type { GivenDestination } from '../service/destination.ts'

/** What a page on the way to signing in carries in its query. */
export const DestinationQuery = z.object({
  return_to: z.string().min(1).max(MAX_RETURN).optional(),
  redirect_to: z.string().min(1).max(2048).optional(),
  state: z.string().max(512).optional(),
  code_challenge: z
    .string()
    .regex(/^[\w-]{43}$/, 'must be the S256 of a verifier')
    .optional(),
  // The language that was asked for.
  ui_locales: z.string().max(100).optional().catch(undefined),
  lang: z.string().max(100).optional().catch(undefined),
})

/** The query of the next page, with `?`, or nothing. `more` are the page's own. */
export function searchFor(given: GivenDestination, more: Readonly<Record<string, string>> = {}): string {
  const { return_to, redirect_to, state, code_challenge, ui_locales, lang } = given
  const carried = Object.entries({ return_to, redirect_to, state, code_challenge, ui_locales, lang })
  const search = new URLSearchParams(more)
  for (const [name, value] of carried) if (value !== undefined) search.set(name, value)
  const text = search.toString()
  return text === '' ? '' : `?${text}`
}

/** The same, for a page with several ways on. */
export const searchOf =
  (given: GivenDestination) =>
  (more?: Readonly<Record<string, string>>): string =>
    searchFor(given, more)
