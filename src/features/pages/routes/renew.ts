import { createHash } from 'node:crypto'
import { response } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { answerPage } from '../../../http/page.ts'
import { searchOf } from '../../../http/request.ts'
import { serviceUnavailable } from '../../../lib/errors.ts'
import { frameOf } from '../../localization/service/texts.ts'
import { renewBrowserSession } from '../../sessions/service/browsers.ts'
import { redirectNotAllowed } from '../../sign-in/errors.ts'
import { createPageRoutes } from '../../sign-in/wire/page-routes.ts'
import { requireDestination } from '../service/destination.ts'
import { findBrowserSession, findReader, seeOther, withCookies } from '../wire/browser.ts'
import { cookieOf, sessionCookies, soleCookie } from '../wire/cookies.ts'
import { searchFor } from '../wire/destination.ts'
import { loopPage } from '../wire/sign-in.tsx'

export const renewPages = createPageRoutes()

const NAME = 'return_to='

/** The rest of the query, for nginx cannot encode; what is encoded is decoded. */
function returnToOf(request: Request): string | null {
  const search = searchOf(request.url)
  const at = search.search(/[?&]return_to=/)
  if (at < 0) return null
  const rest = search.slice(at + 1 + NAME.length)
  if (!/^(?:https?%3a|%2f)/i.test(rest)) return rest
  try {
    return decodeURIComponent(rest.split('&', 1)[0] ?? '')
  } catch {
    return null
  }
}

const LOOP_MS = 10_000
const CALLS = 3
const GUARD = 'renewed'

/** The calls for one address within ten seconds, this one counted, as the browser's cookie has them. */
function countCall(known: string | null, url: URL, now: number): { calls: number; value: string } {
  const of = createHash('sha256').update(url.href).digest('base64url').slice(0, 16)
  const [, name, calls, since] = /^([\w-]{16})\.(\d)\.(\d{1,15})$/.exec(known ?? '') ?? []
  const age = now - Number(since)
  const goesOn = name === of && age >= 0 && age < LOOP_MS
  const counted = goesOn ? Math.min(Number(calls) + 1, CALLS) : 1
  return { calls: counted, value: `${of}.${counted}.${goesOn ? since : now}` }
}

renewPages.get(
  '/sign-in/renew',
  {
    id: 'renewGatewayCookie',
    summary: 'Where a gateway sends a browser: renews its cookie and sends it back, or asks to sign in',
    guard: anyone,
    countsBy: findReader,
    answer: response(303, 'Back, or to the page that asks to sign in'),
    errors: [redirectNotAllowed, serviceUnavailable],
    hidden: true,
  },
  async ({ ctx, request }) => {
    const returnTo = returnToOf(request)
    const destination = requireDestination(ctx, { return_to: returnTo ?? '' })
    if (destination.to !== 'address' || returnTo === null) throw redirectNotAllowed({ field: 'return_to' })
    const browser = await findBrowserSession(ctx, request)
    if (!browser) return seeOther(`/sign-in${searchFor({ return_to: returnTo })}`)
    // A second cookie that somebody planted would send the browser round for ever.
    const { calls, value } = countCall(soleCookie(ctx.config, GUARD, request), destination.url, ctx.now())
    const guard = cookieOf(ctx.config, GUARD, value, LOOP_MS / 1000)
    if (calls >= CALLS) return withCookies(answerPage(loopPage(await frameOf(ctx, null), destination.url)), [guard])
    const opened = await renewBrowserSession(ctx, browser)
    // Of the cookies the pages' own stays as it is: a cookie before the present one is not exchanged for that.
    const [, ...renewed] = sessionCookies(ctx.config, opened)
    return withCookies(seeOther(destination.url.href), [...renewed, guard])
  },
)
