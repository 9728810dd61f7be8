import { createHash } from 'node:crypto'
import type { Ctx } from '../context.ts'
import { forbidden } from '../lib/errors.ts'
import { type Frame, Html, html } from '../lib/html.ts'

export interface Page {
  readonly frame: Frame
  readonly title: string
  readonly body: Html
  readonly status?: number
  /** The browser goes on to this address at once. Not a redirect: Chromium holds a form's whole chain of redirects to `form-action`. */
  readonly refreshTo?: string | undefined
  /** The body has a password with a button that shows it. */
  readonly hasPassword?: boolean
  /** For lists; text is read in narrow columns. */
  readonly isWide?: boolean
  /** Frames of the page have styles of their own: mails. */
  readonly hasFrames?: boolean
}

const STYLE = `:root{color-scheme:light dark;--ink:light-dark(#1b1c20,#ececf0);--soft:light-dark(#5a5c66,#b4b6c0);--line:light-dark(#767883,#8b8d98);
--paper:light-dark(#fff,#222329);--link:light-dark(#0b4fc0,#a8c7fa);--bad:light-dark(#a8071a,#ffb4ab);--bad-paper:light-dark(#fdecea,#3b1f1d)}
*,::before,::after{box-sizing:border-box}
[hidden]{display:none!important}
body{font:1rem/1.5 system-ui,sans-serif;margin:0;padding:1.5rem 1rem 3rem;background:light-dark(#f3f3f6,#17181c);color:var(--ink);overflow-wrap:anywhere}
header,main{max-width:28rem;margin:0 auto}
.wide header,.wide main{max-width:60rem}
header{padding:0 .25rem .75rem;font-weight:600}
main{background:var(--paper);border:1px solid light-dark(#d9dae0,#3a3b44);border-radius:.75rem;padding:1.25rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 1rem}
h2{font-size:1.1rem;line-height:1.3;margin:1.5rem 0 .5rem}
p{margin:0 0 1rem}
main>:last-child,form>:last-child{margin-bottom:0}
a{color:var(--link)}
label{display:block;font-weight:600;margin-bottom:.25rem}
input{display:block;width:100%;font:inherit;color:inherit;background:var(--paper);border:1px solid var(--line);border-radius:.5rem;padding:.6rem .75rem;margin-bottom:1rem}
input[readonly]{border-style:dashed;color:var(--soft)}
input[aria-invalid]{border-color:var(--bad);border-width:2px}
button,.button{display:block;width:100%;font:inherit;font-weight:600;text-align:center;text-decoration:none;padding:.65rem 1rem;margin-bottom:.75rem;border-radius:.5rem;
border:1px solid var(--ink);background:var(--ink);color:var(--paper);cursor:pointer}
button.second{background:transparent;color:var(--ink);border-color:var(--line)}
button.show{width:auto;margin-block:-.5rem 1rem;margin-inline:-.5rem 0;padding:.25rem .5rem;font-weight:400;border:0;background:transparent;color:var(--link);text-decoration:underline}
:focus-visible{outline:3px solid var(--link);outline-offset:2px}
.hint{margin:-.75rem 0 1rem;color:var(--soft);font-size:.9rem}
.problem{padding:.75rem 1rem;border-inline-start:4px solid var(--bad);border-radius:.25rem;background:var(--bad-paper)}
code{display:block;font:700 1.75rem/1.3 ui-monospace,monospace;letter-spacing:.08em;text-align:center;padding:.75rem;margin:0 0 1rem;border:1px dashed var(--line);border-radius:.5rem;user-select:all}
ul{padding-inline-start:1.25rem;margin:0 0 1rem}
li{margin-bottom:.4rem}
details{border-top:1px solid light-dark(#d9dae0,#3a3b44)}
summary{padding:.6rem .25rem;cursor:pointer}
summary span{color:var(--soft)}
iframe{display:block;width:100%;height:30rem;border:1px solid var(--line);border-radius:.5rem;background:#fff;color-scheme:light;margin:.5rem 0 1rem;resize:vertical}
pre{white-space:pre-wrap;margin:0 0 1rem}
.search{display:flex;flex-wrap:wrap;gap:.5rem;align-items:end;margin-bottom:1rem}
.search div{flex:1 1 14rem}.search input,.search button{margin:0}.search button{width:auto}`

/** The button is hidden until the script runs; a password leaves the form as one, so that it is remembered as one. */
const SHOW_PASSWORD = `for (const button of document.querySelectorAll('button.show')) {
  const field = document.getElementById(button.getAttribute('aria-controls'))
  const show = (isShown) => {
    field.type = isShown ? 'text' : 'password'
    button.setAttribute('aria-pressed', String(isShown))
  }
  button.addEventListener('click', () => show(field.type === 'password'))
  field.form.addEventListener('submit', () => show(false))
  button.hidden = false
}`

const hashSource = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

const STYLE_SOURCE = hashSource(STYLE)
const SCRIPT_SOURCE = hashSource(SHOW_PASSWORD)

/** Allows nothing from other origins, forms that lead to our own, and a script where there is a password to show. */
const policyOf = ({ hasPassword = false, hasFrames = false }: Page): string =>
  [
    "default-src 'none'",
    ...(hasPassword ? [`script-src ${SCRIPT_SOURCE}`] : []),
    // A frame's document inherits the policy. Beside a hash `unsafe-inline` would be ignored.
    `style-src ${hasFrames ? "'unsafe-inline'" : STYLE_SOURCE}`,
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')

const nameOf = ({ app, appUrl }: Frame): Html => (appUrl === null ? html`${app}` : html`<a href="${appUrl}">${app}</a>`)

/** The page's URL may hold a token: it is not cached, and not sent to other sites as a referrer. */
export function answerPage(page: Page, headers: Record<string, string> = {}): Response {
  const { frame, title, body, status = 200, refreshTo, hasPassword = false, isWide = false } = page
  const { text } = html`<!doctype html>
<html lang="${frame.language}" dir="${frame.dir}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="robots" content="noindex">
    <title>${title} · ${frame.app}</title>
    <style>${new Html(STYLE)}</style>
  </head>
  <body${isWide ? html` class="wide"` : null}>
    <header>${nameOf(frame)}</header>
    <main>
      <h1>${title}</h1>
      ${body}
    </main>${hasPassword ? html`\n    <script>${new Html(SHOW_PASSWORD)}</script>` : null}
  </body>
</html>
`
  return new Response(text, {
    status,
    headers: {
      ...headers,
      ...(refreshTo === undefined ? {} : { Refresh: `0; url=${refreshTo}` }),
      'Content-Type': 'text/html; charset=utf-8',
      'Content-Language': frame.language,
      Vary: 'Accept-Language',
      'Content-Security-Policy': policyOf(page),
      // Not `no-referrer`: browsers would send `Origin: null` with the page's own form (Fetch 3.2).
      'Referrer-Policy': 'same-origin',
      'Cache-Control': 'no-store',
    },
  })
}

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
