import { createHash } from 'node:crypto'
import type { Ctx } from '../context.ts'
import { forbidden } from '../lib/errors.ts'
import { Html, html } from '../lib/html.ts'
import { type ErrorRenderer, errorHeaders, statusOf } from './render-error.ts'

export interface Page {
  readonly title: string
  readonly body: Html
  readonly status?: number
  /** Further origins to which a form of the page may lead, also by redirects. */
  readonly formOrigins?: readonly string[]
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}
label,input,button,code{display:block;width:100%;box-sizing:border-box;margin:.5rem 0}
input,button{font:inherit;padding:.6rem}
code{overflow-wrap:anywhere;user-select:all;padding:.6rem;border:1px solid}`

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Allows no script and nothing from other origins; forms lead only to `formOrigins`. */
const policyOf = (formOrigins: readonly string[]): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    ["form-action 'self'", ...formOrigins].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/** The page's URL may hold a token: it is not cached, and not sent to other sites as a referrer. */
export function answerPage(
  { title, body, status = 200, formOrigins = [] }: Page,
  headers: Record<string, string> = {},
): Response {
  const { text } = html`<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>${title}</title>
    <style>${new Html(STYLE)}</style>
  </head>
  <body>
    <h1>${title}</h1>
    ${body}
  </body>
</html>
`
  return new Response(text, {
    status,
    headers: {
      ...headers,
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Security-Policy': policyOf(formOrigins),
      // Not `no-referrer`: browsers would send `Origin: null` with the page's own form (Fetch 3.2).
      'Referrer-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    },
  })
}

/** A failure as a page. */
export const renderErrorPage: ErrorRenderer = (_ctx, error) =>
  answerPage(
    { title: 'This did not work', status: statusOf(error), body: html`<p>${error.message}.</p>` },
    errorHeaders(error),
  )

/**
 * Throws FORBIDDEN for a form that was not sent by a page of ours. The form's token is a secret already; this check keeps
 * another site from signing its visitors in with a token of its own.
 */
export function requireOwnForm(ctx: Pick<Ctx, 'config'>, request: Request): void {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  const isOwn = origin === ctx.config.PUBLIC_URL && (site === null || site === 'same-origin')
  if (!isOwn) throw forbidden({}, { message: 'The form was sent by another site' })
}

/** The weight of exactly this type in `Accept` (RFC 9110 12.5.1). Wildcards are ignored: they express no preference. */
function weightOf(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (name !== type) continue
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    return weight === undefined ? 1 : Number(weight.slice(2)) || 0
  }
  return 0
}

/** True for browsers, which send `text/html`. */
export function prefersHtml(request: Request): boolean {
  const accept = request.headers.get('accept') ?? ''
  const weight = weightOf(accept, 'text/html')
  return weight > 0 && weight >= weightOf(accept, 'application/json')
}

/** True for programs that ask for JSON. */
export function prefersJson(request: Request): boolean {
  const accept = request.headers.get('accept') ?? ''
  return weightOf(accept, 'application/json') > weightOf(accept, 'text/html')
}
