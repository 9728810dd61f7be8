import type { Child } from 'hono/jsx'
import type { Config } from '../config.ts'
import type { Ctx } from '../context.ts'
import { forbidden } from '../lib/errors.ts'
import type { Frame } from '../lib/frame.ts'
import type { Asset } from './assets/assets.ts'
import { renderLayout } from './layout.tsx'

export interface Page {
  readonly frame: Frame
  readonly title: string
  readonly body: Child
  readonly status?: number
  /** The browser goes on to this address at once. Not a redirect: Chromium holds a form's whole chain of redirects to `form-action`. */
  readonly refreshTo?: string | undefined
  /** Script files of the page. */
  readonly scripts?: readonly Asset[]
  /** For lists; text is read in narrow columns. */
  readonly isWide?: boolean
  /** Frames of the page have styles of their own: mails. */
  readonly hasFrames?: boolean
}

/** Nothing is inline, and nothing comes from other origins but the deployment's logo. */
function policyOf({ frame, hasFrames = false }: Page): string {
  const { logoUrl } = frame.brand
  return [
    "default-src 'none'",
    // A frame's document inherits the policy.
    `script-src ${hasFrames ? "'none'" : "'self'"}`,
    `style-src 'self'${hasFrames ? " 'unsafe-inline'" : ''}`,
    `img-src 'self' data:${logoUrl === null ? '' : ` ${new URL(logoUrl).origin}`}`,
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')
}

/** The page's URL may hold a token: it is not cached, and not sent to other sites as a referrer. */
export function answerPage(page: Page, headers: Record<string, string> = {}): Response {
  const { frame, title, body, status = 200, refreshTo, scripts = [], isWide = false } = page
  return new Response(renderLayout({ frame, title, isWide, scripts, children: body }), {
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

/** Ours; and by its other name that of the local service at an address, where browsers have no passkeys. */
const isOwnOrigin = ({ MODE, PUBLIC_URL }: Config, origin: string | null): boolean =>
  origin === PUBLIC_URL || (MODE === 'local' && origin === PUBLIC_URL.replace('//127.0.0.1:', '//localhost:'))

/**
 * Throws FORBIDDEN for a form that was not sent by a page of ours. The form's token is a secret already; this check keeps
 * another site from signing its visitors in with a token of its own.
 */
export function requireOwnForm(ctx: Pick<Ctx, 'config'>, request: Request): void {
  const origin = request.headers.get('origin')
  const site = request.headers.get('sec-fetch-site')
  const isOwn = isOwnOrigin(ctx.config, origin) && (site === null || site === 'same-origin')
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
