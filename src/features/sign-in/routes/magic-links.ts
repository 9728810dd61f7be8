import type { Ctx } from '../../../context.ts'
import { htmlPage, ok, response } from '../../../http/answers.ts'
import { anyone } from '../../../http/guard.ts'
import { answerPage, prefersHtml, prefersJson, requireOwnForm } from '../../../http/page.ts'
import { createRoutes } from '../../../http/router.ts'
import { forbidden, serviceUnavailable, ssoRequired } from '../../../lib/errors.ts'
import { underMaintenance } from '../../maintenance/service.ts'
import { linkInvalid, redirectNotAllowed } from '../errors.ts'
import {
  confirmMagicLink,
  getMagicLink,
  resendMagicLink,
  sendMagicLink,
  signInWithMagicLink,
} from '../service/magic-links.ts'
import { orBrokenLink } from '../wire/broken-link.ts'
import { SendBody, SentAnswer, sentToWire, toSend, toVerify, VerifyBody, VerifyQuery } from '../wire/magic-links.ts'
import { createPageRoutes } from '../wire/page-routes.ts'
import { goingOnPage, magicLinkCodePage, magicLinkPage } from '../wire/pages.tsx'
import { SignInAnswer, signInToWire } from '../wire/session.ts'

export const magicLinkRoutes = createRoutes({ prefix: '/api/v1/auth', tag: 'magic-links' })
/** Pages that links in mails lead to; failures are pages too. */
export const magicLinkPages = createPageRoutes()

const sendSpec = {
  summary: 'Mail a sign-in link',
  description: 'The answer is the same whether or not the address is known.',
  guard: anyone,
  body: SendBody,
  answer: ok(SentAnswer, 'A mail is sent if the address can sign in'),
  errors: [redirectNotAllowed, ssoRequired, serviceUnavailable],
}

magicLinkRoutes.post(
  '/magic/send',
  { ...sendSpec, id: 'sendMagicLink', aliases: [{ path: '/magic-link', id: 'mailMagicLink' }] },
  async ({ ctx, body }) => sentToWire(await sendMagicLink(ctx, toSend(body))),
)

magicLinkRoutes.post(
  '/magic-link/resend',
  {
    id: 'resendMagicLink',
    ...sendSpec,
    summary: 'Mail a sign-in link again, with the redirect of the last one unless another is given',
  },
  async ({ ctx, body }) => sentToWire(await resendMagicLink(ctx, toSend(body))),
)

magicLinkRoutes.post(
  '/magic-link/verify',
  {
    id: 'signInWithMagicLink',
    summary:
      "Sign in with a link's token, or with the code from its page and the `binding` of the answer that announced the mail",
    guard: anyone,
    body: VerifyBody,
    answer: ok(SignInAnswer, 'A session, or a challenge for the second factor'),
    errors: [linkInvalid, ssoRequired, underMaintenance, serviceUnavailable],
  },
  async ({ ctx, body }) => signInToWire(await signInWithMagicLink(ctx, toVerify(body))),
)

const linkOf = (token: string) => ({ purposes: ['magic_link'] as const, token })

const showMagicLink = async (ctx: Ctx, { token }: { token: string }): Promise<Response> =>
  answerPage(
    await orBrokenLink(ctx, linkOf(token), async (asked) =>
      magicLinkPage({ ...asked, email: (await getMagicLink(ctx, { token })).email }),
    ),
  )

magicLinkRoutes.get(
  '/magic/verify',
  {
    id: 'openMagicLink',
    aliases: [{ path: '/magic-link/callback', id: 'followMagicLink' }],
    summary: "Sign in with a link's token",
    description: 'A browser (`Accept: text/html`) gets a page that asks first.',
    guard: anyone,
    query: VerifyQuery,
    answer: response(200, 'A session, or a challenge for the second factor', { schema: SignInAnswer }),
    errors: [linkInvalid, ssoRequired, underMaintenance, serviceUnavailable],
  },
  // HEAD never redeems a link: mail scanners send it.
  async ({ ctx, query, request }) =>
    prefersHtml(request) || request.method === 'HEAD'
      ? showMagicLink(ctx, query)
      : Response.json(signInToWire(await signInWithMagicLink(ctx, toVerify(query)))),
)

magicLinkPages.get(
  '/magic-link',
  {
    id: 'askMagicLink',
    summary: 'Asks before a link signs in; with `Accept: application/json` it signs in',
    guard: anyone,
    query: VerifyQuery,
    answer: response(200, 'A page', { contentType: 'text/html' }),
    errors: [linkInvalid, ssoRequired, underMaintenance, serviceUnavailable],
    hidden: true,
  },
  async ({ ctx, query, request }) =>
    prefersJson(request) && request.method !== 'HEAD'
      ? Response.json(signInToWire(await signInWithMagicLink(ctx, toVerify(query))))
      : showMagicLink(ctx, query),
)

magicLinkPages.post(
  '/magic-link',
  {
    id: 'confirmMagicLink',
    summary: 'Confirms a link: leads to the application with `token`, or shows the code',
    guard: anyone,
    body: VerifyBody,
    encoding: 'form',
    answer: htmlPage,
    errors: [forbidden, linkInvalid, redirectNotAllowed, serviceUnavailable],
    hidden: true,
  },
  ({ ctx, body, request }) => {
    requireOwnForm(ctx, request)
    return orBrokenLink(ctx, linkOf(body.token), async ({ frame }) => {
      const confirmed = await confirmMagicLink(ctx, body)
      return confirmed.outcome === 'code' ? magicLinkCodePage(frame, confirmed) : goingOnPage(frame, confirmed.url)
    })
  },
)
