import type { Ctx } from '../../context.ts'
import { publicRoute } from '../../http/guard.ts'
import { answerPage, prefersHtml, prefersJson, renderErrorPage, requireOwnForm } from '../../http/page.ts'
import { renderError } from '../../http/render-error.ts'
import { createRoutes } from '../../http/router.ts'
import { forbidden, serviceUnavailable } from '../../lib/errors.ts'
import { underMaintenance } from '../maintenance/service.ts'
import { codePage, confirmPage } from './pages.ts'
import {
  confirmMagicLink,
  getMagicLink,
  linkInvalid,
  redirectNotAllowed,
  resendMagicLink,
  sendMagicLink,
  signInWithMagicLink,
} from './service.ts'
import {
  SendBody,
  SentAnswer,
  SignInAnswer,
  sentToWire,
  signInToWire,
  toSend,
  toVerify,
  VerifyBody,
  VerifyQuery,
} from './wire.ts'

export const magicLinkRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'magic-links', renderError })
/** Where links in mails lead: a failure is a page too. */
export const magicLinkPages = createRoutes({ prefix: '', tag: 'pages', renderError: renderErrorPage })

const sendSpec = {
  summary: 'Mail a sign-in link; answered alike whether or not the address is known',
  guard: publicRoute,
  body: SendBody,
  answers: { 200: { description: 'A mail is sent if the address can sign in', schema: SentAnswer } },
  errors: [redirectNotAllowed, serviceUnavailable],
}

magicLinkRoutes.post(['/magic/send', '/magic-link'], sendSpec, async ({ ctx, body }) =>
  Response.json(sentToWire(await sendMagicLink(ctx, toSend(body)))),
)

magicLinkRoutes.post(
  '/magic-link/resend',
  { ...sendSpec, summary: 'Mail a sign-in link again; it leads back to where the last one did' },
  async ({ ctx, body }) => Response.json(sentToWire(await resendMagicLink(ctx, toSend(body)))),
)

magicLinkRoutes.post(
  '/magic-link/verify',
  {
    summary: "Sign in with a link's token, or with the code that its page gave",
    guard: publicRoute,
    body: VerifyBody,
    answers: { 200: { description: 'A session, or a challenge for the second factor', schema: SignInAnswer } },
    errors: [linkInvalid, underMaintenance, serviceUnavailable],
  },
  async ({ ctx, body }) => Response.json(signInToWire(await signInWithMagicLink(ctx, toVerify(body)))),
)

async function askFirst(ctx: Ctx, query: { token: string }): Promise<Response> {
  const { email, data } = await getMagicLink(ctx, query)
  return answerPage(confirmPage({ email, token: query.token, redirectUrl: data.redirectUrl }))
}

magicLinkRoutes.get(
  ['/magic/verify', '/magic-link/callback'],
  {
    summary: "Sign in with a link's token; a browser (`Accept: text/html`) gets a page that asks first",
    guard: publicRoute,
    query: VerifyQuery,
    answers: { 200: { description: 'A session, or a challenge for the second factor', schema: SignInAnswer } },
    errors: [linkInvalid, underMaintenance, serviceUnavailable],
  },
  // HEAD is a scanner's look at the link, never a use of it.
  async ({ ctx, query, request }) =>
    prefersHtml(request) || request.method === 'HEAD'
      ? askFirst(ctx, query)
      : Response.json(signInToWire(await signInWithMagicLink(ctx, toVerify(query)))),
)

magicLinkPages.get(
  '/magic-link',
  {
    summary: 'Asks before a link signs in; a program that asks for JSON gets the session',
    guard: publicRoute,
    query: VerifyQuery,
    invalidIs400: true,
    answers: { 200: { description: 'A page', contentType: 'text/html' } },
    errors: [linkInvalid, underMaintenance, serviceUnavailable],
    hidden: true,
  },
  async ({ ctx, query, request }) =>
    prefersJson(request) && request.method !== 'HEAD'
      ? Response.json(signInToWire(await signInWithMagicLink(ctx, toVerify(query))))
      : askFirst(ctx, query),
)

magicLinkPages.post(
  '/magic-link',
  {
    summary: 'Confirms a link: back to the application with a code, or the code on a page',
    guard: publicRoute,
    body: VerifyBody,
    encoding: 'form',
    invalidIs400: true,
    answers: {
      200: { description: 'A page', contentType: 'text/html' },
      303: { description: 'To the application, with `token`' },
    },
    errors: [forbidden, linkInvalid, redirectNotAllowed, serviceUnavailable],
    hidden: true,
  },
  async ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    const confirmed = await confirmMagicLink(ctx, body)
    if (confirmed.outcome === 'code') return answerPage(codePage(confirmed))
    return new Response(null, { status: 303, headers: { Location: confirmed.url, 'Referrer-Policy': 'no-referrer' } })
  },
)
