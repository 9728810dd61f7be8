import { createHash } from 'node:crypto'
import type { Ctx } from '../context.ts'
import { forbidden } from '../lib/errors.ts'
import { Html, html } from '../lib/html.ts'
import { type ErrorRenderer, errorHeaders, statusOf } from './render-error.ts'

export interface Page {
  readonly title: string
  readonly body: Html
  readonly status?: number
  /** Origins beside our own to which a form of the page may lead, by redirect too. */
  readonly formOrigins?: readonly string[]
}

const STYLE = `body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem}
label,input,button,code{display:block;width:100%;box-sizing:border-box;margin:.5rem 0}
input,button{font:inherit;padding:.6rem}
code{overflow-wrap:anywhere;user-select:all;padding:.6rem;border:1px solid}`

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64')

/** Nothing from elsewhere and no script at all; forms lead where the page says. */
const policyOf = (formOrigins: readonly string[]): string =>
  [
    "default-src 'none'",
    `style-src 'sha256-${STYLE_HASH}'`,
    ["form-action 'self'", ...formOrigins].join(' '),
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

/** A page of the service. Its address may hold a token: it is neither kept nor told to other sites. */
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

/** A failure, for people. */
export const renderErrorPage: ErrorRenderer = (_ctx, error) =>
  answerPage(
    { title: 'This did not work', status: statusOf(error), body: html`<p>${error.message}.</p>` },
    errorHeaders(error),
  )

/**
 * Throws FORBIDDEN for a form that another site's page sent, or that nothing says was ours. The token in the form is a
 * secret already; this stops a site from signing its visitor in with a token of its own.
 */
export function requireOwnForm(ctx: Pick<Ctx, 'config'>, request: Request): void {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  const isOwn = origin === ctx.config.PUBLIC_URL && (site === null || site === 'same-origin')
  if (!isOwn) throw forbidden({}, { message: 'The form was sent by another site' })
}

/** The weight that `Accept` gives to exactly this type; wildcards do not say what a client wants (RFC 9110 12.5.1). */
function weightOf(accept: string, type: string): number {
  for (const range of accept.toLowerCase().split(',')) {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim())
    if (name !== type) continue
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    return weight === undefined ? 1 : Number(weight.slice(2)) || 0
  }
  return 0
}

/** A browser, that shows what it gets, and not a program that reads it. */
export function prefersHtml(request: Request): boolean {
  const accept = request.headers.get('accept') ?? ''
  const weight = weightOf(accept, 'text/html')
  return weight > 0 && weight >= weightOf(accept, 'application/json')
}

/** A program that says so. */
export function prefersJson(request: Request): boolean {
  const accept = request.headers.get('accept') ?? ''
  return weightOf(accept, 'application/json') > weightOf(accept, 'text/html')
}
